//! One version of a service takes the place of another in a test kit.

use super::toy::{self, Counter, v2};
use super::{NOW, Peer, put_together};
use strowger::prelude::*;
use strowger_testkit::{ManageError, ServiceState, Share, TestKit};

const ALL: Share = Share::OfTenThousand(10_000);

/// With a version beside it that counts in steps: of ten after a migration, of none in its own sessions.
fn with_a_later_one() -> TestKit {
    let later = ServiceDef::of::<v2::Counter>().version("2.0");
    put_together(TestKit::strict()).version(later)
}

fn answer(kit: &TestKit, name: &str) -> Option<String> {
    Peer::of(kit, name).say("a").hears(NOW)
}

#[test]
fn what_there_is_stays_with_its_version() {
    let mut kit = with_a_later_one();
    assert_eq!(answer(&kit, "p").as_deref(), Some("1"));
    assert_eq!(kit.replace("counter", "counter@2.0"), Ok(()));
    assert_eq!(answer(&kit, "p").as_deref(), Some("2"));
    assert_eq!(answer(&kit, "q").as_deref(), Some("0"));
    assert_eq!(kit.service_state("counter"), Some(ServiceState::Stopping));
    let entities = ["counter", "counter@2.0"].map(|name| kit.entities(name));
    assert_eq!(entities, [1, 1]);
    kit.crash_and_restart();
    assert_eq!(answer(&kit, "r").as_deref(), Some("0"));
    assert_eq!(kit.roll_back("counter"), Ok(()));
    assert_eq!(answer(&kit, "s").as_deref(), Some("1"));
    assert_eq!(answer(&kit, "p").as_deref(), Some("3"));
}

#[test]
fn what_there_is_moves_if_there_is_a_migration() {
    let mut kit = with_a_later_one();
    assert_eq!(answer(&kit, "p").as_deref(), Some("1"));
    let moved = kit.replace_and_migrate("counter", "counter@2.0");
    assert_eq!(moved, Ok(()));
    assert_eq!(kit.service_state("counter"), Some(ServiceState::Inactive));
    assert_eq!(answer(&kit, "p").as_deref(), Some("11"));
    let refused = kit.roll_back_and_migrate("counter");
    assert!(
        matches!(&refused, Err(ManageError::Schema { change, .. }) if change == "field `count` is gone"),
        "{refused:?}"
    );
    assert_eq!(answer(&kit, "q").as_deref(), Some("0"), "nothing changed");
}

#[test]
fn a_canary_has_its_share_until_it_is_taken_back() {
    let mut kit = with_a_later_one();
    assert_eq!(kit.roll_back("counter"), Err(ManageError::NoVersion));
    assert_eq!(kit.canary("counter@2.0", ALL), Ok(()));
    assert_eq!(answer(&kit, "p").as_deref(), Some("0"));
    assert_eq!(kit.canary("counter@2.0", Share::OfTenThousand(0)), Ok(()));
    assert_eq!(answer(&kit, "q").as_deref(), Some("1"));
    assert_eq!(kit.canary("counter@2.0", ALL), Ok(()));
    kit.crash_and_restart();
    assert_eq!(answer(&kit, "r").as_deref(), Some("0"));
    assert_eq!(kit.roll_back("counter"), Ok(()));
    assert_eq!(answer(&kit, "s").as_deref(), Some("1"));
    assert_eq!(answer(&kit, "p").as_deref(), Some("0"));
    assert_eq!(kit.states::<Counter>().len(), 2);
}

#[test]
#[should_panic(expected = "there is no service `nobody`")]
fn a_name_that_there_is_not_ends_the_test() {
    let mut kit = put_together(TestKit::strict()).version(toy::service().version("2.0"));
    drop(kit.replace("counter", "nobody"));
}
