//! R-RE, R-LK, R-SV, while the shard runs: adaptor entities that are made, made anew with other settings, and removed; links that
//! lead elsewhere.

use crate::harness::{Kit, Ping, Protocol, Spec};
use std::any::Any;
use std::sync::Arc;
use strowger::id::{RaIx, Slot};
use strowger::param::LinkDecl;
use strowger::ra::{ActivityFlags, AdaptorDef};
use strowger::service::NoSettings;
use strowger_kernel::{AdaptorState, Durability, InstallError, ManageError, ReplaceError};

fn def() -> AdaptorDef {
    AdaptorDef::of::<Protocol>()
}

fn settings() -> Arc<dyn Any + Send + Sync> {
    Arc::new(NoSettings {})
}

/// One more entity of the toy's type.
fn second(kit: &mut Kit) -> RaIx {
    kit.shard
        .install_adaptor("second", &def(), &settings())
        .unwrap()
}

/// A service that needs the toy adaptor under a link name.
fn linked(name: &'static str) -> Spec {
    let ra_type = strowger::id::Component {
        name: "toy",
        vendor: "test",
        version: "1",
    };
    Spec {
        links: vec![LinkDecl {
            name,
            ra_type,
            optional: false,
        }],
        ..Spec::usual()
    }
}

#[test]
fn r_re_01_an_entity_made_while_the_slee_runs_works_as_the_others_do() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let first = kit.ra;
    kit.log();
    kit.ra = second(&mut kit);
    assert_eq!(kit.log(), ["ra: restored"]);
    assert_eq!(kit.shard.adaptor("second"), Some(kit.ra));
    assert_eq!(
        kit.shard.adaptor_state(kit.ra),
        Some(AdaptorState::Inactive)
    );
    assert!(
        kit.ra(|cx| cx.start_activity::<crate::harness::Conn>(
            Slot(0),
            ActivityFlags::default(),
            0
        ))
        .is_err()
    );
    kit.shard.activate_adaptor(kit.now, kit.ra).unwrap();
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.counts().entities, 1);
    assert_eq!(kit.shard.adaptor_tally(first).unwrap().activities, 0);
}

#[test]
fn r_re_01_only_an_inactive_entity_is_removed() {
    let mut kit = Kit::new();
    let (now, first) = (kit.now, kit.ra);
    kit.ra = second(&mut kit);
    let ra = kit.ra;
    kit.shard.activate_adaptor(now, ra).unwrap();
    let a = kit.start();
    assert_eq!(
        kit.shard.remove_adaptor(ra),
        Err(ManageError::Activities(1))
    );
    assert_eq!(
        kit.shard.retire_adaptor(now, ra),
        Err(ManageError::Activities(1))
    );
    kit.end(a);
    kit.log();
    assert_eq!(kit.shard.remove_adaptor(ra), Err(ManageError::InvalidState));
    assert_eq!(kit.shard.retire_adaptor(now, ra), Ok(true));
    assert_eq!(kit.log(), ["ra: stopping", "ra: inactive"]);
    assert_eq!(kit.shard.retire_adaptor(now, ra), Ok(false));
    kit.shard.remove_adaptor(ra).unwrap();
    assert_eq!(
        (kit.shard.adaptor("second"), kit.shard.adaptor_state(ra)),
        (None, None)
    );
    assert_eq!(kit.shard.remove_adaptor(ra), Err(ManageError::Unknown));
    assert_eq!(
        kit.shard.activate_adaptor(now, ra),
        Err(ManageError::Unknown)
    );
    assert_eq!(kit.shard.bind_link("l", ra), Err(ManageError::Unknown));
    // Its name is free again; its number is not.
    let third = second(&mut kit);
    assert!(third != ra && third != first);
}

#[test]
fn r_re_01_as_many_are_made_as_there_are_numbers_and_those_that_are_gone_are_nowhere() {
    let mut kit = Kit::new();
    // All but the last number.
    for _ in 0..u16::MAX - 1 {
        let ra = second(&mut kit);
        kit.shard.remove_adaptor(ra).unwrap();
    }
    kit.log();
    let last = second(&mut kit);
    assert_eq!(last.0, u16::MAX);
    assert_eq!(kit.shard.adaptor("second"), Some(last));
    kit.shard.activate_adaptor(kit.now, last).unwrap();
    assert_eq!(kit.log(), ["ra: restored", "ra: active"]);
    assert_eq!(kit.shard.retire_adaptor(kit.now, last), Ok(true));
    let anew = kit.shard.replace_adaptor(last, &def(), &settings());
    let too_many = InstallError::TooMany("adaptors");
    assert_eq!(anew, Err(ReplaceError::New(too_many.clone())));
    // It is there as it was.
    assert_eq!(kit.shard.adaptor("second"), Some(last));
    kit.shard.remove_adaptor(last).unwrap();
    let one_more = kit.shard.install_adaptor("second", &def(), &settings());
    assert_eq!(one_more, Err(too_many));
    let counted: Vec<RaIx> = kit.shard.counters().map(|(ra, ..)| ra).collect();
    assert!(counted.iter().all(|ra| *ra == kit.ra), "{counted:?}");
}

#[test]
fn r_re_01_an_entity_that_a_link_leads_to_or_a_service_uses_is_not_removed() {
    let mut kit = Kit::new();
    let ra = second(&mut kit);
    kit.shard.bind_link("line", ra).unwrap();
    let links = ["line".to_owned()];
    assert_eq!(
        kit.shard.remove_adaptor(ra),
        Err(ManageError::Bound("line".into()))
    );
    assert_eq!(kit.shard.may_remove(ra, &links), Ok(()));
    let service = kit.service::<0>(linked("line"));
    assert_eq!(
        kit.shard.may_remove(ra, &links),
        Err(ManageError::Used("toy-0".into()))
    );
    kit.shard.deactivate_services(kit.now, &[service]).unwrap();
    kit.run();
    assert_eq!(kit.shard.may_remove(ra, &links), Ok(()));
    kit.shard.unbind_link("line").unwrap();
    kit.shard.remove_adaptor(ra).unwrap();
    let activated = kit.shard.activate_services(kit.now, &[service]);
    assert_eq!(activated, Err(ManageError::Link("line".into())));
}

#[test]
fn r_re_01_an_entity_with_records_of_its_own_is_not_removed_before_it_has_done_with_them() {
    let mut kit = Kit::new();
    let (now, ra) = (kit.now, kit.ra);
    kit.shard.unbind_link("toy").unwrap();
    kit.ra(|cx| {
        cx.keep_strict(Slot(7), b"k", b"one");
        cx.keep_strict(Slot(7), b"k", b"two");
        cx.keep_strict(Slot(8), b"k", b"other");
    });
    kit.run();
    assert_eq!(
        kit.shard.retire_adaptor(now, ra),
        Err(ManageError::Records(2))
    );
    kit.restart(std::time::Duration::ZERO);
    let ra = kit.ra;
    kit.shard.unbind_link("toy").unwrap();
    assert_eq!(kit.shard.may_remove(ra, &[]), Err(ManageError::Records(2)));
    kit.ra(|cx| {
        cx.discard(Slot(7), b"k");
        cx.discard(Slot(8), b"k");
    });
    kit.run();
    kit.shard.retire_adaptor(now, ra).unwrap();
    kit.shard.remove_adaptor(ra).unwrap();
}

#[test]
fn r_re_03_settings_of_an_inactive_entity_are_verified_and_it_is_made_anew_with_them() {
    let mut kit = Kit::new();
    let (now, old) = (kit.now, kit.ra);
    let service = kit.service::<0>(linked("toy"));
    let refused = kit.shard.replace_adaptor(old, &def(), &settings());
    assert_eq!(refused, Err(ReplaceError::State(ManageError::InvalidState)));
    kit.shard.retire_adaptor(now, old).unwrap();
    let wrong: Arc<dyn Any + Send + Sync> = Arc::new(5_u8);
    let refused = kit.shard.replace_adaptor(old, &def(), &wrong);
    assert_eq!(
        refused,
        Err(ReplaceError::New(InstallError::WrongSettings("toy".into())))
    );
    let inputs = kit.shard.adaptor_tally(old).unwrap().inputs;
    let new = kit.shard.replace_adaptor(old, &def(), &settings()).unwrap();
    assert_eq!(
        (kit.shard.adaptor("toy"), kit.shard.adaptor_state(old)),
        (Some(new), None)
    );
    assert_eq!(kit.shard.adaptor_state(new), Some(AdaptorState::Inactive));
    assert_eq!(
        kit.shard.adaptor_tally(new).unwrap().inputs,
        inputs,
        "what was counted goes on"
    );
    // The links lead to the new one, also those of a service that goes on.
    assert_eq!(kit.shard.links().collect::<Vec<_>>(), [("toy", new)]);
    assert_eq!(
        kit.shard.links_of(service).collect::<Vec<_>>(),
        [("toy", new)]
    );
    kit.shard.activate_adaptor(now, new).unwrap();
    kit.ra = new;
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.counts().entities, 1);
    assert_eq!(kit.shard.may_retire(new), Err(ManageError::Activities(1)));
}

#[test]
fn r_re_03_what_was_on_its_way_to_the_old_object_does_not_reach_the_new_one() {
    let mut kit = Kit::new();
    let (now, old) = (kit.now, kit.ra);
    kit.shard.retire_adaptor(now, old).unwrap();
    let new = kit.shard.replace_adaptor(old, &def(), &settings()).unwrap();
    kit.log();
    let before = kit.shard.adaptor_tally(new).unwrap().inputs;
    let conn = strowger::ra::ConnId(1);
    kit.within(move |shard, now| {
        shard.input(now, old, strowger_kernel::NetInput::Closed { conn });
    });
    kit.run();
    assert_eq!(kit.shard.adaptor_tally(new).unwrap().inputs, before);
}

#[test]
fn r_re_02_a_taken_name_is_known_before_anything_is_made() {
    let mut kit = Kit::new();
    assert!(!kit.shard.may_install("toy") && !kit.shard.may_install(""));
    assert!(kit.shard.may_install("second"));
    second(&mut kit);
    assert!(!kit.shard.may_install("second"));
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
}

#[test]
fn r_sv_02_an_inactive_service_is_given_other_links() {
    let mut kit = Kit::new();
    let (now, first) = (kit.now, kit.ra);
    let second = second(&mut kit);
    let service = kit.service::<0>(linked("toy"));
    let links = vec![("toy".to_owned(), "second".to_owned())];
    let refused = kit.shard.relink_service(service, links.clone());
    assert_eq!(refused, Err(ManageError::InvalidState));
    assert_eq!(
        kit.shard.links_of(service).collect::<Vec<_>>(),
        [("toy", first)]
    );
    kit.shard.deactivate_services(now, &[service]).unwrap();
    kit.run();
    kit.shard.relink_service(service, links).unwrap();
    kit.shard.activate_services(now, &[service]).unwrap();
    assert_eq!(
        kit.shard.links_of(service).collect::<Vec<_>>(),
        [("toy", second)]
    );
    assert_eq!(
        kit.shard.may_remove(second, &[]),
        Err(ManageError::Used("toy-0".into()))
    );
}

#[test]
fn r_lk_01_a_link_is_asked_about_before_it_is_unbound() {
    let mut kit = Kit::new();
    assert_eq!(kit.shard.may_unbind("none"), Err(ManageError::Unknown));
    assert_eq!(kit.shard.may_unbind("toy"), Ok(()));
    kit.service::<0>(linked("toy"));
    let used = Err(ManageError::LinkInUse("toy".into()));
    assert_eq!(kit.shard.may_unbind("toy"), used);
}
