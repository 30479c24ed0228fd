//! R-SL-04: what an operator wants of versions.

use super::moving::migrating;
use super::*;

#[test]
fn r_sl_04_what_an_operator_wants_of_a_service_holds_over_a_restart() {
    let (mut kit, old, new) = two_in(Durability::Strict, migrating());
    kit.shard
        .set_canary(kit.now, new, Share::OfTenThousand(2500))
        .unwrap();
    kit.shard.keep_desired(kit.now, &[new]);
    kit.run();
    kit.restart(secs(1));
    let versions = kit.shard.versions(new).unwrap();
    assert_eq!(versions.canary, Some((old, Share::OfTenThousand(2500))));
    replace(&mut kit, old, new);
    kit.shard.keep_desired(kit.now, &[old, new]);
    kit.run();
    kit.restart(secs(1));
    assert_eq!(
        (state(&kit, old), state(&kit, new)),
        (ServiceState::Inactive, ServiceState::Active)
    );
    assert_eq!(kit.shard.way_back(old), Ok((new, Some(old))));
    kit.shard.deactivate_services(kit.now, &[new]).unwrap();
    kit.shard.keep_desired(kit.now, &[new]);
    kit.run();
    kit.restart(secs(1));
    assert_eq!(state(&kit, new), ServiceState::Inactive);
}

#[test]
fn r_sl_04_a_configuration_that_changes_has_the_last_word() {
    let (mut kit, old, _) = two();
    kit.shard.deactivate_services(kit.now, &[old]).unwrap();
    kit.shard.keep_desired(kit.now, &[old]);
    kit.run();
    kit.restart(secs(1));
    assert_eq!(state(&kit, old), ServiceState::Inactive);
    kit.configure_active(0, false);
    kit.restart(secs(1));
    kit.run();
    kit.configure_active(0, true);
    kit.restart(secs(1));
    assert_eq!(state(&kit, old), ServiceState::Active);
}

/// It has all, as when that version leaves while the node runs.
#[test]
fn r_sl_04_a_canary_whose_lead_the_configuration_does_not_want_any_more_is_active() {
    let (mut kit, old, new) = two();
    kit.shard
        .set_canary(kit.now, new, Share::OfTenThousand(0))
        .unwrap();
    kit.shard.keep_desired(kit.now, &[new]);
    kit.run();
    kit.configure_active(0, false);
    kit.restart(secs(1));
    assert_eq!(state(&kit, old), ServiceState::Inactive);
    assert_eq!(share_of(&mut kit, 10), 10);
}

/// The configuration has one table again, under the name of the old version: it is the new one.
#[test]
fn r_sl_04_that_a_version_was_left_does_not_hold_for_the_version_that_has_its_name() {
    let (mut kit, old, new) = two_in(Durability::Strict, Spec::usual());
    let a = call(&mut kit, 1);
    kit.log();
    replace(&mut kit, old, new);
    kit.shard.keep_desired(kit.now, &[old, new]);
    kit.run();
    kit.keep_newest_as_first();
    kit.restart(secs(1));
    kit.log();
    assert_eq!(state(&kit, old), ServiceState::Active);
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["B: pong(1)"]);
}

#[test]
fn r_sl_04_a_move_goes_on_after_a_restart() {
    let (mut kit, old, new) = two_in(Durability::Strict, migrating());
    for n in 0..300 {
        call(&mut kit, n);
    }
    kit.log();
    replace(&mut kit, old, new);
    kit.shard.move_entities(kit.now, old, new).unwrap();
    kit.shard.keep_desired(kit.now, &[old, new]);
    kit.shard.run(kit.now, 1);
    kit.sync();
    let left = |kit: &Kit| kit.shard.entities().filter(|e| e.service == old).count();
    assert_eq!(left(&kit), 172);
    kit.restart(secs(1));
    kit.run();
    assert_eq!(left(&kit), 0);
    assert_eq!(state(&kit, old), ServiceState::Inactive);
    assert_eq!(kit.shard.counts().entities, 300);
}
