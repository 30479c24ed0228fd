//! R-EC: suspending and resuming an event's delivery.

use crate::harness::{Kit, Note, Ping, Pong, Spec, Toy, initial, shared};
use strowger::address::Address;
use strowger::context::Cx;
use strowger::event::{EventContext, FireOptions};
use strowger::ra::FireFlags;
use strowger::sbb::Sbb as _;
use strowger::time::{millis, secs};
use strowger::{Error, OpError};
use strowger_kernel::Durability;

/// A, before B, suspends on Ping; Note on another activity resumes.
fn two(kit: &mut Kit) {
    let first = Spec::new()
        .priority(1)
        .initial::<Ping>(initial())
        .initial::<Note>(initial())
        .receives::<Pong>();
    kit.service::<0>(first);
    kit.service::<1>(Spec::usual());
}

#[test]
fn r_ec_02_holds_back_other_receivers_and_later_events() {
    let mut kit = Kit::new();
    two(&mut kit);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            cx.suspend(Some(secs(2)))?;
            assert_eq!(cx.suspend(None), Err(OpError::AlreadySuspended));
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["A: ping(1)"]);
    assert_eq!(kit.shard.counts().suspended, 1);
    // The end of the time goes on with the next entity (R-EC-06).
    kit.advance(millis(1999));
    assert_eq!(kit.log(), Vec::<String>::new());
    kit.advance(millis(1));
    assert_eq!(kit.log(), ["B: ping(1)", "A: pong(1)", "B: pong(1)"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_ec_02_zero_is_refused_and_r_ec_03_default() {
    let mut kit = Kit::new();
    two(&mut kit);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            assert_eq!(
                cx.suspend(Some(secs(0))),
                Err(OpError::InvalidArgument("timeout"))
            );
            cx.suspend(None)?;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.advance(secs(9));
    assert_eq!(kit.log(), Vec::<String>::new());
    kit.advance(secs(1));
    assert_eq!(kit.log(), ["B: ping(1)"]);
}

#[test]
fn r_ec_04_resumed_from_another_activity() {
    let mut kit = Kit::new();
    two(&mut kit);
    let context = shared(None);
    let seen = context.clone();
    kit.on::<0>(move |_, cx, call| {
        if call.is::<Ping>() {
            *seen.lock().unwrap() = Some(cx.suspend(None)?);
        } else if call.is::<Note>() {
            let context = seen.lock().unwrap().unwrap();
            assert!(cx.is_suspended(context)?);
            cx.resume(context)?;
            assert!(!cx.is_suspended(context)?);
            assert_eq!(cx.resume(context), Err(OpError::NotSuspended));
        }
        Ok(())
    });
    let (a, b) = (kit.start(), kit.start());
    kit.fire(a, Ping(1));
    kit.log();
    kit.fire(b, Note(1));
    assert_eq!(kit.log(), ["A: note(1)", "B: ping(1)"]);
    assert_eq!(kit.shard.metrics().panics, 0);
    assert_eq!(kit.shard.counts().suspended, 0);
}

#[test]
fn r_ec_05_rollbacks() {
    let mut kit = Kit::new();
    two(&mut kit);
    let context = shared(None);
    let seen = context.clone();
    kit.on::<0>(move |_, cx, call| {
        match call.get::<Ping>() {
            // Suspended and resumed at once: nothing.
            Some(Ping(1)) => {
                let context = cx.suspend(None)?;
                cx.resume(context)?;
            }
            // Suspended and rolled back: nothing.
            Some(Ping(2)) => {
                cx.suspend(None)?;
                return Err(Error::msg("no"));
            }
            Some(_) => *seen.lock().unwrap() = Some(cx.suspend(None)?),
            None => {}
        }
        if call.is::<Note>() {
            cx.resume(seen.lock().unwrap().unwrap())?;
            return Err(Error::msg("no"));
        }
        Ok(())
    });
    let (a, b) = (kit.start(), kit.start());
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    assert_eq!(
        kit.log(),
        ["A: ping(1)", "B: ping(1)", "A: ping(2)", "B: ping(2)"]
    );
    kit.fire(a, Ping(3));
    kit.fire(b, Note(1));
    assert_eq!(kit.log(), ["A: ping(3)", "A: note(1)"]);
    assert_eq!(kit.shard.counts().suspended, 1);
}

#[test]
fn r_ec_01_a_context_can_be_kept_in_state() {
    let mut kit = Kit::new();
    two(&mut kit);
    kit.on::<0>(|data, cx, call| {
        if call.is::<Ping>() {
            data.context = Some(cx.event_context()?);
        } else if call.is::<Pong>() {
            // The event is over: neither suspended nor to be resumed, although the one after it is.
            cx.suspend(None)?;
            let context = data.context.unwrap();
            assert_eq!(cx.is_suspended(context), Ok(false));
            assert_eq!(cx.resume(context), Err(OpError::NotSuspended));
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_ec_03_default_time() {
    let mut kit = Kit::new();
    kit.options.defaults.suspension = secs(3);
    kit.restart(secs(0));
    two(&mut kit);
    kit.on::<0>(|_, cx, _| cx.suspend(None).map(drop).map_err(Error::from));
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.advance(millis(2999));
    assert_eq!(kit.log(), Vec::<String>::new());
    kit.advance(millis(1));
    assert_eq!(kit.log(), ["B: ping(1)"]);
}

#[test]
fn r_ec_06_who_was_offered_the_event_stays_known() {
    let mut kit = Kit::new();
    two(&mut kit);
    kit.on::<0>(|_, cx, _| cx.suspend(Some(secs(1))).map(drop).map_err(Error::from));
    kit.on::<1>(|_, cx, _| cx.suspend(Some(secs(1))).map(drop).map_err(Error::from));
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.advance(secs(5));
    assert_eq!(kit.log(), ["A: ping(1)", "B: ping(1)"]);
    assert_eq!(kit.shard.counts().events, 0);
}

/// What a context tells.
fn told(cx: &Cx<'_>, context: EventContext) -> Result<(u32, FireOptions), OpError> {
    let fired = cx.fired(context)?;
    let Ping(number) = fired.event.downcast_ref().ok_or(OpError::NoEvent)?;
    Ok((*number, fired.options))
}

#[test]
fn r_ec_07_a_context_tells_what_was_fired_where_to_whom() {
    let mut kit = Kit::new();
    let service = Spec::new()
        .initial::<Ping>(initial())
        .initial::<Note>(initial());
    kit.service_in::<0>(service, Durability::Strict);
    let (context, seen) = (shared(None), shared(Vec::new()));
    let (kept, read) = (context.clone(), seen.clone());
    kit.on::<0>(move |_, cx, call| {
        if call.is::<Ping>() {
            let own = cx.event_context()?;
            read.lock().unwrap().push(told(cx, own));
            *kept.lock().unwrap() = Some(cx.suspend(Some(secs(9)))?);
        } else if let (true, Some(context)) = (call.is::<Note>(), *kept.lock().unwrap()) {
            read.lock().unwrap().push(told(cx, context));
        }
        Ok(())
    });
    let options = FireOptions {
        address: Some(Address::e164("4930123456").unwrap()),
        service: Some(Toy::<0>::SBB.id()),
    };
    let (a, b) = (kit.start(), kit.start());
    let told = |kit: &mut Kit| {
        kit.log();
        seen.lock().unwrap().drain(..).collect::<Vec<_>>()
    };
    kit.try_fire(a, Ping(7), options.clone(), FireFlags::default())
        .unwrap();
    let all = [Ok((7, options))];
    assert_eq!(told(&mut kit), all, "while it is delivered");
    assert_eq!(context.lock().unwrap().unwrap().activity, a);
    kit.fire(b, Note(1));
    assert_eq!(told(&mut kit), all, "while it is held back");
    kit.restart(secs(1));
    kit.fire(b, Note(2));
    assert_eq!(told(&mut kit), all, "after a restart");
    kit.advance(secs(9));
    kit.fire(b, Note(3));
    assert_eq!(told(&mut kit), [Err(OpError::NoEvent)], "when it is over");
    kit.fire(a, Ping(8));
    assert_eq!(told(&mut kit), [Ok((8, FireOptions::default()))]);
    let first = context.lock().unwrap().unwrap();
    kit.end(a);
    kit.advance(secs(9));
    kit.fire(b, Note(4));
    let gone = OpError::StaleActivity(a);
    assert_eq!(told(&mut kit), [Err(gone)], "{first:?}");
    assert_eq!(kit.shard.metrics().panics, 0);
}
