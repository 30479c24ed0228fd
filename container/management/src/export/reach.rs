//! What both ways of sending have: settings that change while they run, an alarm for a collector that is not there, and waits.

use std::future::pending;
use std::time::Duration;
use strowger_config::Config;
use strowger_node::Manage;

/// The alarm of a collector that cannot be reached.
const UNREACHABLE: &str = "collector_unreachable";
/// The first wait before something is tried again, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Whether the collector can be reached, for the alarm that says so.
pub(super) struct Reach<'a> {
    pub(super) manage: &'a Manage,
    source: &'static str,
    fails: bool,
}

/// Sends with the settings in effect, and anew when they change.
pub(super) async fn with<T: PartialEq>(
    manage: &Manage,
    source: &'static str,
    settings: impl Fn(&Config) -> T,
    send: impl AsyncFn(&mut Reach<'_>, &T),
) {
    let mut config = manage.config();
    loop {
        let used = settings(&config.borrow_and_update());
        let changed = async {
            while config.changed().await.is_ok() {
                if settings(&config.borrow_and_update()) != used {
                    return;
                }
            }
            // Nobody changes anything any more: the node ends.
            pending().await
        };
        let mut reach = Reach {
            manage,
            source,
            fails: false,
        };
        tokio::select! {
            () = changed => {}
            () = send(&mut reach, &used) => pending().await,
        }
        reach.tell(None);
    }
}

impl Reach<'_> {
    /// What has become of an attempt.
    pub(super) fn tell(&mut self, problem: Option<&str>) {
        if problem.is_some() || self.fails {
            let text = problem.unwrap_or("recorded calls are sent again");
            self.manage
                .alarm(self.source, UNREACHABLE, problem.is_some(), text);
        }
        self.fails = problem.is_some();
    }
}

/// How long to wait after so many failures in a row.
pub(super) fn backoff(failures: u32) -> Duration {
    let (first, longest) = BACKOFF;
    let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(8));
    let mut random = [0];
    // Without randomness nodes only come back at the same moment.
    let _ = getrandom::fill(&mut random);
    // A fifth more or less.
    doubled.min(longest) * (205 + u32::from(random[0]) * 2 / 5) / 256
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound_and_differ() {
        for (failures, seconds) in [(1, 1.0), (2, 2.0), (4, 8.0), (6, 30.0), (1_000, 30.0)] {
            for _ in 0..50 {
                let wait = backoff(failures).as_secs_f64() / seconds;
                assert!((0.79..1.21).contains(&wait), "{failures}: {wait}");
            }
        }
    }
}
