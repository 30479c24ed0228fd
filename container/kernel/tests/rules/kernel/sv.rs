//! R-SV-02 with a link that is bound to nothing, which a node's configuration binds, and R-SL-02 in a process that has not started.

use crate::harness::{Kit, Ping, Pong, Spec};
use strowger::time::secs;
use strowger_kernel::{Durability, ManageError, ServiceState, SleeState};

#[test]
fn r_sv_02_needs_its_links() {
    use strowger::param::LinkDecl;
    let mut kit = Kit::new();
    let ra_type = strowger::id::Component {
        name: "toy",
        vendor: "test",
        version: "1",
    };
    let linked = |name| Spec {
        links: vec![LinkDecl {
            name,
            ra_type,
            optional: false,
        }],
        ..Spec::usual()
    };
    let a = kit.install::<0>(linked("unbound"), Durability::None);
    let b = kit.install::<1>(linked("toy"), Durability::None);
    let now = kit.now;
    assert_eq!(
        kit.shard.activate_services(now, &[b, a]),
        Err(ManageError::Link("unbound".into()))
    );
    assert_eq!(kit.shard.service_state(b), Some(ServiceState::Inactive));
    kit.shard.activate_services(now, &[b]).unwrap();
    // In use (R-LK-01).
    assert_eq!(
        kit.shard.unbind_link("toy"),
        Err(ManageError::LinkInUse("toy".into()))
    );
    kit.shard.bind_link("unbound", kit.ra).unwrap();
    assert_eq!(
        kit.shard.bind_link("unbound", kit.ra),
        Err(ManageError::LinkTaken("unbound".into()))
    );
    kit.shard.activate_services(now, &[a]).unwrap();
}

#[test]
fn r_sl_02_nothing_is_routed_while_stopped() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            cx.suspend(Some(secs(10)))?;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    let handled = |kit: &mut Kit| {
        let log = kit.log().into_iter();
        log.filter(|line| line.starts_with("A: "))
            .collect::<Vec<_>>()
    };
    assert_eq!(handled(&mut kit), ["A: ping(1)"]);
    // A process that has not started yet has an event that could be routed.
    kit.stopped = true;
    kit.restart(secs(20));
    kit.run();
    kit.advance(secs(20));
    assert_eq!(handled(&mut kit), Vec::<String>::new());
    assert_eq!(kit.shard.state(), SleeState::Stopped);
    // Management works in every state.
    let other = kit.install::<1>(Spec::usual(), Durability::None);
    kit.shard.activate_services(kit.now, &[other]).unwrap();
    assert_eq!(kit.shard.service_state(other), Some(ServiceState::Active));
    kit.shard.start(kit.now).unwrap();
    assert_eq!(handled(&mut kit), ["A: pong(1)"]);
    kit.shard.stop(kit.now).unwrap();
    kit.shard.deactivate_services(kit.now, &[other]).unwrap();
}
