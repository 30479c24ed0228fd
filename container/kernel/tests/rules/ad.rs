//! R-AD: addresses.

use crate::harness::{Kit, Ping, Spec};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use strowger::address::{Address, AddressError, AddressPlan, Presentation, Screening};
use strowger::event::FireOptions;
use strowger::initial::InitialDecl;
use strowger::postcard;
use strowger::ra::FireFlags;

fn number() -> Address {
    Address::e164("4930123456").unwrap()
}

/// The same, with everything that does not count.
fn detailed() -> Address {
    let number = number().with_presentation(Presentation::Restricted);
    let number = number.with_screening(Screening::Network);
    number.with_sub_address("17").with_name("Strowger")
}

#[test]
fn r_ad_01_a_text_is_never_empty_and_one_of_its_plan() {
    for plan in [AddressPlan::Uri, AddressPlan::E164, AddressPlan::Profile] {
        assert_eq!(Address::new(plan, ""), Err(AddressError::Empty));
    }
    let unfit = |plan| Err(AddressError::Unfit(plan));
    for uri in ["alice", ":alice", "1sip:alice", "sip:", "s p:alice", "ä:b"] {
        assert_eq!(Address::uri(uri), unfit(AddressPlan::Uri), "{uri}");
    }
    for digits in ["+4930", "49 30", "4930a", "1234567890123456", "٤٩"] {
        assert_eq!(Address::e164(digits), unfit(AddressPlan::E164), "{digits}");
    }
    for (table, profile) in [("", "alice"), ("a/b", "alice"), ("users", "")] {
        let refused = Address::profile(table, profile);
        assert_eq!(refused, unfit(AddressPlan::Profile), "{table} {profile}");
    }
    for uri in ["sip:alice@example.org", "tel:+49-30", "h323.a+b-1:x"] {
        assert_eq!(Address::uri(uri).unwrap().text(), uri);
    }
    let longest = Address::e164("123456789012345").unwrap();
    assert_eq!(
        (longest.plan(), longest.to_string().len()),
        (AddressPlan::E164, 15)
    );
    let alice = Address::profile("users", "alice/home").unwrap();
    assert_eq!(alice.as_profile(), Some(("users", "alice/home")));
    assert_eq!(longest.as_profile(), None);
}

#[test]
fn r_ad_01_equality_looks_at_plan_and_text() {
    let hash = RandomState::new();
    assert_eq!(number(), detailed());
    assert_eq!(hash.hash_one(number()), hash.hash_one(detailed()));
    assert_eq!(BTreeSet::from([number(), detailed()]).len(), 1);
    let uri = Address::uri("tel:4930123456").unwrap();
    assert!(uri != number() && uri < number());
    assert!(Address::e164("4930123457").unwrap() > detailed());
}

#[test]
fn r_ad_01_what_is_optional_goes_with_it() {
    let bytes = postcard::to_extend(&(detailed(), 7_u8), Vec::new()).unwrap();
    let (read, after): (Address, u8) = postcard::from_bytes(&bytes).unwrap();
    assert_eq!((&read, after), (&number(), 7));
    assert_eq!(read.presentation(), Some(Presentation::Restricted));
    assert_eq!(read.screening(), Some(Screening::Network));
    assert_eq!(read.sub_address(), Some("17"));
    assert_eq!(read.name(), Some("Strowger"));
    let number = number();
    assert_eq!((number.presentation(), number.screening()), (None, None));
    assert_eq!((number.sub_address(), number.name()), (None, None));
}

#[test]
fn r_ad_01_an_entity_is_selected_by_plan_and_text() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::new().initial::<Ping>(InitialDecl {
        by_activity: false,
        by_address: true,
        by_event_type: false,
        by_event: false,
        select: None,
    }));
    let activity = kit.start();
    let uri = Address::uri("tel:4930123456").unwrap();
    for address in [number(), detailed(), uri] {
        let options = FireOptions {
            address: Some(address),
            service: None,
        };
        kit.try_fire(activity, Ping(1), options, FireFlags::default())
            .unwrap();
    }
    kit.run();
    assert_eq!(kit.shard.counts().entities, 2);
}
