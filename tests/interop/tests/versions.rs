//! Versions of services in a node that has calls; `cargo xtask acceptance versions canary` has it in full size.

use std::path::Path;
use std::time::Duration;
use strowger_interop::runs::versions::{self, Canary, Replaced};
use strowger_interop::{Result, RunError};

fn run(run: impl FnOnce(&Path) -> Result<String>) -> Result {
    let dir = tempfile::tempdir().map_err(|e| RunError::Broken(e.to_string().into()))?;
    run(dir.path()).map(drop)
}

#[test]
fn versions_change_under_calls_and_timers_and_nothing_is_lost() -> Result {
    let size = Replaced {
        rate: 20,
        hold: Duration::from_secs(6),
        up: 100,
        pending: 50,
        passing: 20,
        gap: Duration::from_secs(2),
        spread: Duration::from_secs(4),
        late: Duration::from_secs(10),
        host: 135,
    };
    run(|dir| versions::replaced(size, dir))
}

/// Five standard deviations of 200 draws are 10.6 percentage points.
#[test]
fn a_canary_has_its_share_until_it_is_taken_back() -> Result {
    let size = Canary {
        calls: 200,
        rate: 40,
        percent: 10,
        within: 10.6,
        rounds: 5,
        host: 136,
    };
    run(|dir| versions::share(size, dir))
}

#[test]
fn a_binary_that_does_not_fit_names_the_field() -> Result {
    run(|dir| versions::unfit(137, dir))
}
