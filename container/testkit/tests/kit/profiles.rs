//! Profile tables of a test kit.

use crate::toy;
use strowger::prelude::*;
use strowger_testkit::TestKit;

#[derive(Clone, Debug, PartialEq, Profile)]
struct Subscriber {
    #[profile(unique)]
    number: String,
    zone: u32,
}

fn subscriber(number: &str) -> Subscriber {
    Subscriber {
        number: number.to_owned(),
        ..Subscriber::default()
    }
}

fn kit() -> TestKit {
    TestKit::strict()
        .adaptor(toy::adaptor())
        .service(toy::service())
        .table(
            "users",
            [("alice", subscriber("1")), ("bob", subscriber("2"))],
        )
}

#[test]
fn profiles_are_provisioned_once_and_found_again_after_a_crash() {
    let mut kit = kit();
    assert_eq!(
        kit.profile::<Subscriber>("users", "bob").unwrap().number,
        "2"
    );
    kit.put_profile("users", "bob", subscriber("3"));
    kit.remove_profile("users", "alice");
    kit.crash_and_restart();
    assert_eq!(
        kit.profile::<Subscriber>("users", "bob").unwrap().number,
        "3"
    );
    assert!(kit.profile::<Subscriber>("users", "alice").is_none());
}

#[test]
#[should_panic(expected = "another profile has the same `number`")]
fn a_write_that_is_refused_ends_the_test() {
    kit().put_profile("users", "carol", subscriber("2"));
}
