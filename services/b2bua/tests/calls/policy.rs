//! What passes, what stays, and what is said about an end.

use super::*;

fn hiding() -> Settings {
    Settings {
        hide: [
            "User-Agent",
            "Server",
            "Warning",
            "History-Info",
            "X-Inside",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..everywhere()
    }
}

#[test]
fn nothing_of_one_side_is_told_to_the_other() {
    let mut slee = with(hiding());
    let inside = [
        "User-Agent: phone",
        "x-inside: 1",
        "History-Info: <sip:x@10.0.0.1>;index=1",
        "Record-Route: <sip:proxy.inside.example;lr>",
        "X-Odd: stays",
        "Content-Type: application/sdp",
    ];
    let alice = slee.sip().request("INVITE", ALICE, BOB, &inside, b"v=0");
    let bob = slee.sip().expect_invite(BOB);
    let names = ["User-Agent", "X-Inside", "History-Info", "Record-Route"];
    for name in names {
        assert_eq!(bob.header(name), None, "{name}");
    }
    assert_eq!(bob.header("X-Odd").as_deref(), Some("stays"));
    assert_ne!(bob.header("Call-ID"), Some(alice_call_id(&alice)));
    let via = bob.last();
    assert_eq!(
        via.values(strowger_sip::proto::wire::HeaderId::Via).count(),
        1
    );
    bob.respond_with(
        200,
        &["Server: pbx", "Warning: 399 inside \"x\"", "X-Odd: too"],
        b"v=0",
    );
    alice.expect(200);
    assert_eq!(
        (alice.header("Server"), alice.header("Warning")),
        (None, None)
    );
    assert_eq!(alice.header("X-Odd").as_deref(), Some("too"));
    bob.expect_ack();
    bob.request("INFO", &["User-Agent: pbx"], b"");
    alice.expect_request("INFO");
    assert_eq!(alice.header("User-Agent"), None);
    alice.respond(200);
    bob.expect(200);
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

fn alice_call_id(alice: &Call) -> String {
    let response = alice.next_response(secs(1)).expect("100");
    String::from_utf8_lossy(response.call_id().unwrap_or_default()).into_owned()
}

/// RFC 3326: why a call is given up or ended passes to the other side.
#[test]
fn the_reason_of_an_end_passes() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    let reason = "Reason: Q.850;cause=16;text=\"Terminated\"";
    alice.request("BYE", &[reason], b"").expect(200);
    bob.expect_request("BYE").respond(200);
    assert_eq!(
        bob.header("Reason").as_deref(),
        Some("Q.850;cause=16;text=\"Terminated\"")
    );
    assert_all_gone(&mut slee);
}
