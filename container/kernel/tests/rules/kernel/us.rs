//! R-US with thresholds of the configuration, which a node's has not.

use crate::harness::{Kit, Spec};
use crate::us::{CLEARED, Calls, RAISED, busy, pass, script, watch, window};
use std::time::Duration;
use strowger::time::secs;
use strowger_kernel::Durability;

#[test]
fn an_alarm_of_before_a_restart_is_cleared_after_it() {
    let mut kit = Kit::new();
    let spec = Spec::usual().counts::<Calls>(&[]);
    let service = kit.service_in::<0>(spec, Durability::Strict);
    script(&mut kit);
    watch(&mut kit, service, busy());
    kit.options_of(0).usage.thresholds.push(busy());
    assert_eq!(window(&mut kit, 11), [RAISED]);
    kit.sync();
    let before = std::mem::take(&mut kit.options_of(0).usage);
    kit.restart(secs(1));
    assert_eq!(
        pass(&mut kit, Duration::ZERO),
        [RAISED, CLEARED],
        "it has no threshold"
    );
    kit.sync();

    kit.options_of(0).usage = before;
    kit.restart(secs(1));
    script(&mut kit);
    assert_eq!(window(&mut kit, 11), [RAISED]);
    kit.sync();
    kit.restart(secs(1));
    assert_eq!(pass(&mut kit, Duration::ZERO), [RAISED], "it stands");
    assert_eq!(pass(&mut kit, secs(10)), [CLEARED]);
}
