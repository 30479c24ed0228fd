//! Event and INFO packages that nobody takes.

use strowger::ra::Outcome;

use super::*;

fn refused(bench: &mut Bench, request: String) -> String {
    bench.receive(request);
    if bench.host.last_sent.is_empty() {
        bench.input(Input::EventDone {
            activity: bench.host.last_activity,
            event: bench.host.last_event,
            outcome: Outcome::NoReceiver,
        });
    }
    std::mem::take(&mut bench.host.last_sent)
}

/// RFC 6665 4.2.1.1, RFC 3903 6: 489 with Allow-Events.
#[test]
fn a_package_outside_of_the_configured_ones_gets_489_before_any_service() {
    let mut bench = Bench::with("event_packages = [\"dialog\", \"message-summary\"]");
    // No service is a proxy, which might know better.
    let proxying = kind::<strowger_sip::Unreached>();
    bench.host.receivers.remove(&proxying);
    bench.input(Input::ReceiversChanged);
    for method in ["SUBSCRIBE", "PUBLISH"] {
        let answer = refused(&mut bench, request(method, method, "", 1));
        assert!(answer.starts_with("SIP/2.0 489 Bad Event"), "{answer}");
        assert!(
            answer.contains("Allow-Events: dialog, message-summary, refer\r\n"),
            "{answer}"
        );
    }
    let did = bench.short();
    assert!(!did.iter().any(|did| did.starts_with("fire")), "{did:?}");
}

#[test]
fn a_package_that_no_service_takes_gets_489() {
    let mut bench = Bench::new();
    let answer = refused(&mut bench, request("SUBSCRIBE", "s1", "", 1));
    assert!(answer.starts_with("SIP/2.0 489"), "{answer}");
    assert_eq!(
        bench.short()[..2],
        ["start sip-server-transaction", "fire sip-subscribe"]
    );
}

/// RFC 6086 4.2.2.
#[test]
fn an_info_package_that_no_service_takes_gets_469() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    bench.host.last_sent.clear();
    let info = request("INFO", "x1", &tag, 2).replace("Event: presence", "Info-Package: infoDtmf");
    let answer = refused(&mut bench, info);
    assert!(answer.starts_with("SIP/2.0 469"), "{answer}");
    assert!(answer.contains("Recv-Info:"), "{answer}");
}
