//! Records of calls, with a node that is killed while they are written.

use strowger_interop::runs::records;
use strowger_interop::{Result, RunError};

#[test]
#[expect(clippy::print_stdout, reason = "the counts are the result")]
fn each_call_that_ended_has_one_record_over_kills() -> Result {
    let dir = tempfile::tempdir().map_err(|e| RunError::Broken(e.to_string().into()))?;
    let told = records::killed(5, 40, 0x5717_0a6e, 75, dir.path())?;
    println!("{told}");
    Ok(())
}
