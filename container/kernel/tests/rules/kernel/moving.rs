//! R-SV-08 with versions in another order than that of their names, in which a node has them.

use crate::harness::{Pong, Spec};
use crate::versions::moving::{counting, migrating};
use crate::versions::{call, two_in};
use strowger::time::secs;
use strowger_kernel::Durability;

#[test]
fn r_sv_08_entities_of_a_version_that_is_gone_are_taken_over_by_the_newest() {
    let (mut kit, _, _) = two_in(Durability::Strict, migrating());
    kit.version::<2>("10", Spec::usual(), Durability::Strict);
    counting(&mut kit);
    let a = call(&mut kit, 1);
    kit.run();
    kit.drop_service(0);
    kit.configure_active(1, true);
    kit.restart(secs(1));
    kit.log();
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["C: pong(1)"]);
    // Written as what they are from here on.
    kit.drop_service(0);
    kit.restart(secs(1));
    kit.log();
    kit.fire(a, Pong(2));
    assert_eq!(kit.log(), ["C: pong(2)"]);
}
