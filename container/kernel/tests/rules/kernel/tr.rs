//! R-TR where nobody takes the messages; a node takes them.

use crate::tr::{assign, kit};
use strowger::tracer::{Level, Tracer};
use strowger_kernel::ShardOutput;

#[test]
fn messages_that_nobody_takes_leave_room_for_alarms() {
    let mut kit = kit();
    assign(&mut kit, "adaptor", Level::Error);
    for _ in 0..6 {
        kit.ra(|cx| {
            for _ in 0..1_000 {
                cx.trace(
                    Tracer::OWN,
                    Level::Error,
                    format_args!("{}", "x".repeat(5_000)),
                );
            }
            cx.alarm("flood", true, "of messages");
        });
    }
    assert!(kit.shard.metrics().traces_lost >= 1_000);
    let (mut messages, mut alarms) = (0, 0);
    while let Some(output) = kit.shard.poll_output() {
        match output {
            ShardOutput::Trace(message) => {
                assert_eq!(message.text.len(), 4_096);
                messages += 1;
            }
            ShardOutput::Alarm { .. } => alarms += 1,
            _ => {}
        }
    }
    assert!(messages <= 5_000, "{messages}");
    assert_eq!(alarms, 6);
}
