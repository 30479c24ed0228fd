//! How much is done in one turn, and so in one commit, where a node would make the next turn at once.

use crate::durable::fingerprint;
use crate::harness::{Kit, Ping, Spec, Tick, Toy, shared};
use strowger::postcard;
use strowger::service::ServiceDef;
use strowger::time::secs;
use strowger::timer::Timer;
use strowger_kernel::Durability;

#[test]
fn records_of_another_version_are_written_anew_over_several_turns() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    for _ in 0..2_500 {
        let a = kit.start();
        kit.fire(a, Ping(1));
    }
    kit.run();
    let stored = "toy{n,text,entity,activity,timer,context}".to_owned();
    let from = strowger::state::Schema {
        fingerprint: fingerprint(&stored),
        text: stored,
    };
    let migrate = |bytes: &[u8]| {
        let toy: Toy<0> = postcard::from_bytes(bytes)?;
        Ok(Box::new(toy) as Box<dyn strowger::sbb::Object>)
    };
    let new = Spec {
        schema: Some("toy{other}"),
        ..Spec::usual()
    };
    kit.child::<0>(Spec {
        migrations: vec![strowger::sbb::MigrationDecl { from, migrate }],
        ..new.clone()
    });
    kit.replace_def(0, ServiceDef::of::<Toy<0>>());
    kit.restart(secs(1));
    let before = kit.durable_seq();
    kit.run();
    assert_eq!(kit.durable_seq().0 - before.0, 3);
    // None is left that would have to be migrated.
    kit.child::<0>(new);
    kit.replace_def(0, ServiceDef::of::<Toy<0>>());
    kit.restart(secs(1));
}

#[test]
fn many_that_are_due_at_once_fire_over_several_turns() {
    let mut kit = Kit::new();
    let fired = shared(0);
    let count = fired.clone();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(move |_, cx, call| {
        if call.is::<Ping>() {
            cx.timer(cx.activity().unwrap(), secs(1), Tick(1));
        } else if call.is::<Timer<Tick>>() {
            *count.lock().unwrap() += 1;
        }
        Ok(())
    });
    for _ in 0..5_000 {
        let a = kit.start();
        kit.fire(a, Ping(0));
    }
    kit.run();
    kit.leap(secs(1));
    assert_eq!(*fired.lock().unwrap(), 4_096);
    assert!(kit.shard.deadline().is_some_and(|at| at <= kit.now.mono));
    kit.leap(secs(0));
    assert_eq!(*fired.lock().unwrap(), 5_000);
}
