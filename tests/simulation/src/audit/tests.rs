//! Each check of what a shard holds can fail.

use strowger::prelude::*;
use strowger_sip::testkit::SipTestKit;
use strowger_testkit::TestKit;

use super::*;

/// A node that rings at somebody, with a call that it was given to answer.
fn holdings() -> Holdings {
    let settings = strowger_uas::Settings {
        ringing: secs(5),
        ..strowger_uas::Settings::default()
    };
    let kit = TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(strowger_uas::service(), settings);
    drop(
        kit.sip()
            .invite("sip:alice@a.example", "service")
            .expect(180),
    );
    kit.inspect(Holdings::of).unwrap()
}

/// What is said of holdings that somebody has spoilt.
fn spoilt(spoil: impl FnOnce(&mut Holdings)) -> String {
    let mut holdings = holdings();
    assert_eq!(holdings.check(), Ok(()));
    assert_eq!((holdings.timers.len(), holdings.entities.len()), (1, 1));
    spoil(&mut holdings);
    holdings.check().unwrap_err()
}

#[test]
fn an_attachment_with_one_end() {
    let found = spoilt(|h| h.activities.iter_mut().for_each(|a| a.attached.clear()));
    assert!(found.contains("is attached to"), "{found}");
    let found = spoilt(|h| h.entities[0].activities.clear());
    assert!(
        found.contains("attached, which does not know it"),
        "{found}"
    );
}

#[test]
fn a_family_with_one_end() {
    let found = spoilt(|h| {
        let own = h.entities[0].id;
        h.entities[0].children.push(own);
    });
    assert!(found.contains("has a child"), "{found}");
    let found = spoilt(|h| h.entities[0].parent = Some(h.entities[0].id));
    assert!(found.contains("has a parent"), "{found}");
}

#[test]
fn a_timer_that_is_an_orphan_or_there_twice() {
    let found = spoilt(|h| h.activities.iter_mut().for_each(|a| a.timers.clear()));
    assert!(found.contains("is an orphan"), "{found}");
    let found = spoilt(|h| h.timers.push(h.timers[0].clone()));
    assert!(found.contains("is there twice"), "{found}");
    let found = spoilt(|h| h.timers.clear());
    assert!(
        found.contains("activities know 1 timers, there are 0"),
        "{found}"
    );
}

#[test]
fn a_name_that_is_an_orphan() {
    let found = spoilt(|h| h.names.push(("name".to_owned(), h.activities[0].id)));
    assert!(found.contains("the name `name` is an orphan"), "{found}");
}

#[test]
fn an_entity_or_a_null_activity_that_is_an_orphan() {
    let found = spoilt(|h| {
        h.activities.iter_mut().for_each(|a| a.attached.clear());
        h.entities[0].activities.clear();
    });
    assert!(found.contains("it is attached to nothing"), "{found}");
    let found = spoilt(|h| h.activities[0].kind = NullActivity::TYPE);
    assert!(found.contains("nobody is attached"), "{found}");
}

#[test]
fn something_that_waits_although_it_could_go_on() {
    let found = spoilt(|h| h.counts.events += 1);
    assert!(found.contains("1 events wait"), "{found}");
    let found = spoilt(|h| h.activities[0].ending = true);
    assert!(found.contains("is still ending"), "{found}");
}

#[test]
fn counters_that_are_wrong() {
    let found = spoilt(|h| h.counts.entities += 1);
    assert!(
        found.contains("2 entities are counted, 1 are there"),
        "{found}"
    );
    let found = spoilt(|h| h.metrics.deliveries += 10);
    assert!(found.contains("deliveries"), "{found}");
    let (mut lost, before) = (holdings(), holdings().balance());
    lost.metrics.activities_started += 1;
    assert_ne!(lost.balance(), before);
}
