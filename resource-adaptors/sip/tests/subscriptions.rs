//! Subscriptions of a service in virtual time: both sides, REFER, and what is left after a crash.

use std::time::Duration;

use strowger::prelude::*;
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_sip::{self as sip, Dialog, Notification, Outgoing, ServerTx, Sip, Subscription};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";
const LONGEST: Duration = Duration::from_secs(600);

/// A notifier of `presence` that tells a number every 50 s, and a party to be called and referred.
#[derive(Debug, Default, State)]
struct Teller {
    told: u32,
    subscription: Option<Handle<Subscription>>,
}

#[derive(Clone, Debug, Event)]
struct Tick;

#[sbb(name = "teller", vendor = "test", version = "1.0")]
impl Teller {
    #[on(initial)]
    fn subscribed(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Subscribe,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
    ) -> Result {
        if ev.package() != b"presence" {
            return sip.respond(cx, ev, 489);
        }
        let subscription = sip.accept(cx, ev, LONGEST)?;
        cx.attach(subscription);
        self.subscription = Some(subscription);
        cx.timer(subscription, Duration::from_secs(50), Tick);
        self.tell(cx, *sip)
    }

    #[on]
    fn again(
        &mut self,
        cx: &mut Cx,
        _: &Timer<Tick>,
        on: Aci<Subscription>,
        sip: Ra<Sip>,
    ) -> Result {
        cx.timer(on.0, Duration::from_secs(50), Tick);
        self.tell(cx, *sip)
    }

    fn tell(&mut self, cx: &mut Cx, sip: Sip) -> Result {
        self.told += 1;
        let Some(subscription) = self.subscription else {
            return Ok(());
        };
        let body = self.told.to_string();
        sip.notify(cx, subscription, Notification::active("text/plain", body))
    }

    #[on(initial)]
    fn called(&mut self, cx: &mut Cx, ev: &sip::Invite, _: Aci<Dialog>, sip: Ra<Sip>) -> Result {
        sip.respond(cx, ev, 200)
    }

    #[on]
    fn referred(&mut self, cx: &mut Cx, ev: &sip::Refer, _: Aci<Dialog>, sip: Ra<Sip>) -> Result {
        if ev.refer_to().is_none() {
            return sip.respond(cx, ev, 400);
        }
        let subscription = sip.accept_refer(cx, ev)?;
        cx.attach(subscription);
        cx.timer(subscription, Duration::from_secs(5), Joined);
        Ok(())
    }

    #[on]
    fn joined(
        &mut self,
        cx: &mut Cx,
        _: &Timer<Joined>,
        on: Aci<Subscription>,
        sip: Ra<Sip>,
    ) -> Result {
        sip.notify(cx, on.0, Notification::progress(200))
    }
}

#[derive(Clone, Debug, Event)]
struct Joined;

fn teller() -> TestKit {
    TestKit::strict()
        .adaptor(sip::adaptor())
        .service(ServiceDef::of::<Teller>())
}

fn watch(slee: &TestKit, n: usize) -> Call {
    let watcher = format!("sip:watcher{n}@w{}.example", n % 50);
    slee.sip()
        .subscribe(&watcher, "pres", "presence", 3600)
        .expect(200)
}

fn cseq(call: &Call) -> u32 {
    call.last().cseq().map_or(0, |cseq| cseq.number)
}

#[test]
fn a_watcher_is_told_and_leaves() {
    let mut slee = teller();
    let watcher = watch(&slee, 1);
    assert_eq!(watcher.header("Expires").as_deref(), Some("600"));
    let told = watcher.expect_notify("active;expires=600");
    assert_eq!(told.body(), &b"1"[..]);
    slee.advance(Duration::from_secs(51));
    assert_eq!(watcher.expect_notify("active").body(), &b"2"[..]);
    watcher.resubscribe("presence", 300).expect(200);
    assert_eq!(watcher.header("Expires").as_deref(), Some("300"));
    assert_eq!(watcher.expect_notify("active").body(), &b"2"[..]);
    watcher.resubscribe("presence", 0).expect(200);
    watcher.expect_notify("terminated;reason=timeout");
    slee.advance(Duration::from_secs(60));
    let counts = slee.counts();
    assert_eq!((counts.activities, counts.entities), (0, 0));
}

#[test]
fn other_packages_are_refused() {
    let slee = teller();
    slee.sip()
        .subscribe(ALICE, "pres", "weather", 60)
        .expect(489);
    slee.sip()
        .request("SUBSCRIBE", ALICE, "pres", &[], b"")
        .expect(489);
}

#[test]
fn a_watcher_that_is_gone_is_forgotten() {
    let mut slee = teller();
    let watcher = watch(&slee, 1);
    watcher.expect_request("NOTIFY").respond(481);
    slee.advance(Duration::from_secs(40));
    assert_eq!((slee.counts().activities, slee.counts().entities), (0, 0));
}

#[test]
fn a_referrer_hears_what_comes_of_it_after_it_has_hung_up() {
    let mut slee = teller();
    let alice = slee.sip().invite(ALICE, "pres").expect(200);
    alice.refer("<sip:carol@c.example>").expect(202);
    let trying = alice.expect_notify("active");
    assert_eq!(trying.body(), &b"SIP/2.0 100 Trying\r\n"[..]);
    assert_eq!(trying.header("Event").as_deref(), Some("refer"));
    alice.request("BYE", &[], b"").expect(200);
    slee.advance(Duration::from_secs(5));
    let last = alice.expect_notify("terminated;reason=noresource");
    assert_eq!(last.body(), &b"SIP/2.0 200 OK\r\n"[..]);
    slee.advance(Duration::from_secs(60));
    assert_eq!((slee.counts().activities, slee.counts().entities), (0, 0));
}

/// 500 subscriptions go on after the process died: with the time that they had left, the next CSeq, and their end.
#[test]
fn five_hundred_subscriptions_outlive_a_crash() {
    const WATCHERS: usize = 500;
    let mut slee = teller();
    let watchers: Vec<Call> = (0..WATCHERS).map(|n| watch(&slee, n)).collect();
    for watcher in &watchers {
        watcher.expect_notify("active");
    }
    slee.advance(Duration::from_secs(50));
    let before: Vec<u32> = watchers
        .iter()
        .map(|watcher| cseq(&watcher.expect_notify("active")))
        .collect();
    slee.crash_and_restart_after(Duration::from_secs(20));
    slee.advance(Duration::from_secs(5));
    for (watcher, before) in watchers.iter().zip(&before) {
        let told = watcher.expect_notify("active;expires=5");
        assert!(cseq(&told) > *before, "CSeq goes on upward");
    }
    slee.advance(Duration::from_secs(26));
    for watcher in &watchers {
        let told = watcher.expect_notify("active");
        assert_eq!(told.body(), &b"3"[..], "the service's timers go on, too");
    }
    let (leaving, staying) = watchers.split_at(WATCHERS / 2);
    for watcher in leaving {
        watcher.resubscribe("presence", 0).expect(200);
        watcher.expect_notify("terminated;reason=timeout");
    }
    for _ in 0..9 {
        slee.advance(Duration::from_secs(50));
        for watcher in staying {
            watcher.expect_notify("active");
        }
    }
    slee.advance(Duration::from_secs(50));
    for watcher in staying {
        watcher.expect_notify("terminated;reason=timeout");
    }
    slee.advance(Duration::from_secs(60));
    assert_eq!((slee.counts().activities, slee.counts().entities), (0, 0));
}

// ---- subscriber

/// Watches somebody for as long as it is told to.
#[derive(Debug, Default, State)]
struct Watcher {}

#[sbb(name = "watcher", vendor = "test", version = "1.0")]
impl Watcher {
    #[on(initial)]
    fn told(&mut self, cx: &mut Cx, ev: &sip::Message, _: Aci<ServerTx>, sip: Ra<Sip>) -> Result {
        sip.respond(cx, ev, 200)?;
        let whom = std::str::from_utf8(ev.body()).unwrap_or_default();
        let target = sip::Target::parse(whom)?;
        let subscribe = Outgoing::new("SUBSCRIBE", "sip:watcher@node.example", &target)
            .event("presence")
            .expires(LONGEST);
        let subscription = sip.subscribe(cx, subscribe)?;
        cx.attach(subscription);
        Ok(())
    }

    #[on]
    fn notified(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Notify,
        on: Aci<Subscription>,
        sip: Ra<Sip>,
    ) -> Result {
        if ev.body() == b"enough" {
            sip.unsubscribe(cx, on.0)?;
        }
        Ok(())
    }
}

fn watched() -> (TestKit, Call) {
    let slee = TestKit::strict()
        .adaptor(sip::adaptor())
        .service(ServiceDef::of::<Watcher>());
    slee.sip().open("sip:bob@b.example");
    let at = slee.sip().reachable_at("sip:bob@b.example");
    let lines = ["Content-Type: text/plain"];
    slee.sip()
        .request("MESSAGE", ALICE, "watcher", &lines, at.as_bytes())
        .expect(200);
    let bob = slee.sip().expect_subscribe("sip:bob@b.example");
    assert_eq!(bob.header("Event").as_deref(), Some("presence"));
    assert_eq!(bob.header("Expires").as_deref(), Some("600"));
    bob.accept_subscription(600);
    (slee, bob)
}

#[test]
fn a_service_watches_refreshes_and_leaves() {
    let (mut slee, bob) = watched();
    bob.notify("presence", "active;expires=600", "text/plain", b"1")
        .expect(200);
    slee.advance(Duration::from_secs(561));
    bob.expect_request("SUBSCRIBE").accept_subscription(600);
    bob.notify("presence", "active;expires=600", "text/plain", b"enough")
        .expect(200);
    bob.expect_request("SUBSCRIBE").accept_subscription(0);
    bob.notify("presence", "terminated;reason=timeout", "text/plain", b"")
        .expect(200);
    slee.advance(Duration::from_secs(60));
    assert_eq!((slee.counts().activities, slee.counts().entities), (0, 0));
}

#[test]
fn what_a_service_watches_goes_on_after_a_crash() {
    let (mut slee, bob) = watched();
    bob.notify("presence", "active;expires=600", "text/plain", b"1")
        .expect(200);
    let before = cseq(&bob);
    slee.crash_and_restart_after(Duration::from_secs(100));
    bob.notify("presence", "active;expires=450", "text/plain", b"2")
        .expect(200);
    slee.advance(Duration::from_secs(420));
    let refresh = bob.expect_request("SUBSCRIBE");
    assert!(cseq(&refresh) > before.min(1));
    refresh.accept_subscription(600);
    bob.notify(
        "presence",
        "terminated;reason=noresource",
        "text/plain",
        b"",
    )
    .expect(200);
    slee.advance(Duration::from_secs(60));
    assert_eq!((slee.counts().activities, slee.counts().entities), (0, 0));
}
