//! It is the priorities that decide, and each service does its part without the others.

use super::*;
use strowger_call_controller::{Handled, Handling};
use strowger_sip::{self as sip, Dialog};

fn all() -> Subscriber {
    Subscriber {
        blocked: vec!["sip:mallory@m.example".into()],
        voice_mail: true,
        mailbox: text(MAILBOX),
        ..bob()
    }
}

fn with(services: [ServiceDef; 3]) -> TestKit {
    let kit = exchange().table("subscribers", [("bob", all())]);
    services.into_iter().fold(kit, TestKit::service)
}

/// The same services in the same order of installation: only their priorities differ.
#[test]
fn the_priorities_decide() {
    let usual = with([voice_mail(), forwarding(), blocking()]);
    phone(&usual, DESK);
    usual.sip().invite(MALLORY, "bob").expect(603);
    let alice = usual.sip().invite(ALICE, "bob");
    talk(&alice, &usual.sip().expect_invite(DESK));

    let mailbox_first = with([voice_mail().priority(10), forwarding(), blocking()]);
    phone(&mailbox_first, DESK);
    mailbox_first.sip().open(DESK);
    let alice = mailbox_first.sip().invite(ALICE, "bob");
    talk(&alice, &mailbox_first.sip().expect_invite(MAILBOX));
    mailbox_first.sip().invite(MALLORY, "bob").expect(603);

    let blocking_last = with([voice_mail(), forwarding(), blocking().priority(-100)]);
    phone(&blocking_last, DESK);
    let mallory = blocking_last.sip().invite(MALLORY, "bob");
    talk(&mallory, &blocking_last.sip().expect_invite(DESK));
}

#[test]
fn each_does_its_part_alone() {
    let table = || exchange().table("subscribers", [("bob", all())]);
    let mut alone = table().service(blocking());
    alone.sip().invite(MALLORY, "bob").expect(603);
    alone.sip().invite(ALICE, "bob").expect(480);
    assert_all_gone(&mut alone);
    let mut alone = table().service(forwarding());
    phone(&alone, DESK);
    let mallory = alone.sip().invite(MALLORY, "bob");
    talk(&mallory, &alone.sip().expect_invite(DESK));
    assert_all_gone(&mut alone);
    let mut alone = table().service(voice_mail());
    let alice = alone.sip().invite(ALICE, "bob");
    talk(&alice, &alone.sip().expect_invite(MAILBOX));
    assert_all_gone(&mut alone);
}

/// A service that knows none of the three but the attribute's alias.
#[derive(Debug, Default, State)]
struct Emergency {}

#[sbb(
    name = "emergency",
    vendor = "test",
    version = "1.0",
    priority = 120,
    aliases(Handled)
)]
impl Emergency {
    #[on(initial)]
    fn invite(&mut self, cx: &mut Cx, _ev: &sip::Invite, Aci(call): Aci<Dialog>) -> Result {
        cx.set::<Handled>(call, &Handling::Refused)?;
        cx.detach(call);
        Ok(())
    }
}

#[test]
fn another_service_keeps_them_off_a_call_by_the_alias() {
    let kit = with([voice_mail(), forwarding(), blocking()]);
    let mut slee = kit.service(ServiceDef::of::<Emergency>());
    phone(&slee, DESK);
    // Nobody does anything with it: the adaptor's own answer.
    slee.sip().invite(MALLORY, "bob").expect(480);
    slee.sip().invite(ALICE, "bob").expect(480);
    assert_all_gone(&mut slee);
}

#[test]
fn calls_to_other_domains_are_left_to_others() {
    let settings = strowger_call_controller::Settings {
        domains: vec!["b.example".to_owned()],
        ..strowger_call_controller::Settings::default()
    };
    let slee = exchange()
        .table("subscribers", [("bob", all())])
        .service_with(blocking(), settings);
    slee.sip().invite(MALLORY, "bob").expect(480);
}
