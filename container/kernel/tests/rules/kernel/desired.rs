//! R-SL-04 between a commit and its durability, which a test of a node does not see.

use crate::versions::two;

/// Whoever has asked for it hears of it then.
#[test]
fn r_sl_04_it_is_known_when_what_an_operator_wants_is_durable() {
    let (mut kit, old, _) = two();
    kit.shard.deactivate_services(kit.now, &[old]).unwrap();
    kit.shard.keep_desired(kit.now, &[old]);
    assert!(kit.shard.last_strict() > kit.durable_seq());
    kit.sync();
    assert_eq!(kit.shard.last_strict(), kit.durable_seq());
}
