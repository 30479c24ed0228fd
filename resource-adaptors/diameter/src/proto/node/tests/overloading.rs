//! Overload control by agreement (RFC 7683).

use super::raw::Raw;
use super::*;
use crate::proto::dict::overload;

fn node(hosts: &[&str]) -> (Raw, Vec<Link>) {
    let mut config = config("node.test");
    config.peers = hosts
        .iter()
        .map(|host| PeerConfig::new(host, None))
        .collect();
    config.overload.enabled = true;
    let mut raw = Raw::new(config);
    let links = hosts.iter().map(|host| raw.open(host)).collect();
    (raw, links)
}

/// A request of a session, the last of it or another one.
fn of_session(last: bool, host: Option<&str>) -> Bytes {
    let bytes = request("node.test", "test", host);
    let mut bytes = bytes.to_vec();
    let at = bytes
        .windows(8)
        .position(|it| it[..4] == [0, 0, 1, 0xa0])
        .unwrap();
    bytes[at + 11] = if last { 3 } else { 2 };
    bytes.into()
}

/// An answer with a report.
fn reporting(
    asked: &Message,
    host: &str,
    kind: i32,
    sequence: u64,
    percentage: u32,
    seconds: u32,
) -> Bytes {
    let mut builder = Builder::answer(asked);
    builder
        .avp(&base::RESULT_CODE, 2001_u32)
        .identities(host, "test");
    builder.group(&overload::OC_OLR, |olr| {
        olr.avp(&overload::OC_SEQUENCE_NUMBER, sequence);
        olr.avp(&overload::OC_REPORT_TYPE, kind);
        olr.avp(&overload::OC_REDUCTION_PERCENTAGE, percentage);
        olr.avp(&overload::OC_VALIDITY_DURATION, seconds);
    });
    builder
        .finish(asked.header().hop_by_hop, asked.header().end_to_end)
        .unwrap()
}

/// How many of a thousand requests are left out.
fn left_out(raw: &mut Raw, link: Link, last: bool, host: Option<&str>) -> usize {
    let mut out = 0;
    for _ in 0..10_000 {
        let tx = raw.request(Outgoing::new(of_session(last, host)));
        if raw.ends(tx) == [Err(TxFailure::Overflow)] {
            out += 1;
        } else {
            let asked = raw.last(link).clone();
            raw.give(link, &raw::answer(&asked, 2001));
        }
        raw.outputs.clear();
        raw.sent.clear();
    }
    out / 10
}

fn report(raw: &mut Raw, link: Link, kind: i32, sequence: u64, percentage: u32, seconds: u32) {
    raw.request(Outgoing::new(of_session(true, Some("peer.test"))));
    let asked = raw.last(link).clone();
    assert!(asked.find(&overload::OC_SUPPORTED_FEATURES).is_some());
    raw.give(
        link,
        &reporting(&asked, "peer.test", kind, sequence, percentage, seconds),
    );
}

#[test]
fn a_report_of_thirty_per_cent_leaves_out_thirty_per_cent_but_nothing_that_ends_a_session() {
    for (kind, host) in [(0, Some("peer.test")), (0, None), (1, None)] {
        let (mut raw, links) = node(&["peer.test"]);
        report(&mut raw, links[0], kind, 1, 30, 20);
        let share = left_out(&mut raw, links[0], false, host);
        assert!((280..=320).contains(&share), "{share} of 1000");
        assert_eq!(left_out(&mut raw, links[0], true, host), 0);
        raw.run(20_001);
        assert_eq!(
            left_out(&mut raw, links[0], false, host),
            0,
            "the report is over"
        );
    }
}

#[test]
fn only_a_newer_report_replaces_one_and_one_without_time_ends_it() {
    let (mut raw, links) = node(&["peer.test"]);
    report(&mut raw, links[0], 0, 5, 100, 25);
    report(&mut raw, links[0], 0, 4, 0, 25);
    assert_eq!(left_out(&mut raw, links[0], false, None), 1_000);
    report(&mut raw, links[0], 0, 6, 101, 25);
    assert_eq!(
        left_out(&mut raw, links[0], false, None),
        1_000,
        "that is no percentage"
    );
    report(&mut raw, links[0], 0, 7, 100, 0);
    assert_eq!(left_out(&mut raw, links[0], false, None), 0);
}

#[test]
fn what_one_host_will_not_have_goes_to_another() {
    let (mut raw, links) = node(&["peer.test", "other.test"]);
    report(&mut raw, links[0], 0, 1, 100, 20);
    for _ in 0..100 {
        let tx = raw.request(Outgoing::new(of_session(false, None)));
        assert_eq!(raw.ends(tx), []);
    }
    assert_eq!(raw.stack.peer("other.test").unwrap().pending, 100);
}

#[test]
fn we_report_to_those_who_understand() {
    let (mut raw, links) = node(&["peer.test"]);
    raw.stack.report_overload(true);
    let mut announcing = AvpBuf::new();
    announcing.group(&overload::OC_SUPPORTED_FEATURES, |features| {
        features.avp(&overload::OC_FEATURE_VECTOR, 1_u64);
    });
    let plain = request("peer.test", "test", None);
    let patch = crate::proto::wire::Patch::new(plain.clone()).append(announcing.as_bytes());
    for (bytes, understands) in [(plain, false), (patch.unwrap().finish(), true)] {
        raw.give(links[0], &bytes);
        let (key, asked) = raw.requests().pop().unwrap();
        assert!(raw.stack.answer(Ms(0), key, success(&asked, "node.test")));
        raw.drain();
        let answer = raw.last(links[0]);
        let olr = answer.find(&overload::OC_OLR);
        assert_eq!(olr.is_some(), understands);
        if let Some(olr) = olr {
            let percentage = olr.group().get(&overload::OC_REDUCTION_PERCENTAGE).unwrap();
            assert_eq!(percentage.u32(), Ok(50));
        }
    }
}
