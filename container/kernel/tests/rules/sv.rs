//! R-SV, R-SL, R-RE, R-RO, R-RP, R-LK: services, adaptor entities, links.

use crate::harness::{Call, Kit, Ping, Pong, Spec, Toy, Wide, say};
use strowger::OpError;
use strowger::activity::Handle;
use strowger::event::ServiceStarted;
use strowger::id::{ActivityId, Slot};
use strowger::ra::{ActivityFlags, NewWork};
use strowger::sbb::Sbb;
use strowger::time::secs;
use strowger_kernel::{AdaptorState, Durability, ManageError, ServiceState, SleeState};

#[test]
fn r_sv_01_states_all_or_none() {
    let mut kit = Kit::new();
    let a = kit.install::<0>(Spec::usual(), Durability::None);
    let b = kit.service::<1>(Spec::usual());
    let now = kit.now;
    assert_eq!(
        kit.shard.activate_services(now, &[]),
        Err(ManageError::InvalidArgument)
    );
    assert_eq!(
        kit.shard.activate_services(now, &[a, a]),
        Err(ManageError::InvalidArgument)
    );
    assert_eq!(
        kit.shard.activate_services(now, &[a, b]),
        Err(ManageError::InvalidState)
    );
    assert_eq!(kit.shard.service_state(a), Some(ServiceState::Inactive));
    kit.shard.replace_services(now, &[b], &[a]).unwrap();
    kit.run();
    assert_eq!(kit.shard.service_state(a), Some(ServiceState::Active));
    assert_eq!(kit.shard.service_state(b), Some(ServiceState::Inactive));
}

#[test]
fn r_sv_02_an_optional_link_may_be_absent_but_not_of_another_type() {
    use strowger::param::LinkDecl;
    let mut kit = Kit::new();
    let of = |name| strowger::id::Component {
        name,
        vendor: "test",
        version: "1",
    };
    let link = |name, ra_type, optional| LinkDecl {
        name,
        ra_type,
        optional,
    };
    let linked = |links| Spec {
        links,
        ..Spec::usual()
    };
    let (toy, other) = (of("toy"), of("other"));
    let absent = vec![link("absent", other, true), link("toy", toy, true)];
    let a = kit.install::<0>(linked(absent), Durability::None);
    let wrong = vec![link("toy", other, true)];
    let b = kit.install::<1>(linked(wrong), Durability::None);
    let both = vec![link("absent", other, true), link("absent", other, false)];
    let c = kit.install::<2>(linked(both), Durability::None);
    let now = kit.now;
    kit.shard.activate_services(now, &[a]).unwrap();
    assert_eq!(
        kit.shard.activate_services(now, &[b]),
        Err(ManageError::Link("toy".into()))
    );
    assert_eq!(
        kit.shard.activate_services(now, &[c]),
        Err(ManageError::Link("absent".into()))
    );
}

#[test]
fn r_sv_03_service_started_goes_to_its_service_only() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().initial::<ServiceStarted>(crate::harness::initial()));
    kit.service::<1>(Spec::usual().initial::<ServiceStarted>(crate::harness::initial()));
    assert_eq!(kit.log(), ["A: started", "B: started"]);
    assert_eq!(kit.shard.counts().service_activities, 2);
}

#[test]
fn r_sv_04_adaptors_hear_of_receivers() {
    let mut kit = Kit::new();
    assert!(!kit.ra(|cx| cx.has_receiver::<Ping>()));
    let a = kit.service::<0>(Spec::usual());
    assert!(kit.ra(|cx| cx.has_receiver::<Ping>()));
    kit.shard.deactivate_services(kit.now, &[a]).unwrap();
    assert_eq!(
        kit.full_log(),
        ["ra: receivers changed", "ra: receivers changed"]
    );
    assert!(!kit.ra(|cx| cx.has_receiver::<Ping>()));
}

#[test]
fn r_sv_05_stopping_drains() {
    let mut kit = Kit::new();
    let s = kit.service::<0>(Spec::usual().initial::<ServiceStarted>(crate::harness::initial()));
    let (a, b) = (kit.start(), kit.start());
    kit.fire(a, Ping(1));
    kit.log();
    kit.shard.deactivate_services(kit.now, &[s]).unwrap();
    kit.fire(a, Ping(2));
    kit.fire(b, Ping(3));
    // The service's own activity ends; entities that are there go on, new ones are not made.
    assert_eq!(kit.log(), ["A: end", "A: ping(2)"]);
    assert_eq!(kit.shard.service_state(s), Some(ServiceState::Stopping));
    kit.end(a);
    kit.log();
    assert_eq!(kit.shard.service_state(s), Some(ServiceState::Inactive));
}

/// On whatever activity it asks, and whichever other services there are.
#[test]
fn r_sv_07_the_own_service_activity() {
    let mut kit = Kit::new();
    let of_services = |kit: &Kit| -> Vec<ActivityId> {
        let all = kit.shard.activities().filter(|a| a.owner.is_none());
        all.map(|a| a.id).collect()
    };
    kit.service::<0>(Spec::usual());
    let of_a = of_services(&kit);
    assert_eq!(of_a.len(), 1);
    kit.service::<1>(Spec::usual());
    let mut of_b = of_services(&kit);
    of_b.retain(|id| !of_a.contains(id));
    assert_eq!(of_b.len(), 1);
    kit.on::<0>(|_, cx, _| {
        assert_eq!(cx.service(), Some(Toy::<0>::SBB));
        say(
            cx,
            &format!("a {:?}", cx.service_activity().map(Handle::id)),
        );
        Ok(())
    });
    kit.on::<1>(|_, cx, _| {
        assert_eq!(cx.service(), Some(Toy::<1>::SBB));
        say(
            cx,
            &format!("b {:?}", cx.service_activity().map(Handle::id)),
        );
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    let own = |name: &str, own: &[ActivityId]| format!("{name} {:?}", own.first());
    assert_eq!(kit.run(), [own("a", &of_a), own("b", &of_b)]);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_sv_08_initial_events_go_to_the_new_version_at_once() {
    let mut kit = Kit::new();
    let old = kit.service::<0>(Spec::usual());
    let new = kit.install::<1>(Spec::usual(), Durability::None);
    let (a, b) = (kit.start(), kit.start());
    kit.fire(a, Ping(1));
    kit.log();
    kit.shard.replace_services(kit.now, &[old], &[new]).unwrap();
    kit.fire(a, Pong(2));
    kit.fire(b, Ping(3));
    assert_eq!(kit.log(), ["A: pong(2)", "B: ping(3)"]);
}

#[test]
fn r_sl_03_stop_drains() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.shard.stop(kit.now).unwrap();
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["ra: stopping", "A: pong(1)"]);
    assert!(!kit.shard.is_quiet());
    let refused = kit
        .ra(|cx| cx.start_activity::<crate::harness::Conn>(Slot(0), ActivityFlags::default(), 0));
    assert_eq!(refused, Err(OpError::Stopping));
    kit.end(a);
    assert_eq!(kit.log(), ["A: end", "ra: inactive"]);
    assert!(kit.shard.is_quiet());
    assert_eq!(kit.shard.state(), SleeState::Stopped);
    kit.shard.start(kit.now).unwrap();
    assert_eq!(kit.log(), ["ra: active"]);
}

/// What is there again at the next start holds nothing up, unless it would be lost or something else goes on beside it.
#[test]
fn r_sl_03_stop_does_not_wait_for_durable_activities_that_last() {
    for (class, quiet) in [(Durability::Strict, true), (Durability::None, false)] {
        let mut kit = Kit::new();
        kit.service_in::<0>(Spec::usual(), class);
        let (call, wide) = (kit.start(), kit.start_kind::<Wide>());
        kit.fire(call, Ping(1));
        kit.fire(wide, Ping(2));
        kit.run();
        kit.shard.stop(kit.now).unwrap();
        kit.run();
        assert!(!kit.shard.is_quiet(), "a call is up");
        kit.end(call);
        kit.run();
        assert_eq!(kit.shard.is_quiet(), quiet, "{class:?}");
        // It is not over for all that: the adaptor may be told of it still.
        assert_eq!(kit.shard.state(), SleeState::Stopping);
        kit.end(wide);
        kit.run();
        assert!(kit.shard.is_quiet());
        assert_eq!(kit.shard.state(), SleeState::Stopped);
    }
}

#[test]
fn r_re_01_adaptor_entity_states() {
    let mut kit = Kit::new();
    let (now, ra) = (kit.now, kit.ra);
    assert_eq!(
        kit.shard.activate_adaptor(now, ra),
        Err(ManageError::InvalidState)
    );
    let a = kit.start();
    kit.shard.deactivate_adaptor(now, ra).unwrap();
    kit.run();
    assert_eq!(kit.shard.adaptor_state(ra), Some(AdaptorState::Stopping));
    kit.end(a);
    assert_eq!(kit.log(), ["ra: stopping", "ra: inactive"]);
    assert_eq!(kit.shard.adaptor_state(ra), Some(AdaptorState::Inactive));
    kit.shard.activate_adaptor(now, ra).unwrap();
    assert_eq!(kit.log(), ["ra: active"]);
}

#[test]
fn r_rp_01_an_activity_started_in_a_transaction_is_gone_after_its_rollback() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        let made = cx
            .start_activity::<crate::harness::Conn>(crate::harness::RA, ActivityFlags::default())?;
        cx.attach(made);
        if call.is::<Ping>() {
            Ok(())
        } else {
            Err(strowger::Error::msg("no"))
        }
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.counts().activities, 2);
}

#[test]
fn r_rp_05_administrative_end() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.shard.end_activity(kit.now, a).unwrap();
    assert_eq!(kit.log(), ["ra: administrative remove", "A: end"]);
    assert_eq!(
        kit.shard.end_activity(kit.now, a),
        Err(ManageError::Unknown)
    );
}

#[test]
fn an_entity_can_be_removed_by_the_operator() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    kit.on::<0>(|_, _, call| match call {
        Call::Remove => Err(strowger::Error::msg("never")),
        _ => Ok(()),
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    let root = kit.attached(a)[0];
    kit.shard.remove_entity(kit.now, root).unwrap();
    assert_eq!(kit.shard.counts().entities, 0);
    kit.advance(secs(1));
}

#[test]
fn refusal_of_new_work_is_passed_on() {
    let mut kit = Kit::new();
    kit.shard.new_work_of_all(kit.now, NewWork::Refused);
    kit.shard.new_work_of_all(kit.now, NewWork::Taken);
    assert_eq!(kit.log(), ["ra: refuse true", "ra: refuse false"]);
}

#[test]
fn r_sl_01_wrong_states_are_refused() {
    let mut kit = Kit::new();
    assert_eq!(kit.shard.start(kit.now), Err(ManageError::InvalidState));
    kit.shard.stop(kit.now).unwrap();
    assert_eq!(kit.shard.stop(kit.now), Err(ManageError::InvalidState));
    kit.run();
    assert_eq!(kit.shard.state(), SleeState::Stopped);
}

#[test]
fn r_re_02_names_and_settings_are_checked() {
    use strowger::ra::AdaptorDef;
    use strowger_kernel::InstallError;
    let mut kit = Kit::new();
    let def = AdaptorDef::of::<crate::harness::Protocol>();
    let settings: std::sync::Arc<dyn std::any::Any + Send + Sync> =
        std::sync::Arc::new(strowger::service::NoSettings {});
    for name in ["", "toy"] {
        let refused = kit.shard.install_adaptor(name, &def, &settings);
        assert_eq!(refused, Err(InstallError::NameTaken(name.into())));
    }
    let wrong: std::sync::Arc<dyn std::any::Any + Send + Sync> = std::sync::Arc::new(5_u8);
    assert_eq!(
        kit.shard.install_adaptor("other", &def, &wrong),
        Err(InstallError::WrongSettings("other".into()))
    );
}

#[test]
fn r_ro_01_activities_from_active_to_stopping() {
    let mut kit = Kit::new();
    let (now, ra) = (kit.now, kit.ra);
    let start = |kit: &mut Kit| {
        kit.ra(|cx| cx.start_activity::<crate::harness::Conn>(Slot(0), ActivityFlags::default(), 0))
    };
    let a = start(&mut kit).unwrap();
    kit.shard.deactivate_adaptor(now, ra).unwrap();
    assert_eq!(start(&mut kit), Err(OpError::Stopping));
    kit.end(a);
    kit.run();
    assert_eq!(start(&mut kit), Err(OpError::Stopping));
    kit.shard.activate_adaptor(now, ra).unwrap();
    start(&mut kit).unwrap();
}

#[test]
fn r_ro_02_active_while_the_slee_runs_and_the_entity_is_active() {
    let mut kit = Kit::new();
    kit.shard.stop(kit.now).unwrap();
    assert_eq!(kit.log(), ["ra: stopping", "ra: inactive"]);
    kit.shard.deactivate_adaptor(kit.now, kit.ra).unwrap();
    kit.shard.start(kit.now).unwrap();
    assert_eq!(kit.log(), Vec::<String>::new());
    kit.shard.activate_adaptor(kit.now, kit.ra).unwrap();
    assert_eq!(kit.log(), ["ra: active"]);
}

#[test]
fn r_ro_04_a_command_names_the_service_that_asked() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, _| {
        say(cx, "x");
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(crate::harness::asked_by(), [Toy::<0>::SBB.id()]);
}

#[test]
fn r_rp_02_reports_only_when_asked_for() {
    let mut kit = Kit::new();
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.end(a);
    assert_eq!(kit.log(), Vec::<String>::new());
    let a = kit.start_with(ActivityFlags {
        report_end: true,
        report_unreferenced: false,
    });
    kit.end(a);
    assert_eq!(kit.log(), ["ra: ended"]);
}

#[test]
fn r_rp_04_a_full_queue_has_its_reason() {
    use strowger::event::FireOptions;
    use strowger::ra::FireFlags;
    let mut kit = Kit::new();
    kit.options.limits.events_per_activity = 0;
    kit.restart(secs(1));
    kit.log();
    let a = kit.start();
    let report = FireFlags {
        report_done: true,
        report_unreferenced: false,
    };
    kit.try_fire(a, Ping(1), FireOptions::default(), report)
        .unwrap();
    assert_eq!(kit.log(), ["ra: done Failed(QueueFull)"]);
}

#[test]
fn r_rp_07_adaptors_know_what_nobody_receives() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::new().initial::<Ping>(crate::harness::initial()));
    // One that the adaptor fires, and one that nobody has heard of.
    assert!(kit.ra(|cx| cx.has_receiver::<Ping>()
        && !cx.has_receiver::<Pong>()
        && !cx.has_receiver::<crate::harness::Tick>()));
    kit.service::<1>(Spec::usual());
    assert!(kit.ra(|cx| cx.has_receiver::<Pong>()));
}

#[test]
fn r_lk_01_names_are_unique_and_not_unbound_in_use() {
    use strowger::param::LinkDecl;
    let mut kit = Kit::new();
    let ra_type = strowger::id::Component {
        name: "toy",
        vendor: "test",
        version: "1",
    };
    assert_eq!(kit.shard.bind_link("", kit.ra), Err(ManageError::Unknown));
    assert_eq!(
        kit.shard.bind_link("toy", kit.ra),
        Err(ManageError::LinkTaken("toy".into()))
    );
    let spec = Spec {
        links: vec![LinkDecl {
            name: "toy",
            ra_type,
            optional: false,
        }],
        ..Spec::usual()
    };
    let service = kit.service::<0>(spec);
    assert_eq!(
        kit.shard.unbind_link("toy"),
        Err(ManageError::LinkInUse("toy".into()))
    );
    kit.shard.deactivate_services(kit.now, &[service]).unwrap();
    kit.run();
    kit.shard.unbind_link("toy").unwrap();
    assert_eq!(kit.shard.unbind_link("toy"), Err(ManageError::Unknown));
}

#[test]
fn r_lk_02_a_service_finds_its_adaptor_by_link() {
    use strowger::param::LinkDecl;
    let mut kit = Kit::new();
    let ra_type = strowger::id::Component {
        name: "toy",
        vendor: "test",
        version: "1",
    };
    kit.shard.bind_link("line", kit.ra).unwrap();
    kit.service::<0>(Spec {
        links: vec![LinkDecl {
            name: "line",
            ra_type,
            optional: false,
        }],
        ..Spec::usual()
    });
    kit.on::<0>(move |_, cx, _| {
        assert_eq!(cx.link("line", ra_type.id()), Some(crate::harness::RA));
        assert_eq!(cx.link("toy", ra_type.id()), None);
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_ro_05_a_provider_is_bound_to_the_entity_behind_the_link() {
    use crate::harness::{Protocol, RA, Toys};
    use strowger::param::{LinkDecl, Param as _, Ra};
    use strowger::ra::{AdaptorDef, Provider as _};
    let mut kit = Kit::new();
    let settings: std::sync::Arc<dyn std::any::Any + Send + Sync> =
        std::sync::Arc::new(strowger::service::NoSettings {});
    let second = kit
        .shard
        .install_adaptor("second", &AdaptorDef::of::<Protocol>(), &settings)
        .unwrap();
    kit.shard.bind_link("line", second).unwrap();
    let link = |name| LinkDecl {
        name,
        ra_type: Toys::TYPE,
        optional: false,
    };
    kit.service::<0>(Spec {
        links: vec![link("toy"), link("line")],
        ..Spec::usual()
    });
    kit.on::<0>(move |_, cx, _| {
        let of = |link| Ra::<Toys>::extract(cx, link).map(|toys| toys.entity());
        assert_eq!(of(None), Ok(RA));
        assert_eq!(of(Some("line")), Ok(second));
        assert_eq!(of(Some("other")), Err(OpError::UnboundLink("other")));
        Ok(())
    });
    let a = kit.start();
    kit.log();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: ping(1)"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn who_becomes_active_while_new_work_is_refused_hears_of_it() {
    let mut kit = Kit::new();
    kit.shard.deactivate_adaptor(kit.now, kit.ra).unwrap();
    kit.shard.new_work_of_all(kit.now, NewWork::Refused);
    kit.log();
    kit.shard.activate_adaptor(kit.now, kit.ra).unwrap();
    assert_eq!(kit.log(), ["ra: active", "ra: refuse true"]);
}

#[test]
fn r_sv_07_each_service_gets_its_own() {
    let mut kit = Kit::new();
    let started = || Spec::usual().initial::<ServiceStarted>(crate::harness::initial());
    let own = |_: &mut crate::harness::Data, cx: &mut strowger::Cx<'_>, _: &Call<'_>| {
        let own = cx.service_activity().map(Handle::id);
        assert_eq!(own, cx.activity());
        Ok(())
    };
    kit.on::<0>(own);
    kit.on::<1>(own);
    kit.service::<0>(started());
    kit.service::<1>(started());
    assert_eq!(kit.log(), ["A: started", "B: started"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}
