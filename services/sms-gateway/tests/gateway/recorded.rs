//! A recorded message: from its sender to the message centre, and its receipts back.

use strowger_sms::proto::receipt::State as Outcome;
use strowger_sms::proto::wire::Status;
use strowger_testkit::{Recording, TestKit, What};

use crate::{NUMBER, gateway_with, nothing_left, registered};

/// What came (`<`) and left (`>`).
fn messages(call: &Recording) -> Vec<String> {
    let message = |what: &What| {
        let What::Message(message) = what else {
            return None;
        };
        assert_eq!(message.protocol, "smpp");
        let mark = if message.out { '>' } else { '<' };
        Some(format!("{mark} {}", message.title))
    };
    let steps = call.steps.iter();
    steps.filter_map(|step| message(&step.what)).collect()
}

#[test]
fn a_message_and_its_receipts_are_one_recorded_call() {
    let (mut kit, shop, up) = gateway_with(TestKit::strict().recording(), "");
    let sent = shop.submit_with(&registered("hello"));
    sent.expect_ok();
    up.expect_submit().accept("up-1");
    up.receipt("up-1", Outcome::Delivered, NUMBER)
        .expect(Status::ROK);
    shop.expect_deliver().answer(Status::ROK);
    nothing_left(&mut kit);
    let calls = kit.recordings();
    assert_eq!(calls.len(), 1, "{calls:?}");
    let call = &calls[0];
    assert_eq!(
        (&call.info.from[..], &call.info.to[..]),
        ("12345", NUMBER),
        "{:?}",
        call.info
    );
    assert_eq!(call.info.services, ["sms-gateway"]);
    let first = &call.info.keys[0];
    assert!(first.starts_with("shop "), "{:?}", call.info.keys);
    assert_eq!(
        messages(call),
        [
            "< submit_sm",
            "> submit_sm_resp ROK",
            "> submit_sm",
            "< submit_sm_resp ROK",
            "< deliver_sm",
            "> deliver_sm_resp ROK",
            "> deliver_sm",
            "< deliver_sm_resp ROK",
        ],
    );
}
