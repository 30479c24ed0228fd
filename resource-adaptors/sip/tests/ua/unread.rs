//! What is refused without reading it gets the answer that it would get read, and nothing else is refused so.

use super::*;
use proptest::prelude::*;

/// Two user agents that are the same, of which one reads what comes.
struct Both {
    reads: Bench,
    looks: Bench,
}

impl Both {
    fn refusing() -> Self {
        let [mut reads, mut looks] = [(); 2].map(|()| Bench::seeded(9));
        reads.ua.set_taking(Taking::Urgent);
        looks.ua.set_taking(Taking::Urgent);
        Self { reads, looks }
    }

    /// Whether the one that only looks at a message has done with it; then it did what the other one did.
    fn unread(&mut self, message: &str) -> bool {
        let done = self
            .looks
            .ua
            .refuse_unread(self.looks.now, udp(), message.as_bytes());
        self.looks.drain();
        if !done {
            assert!(self.looks.sent.is_empty());
            return false;
        }
        self.reads.receive(message.to_owned());
        assert_eq!(self.reads.seen(), Vec::<String>::new(), "{message}");
        let sent = |bench: &mut Bench| {
            let sent = std::mem::take(&mut bench.sent).into_iter();
            sent.map(|(flow, message)| (flow, message.bytes().clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(sent(&mut self.looks), sent(&mut self.reads), "{message}");
        true
    }
}

fn invite() -> String {
    request("INVITE", "i1", "", 1, "")
}

#[test]
fn what_is_plain_is_refused_unread() {
    let compact = invite()
        .replace("Via:", "v:")
        .replace("From:", "f :")
        .replace("To: ", "t:")
        .replace("Call-ID", "i");
    for message in [
        invite(),
        compact,
        invite().replace(";branch", ";rport;branch"),
        invite().replace(";branch", ";received=10.0.0.1;rport=1;branch"),
        invite().replace("UDP 192.0.2.9:5070", "UDP pbx.example"),
        invite().replace("UDP 192.0.2.9:5070", "UDP [2001:db8::1]:5070"),
        invite().replace(
            "Max-Forwards",
            "Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKb\r\nVIA:SIP/2.0/TLS c ;branch=z9hG4bKc\r\nMax-Forwards",
        ),
        invite().replace(";tag=al", ""),
        invite().replace("<sip:bob@b.example>", "sip:bob@b.example;x=y"),
        invite().replace("To: <", "To: \"a tag>, b\" <"),
        request("INVITE", "i1", "", 1, "Session-Expires: 1800\r\nSupported: timer\r\n"),
        request("MESSAGE", "m1", "", 7, ""),
        request("REGISTER", "r1", "", 7, ""),
        request("OPTIONS", "o1", "", 7, "Accept: a, b;q=0\r\n"),
    ] {
        assert!(Both::refusing().unread(&message), "{message}");
    }
}

#[test]
fn what_is_not_plain_is_read() {
    let in_dialog = request("INVITE", "i1", "there", 2, "");
    for message in [
        in_dialog.clone(),
        in_dialog.replace(";tag=there", ";x=\"a>b\";tag=there"),
        request("BYE", "b1", "there", 2, ""),
        request("CANCEL", "c1", "", 1, ""),
        request("ACK", "a1", "there", 1, ""),
        request("FOO", "f1", "", 1, ""),
        request("NOTIFY", "n1", "", 1, ""),
        request("INVITE", "e1", "", 1, "Priority: emergency\r\n"),
        request(
            "INVITE",
            "e1",
            "",
            1,
            "Resource-Priority: wps.1, esnet.2\r\n",
        ),
        invite().replace("INVITE sip:bob@192.0.2.1", "INVITE urn:service:sos"),
        invite().replace("INVITE sip:bob@192.0.2.1", "INVITE unknown:bob"),
        invite().replace("INVITE sip:bob@192.0.2.1", "INVITE sip:bob@192.0.2.1?a=b"),
        request("INVITE", "q1", "", 1, "Require: foo\r\n"),
        request("INVITE", "q1", "", 1, "Route: <sip:192.0.2.1;lr>\r\n"),
        request("INVITE", "q1", "", 1, "x: 10\r\nk: timer\r\n"),
        request("INVITE", "q1", "", 1, "To: <sip:c@d>\r\n"),
        request("INVITE", "q1", "", 1, "Subject: folded\r\n more\r\n"),
        invite().replace("SIP/2.0/UDP", "SIP/2.0/UDP a;branch=z9hG4bKa, SIP/2.0/UDP"),
        invite().replace("branch=z9hG4bK", "branch="),
        invite().replace("Call-ID", "X-Call-ID"),
        invite().replace("Content-Length: 0", "Content-Length: 1"),
        invite().replace("Max-Forwards: 70", "Max-Forwards: 256"),
        invite().replace("CSeq: 1 INVITE", "CSeq: 1 MESSAGE"),
        invite().replace("SIP/2.0\r\nVia", "SIP/3.0\r\nVia"),
        invite().replace("Contact: ", "Contact: \u{d}"),
        invite().replace("\r\n", "\n"),
        "\r\n\r\n".to_owned(),
        String::new(),
    ] {
        assert!(!Both::refusing().unread(&message), "{message}");
    }
    // Of a node that stops, or that takes everything, nothing is refused so.
    for taking in [Taking::All, Taking::Nothing] {
        let mut both = Both::refusing();
        both.looks.ua.set_taking(taking);
        assert!(!both.unread(&invite()));
    }
}

#[test]
fn a_copy_of_what_was_taken_is_not_refused() {
    let mut both = Both::refusing();
    both.looks.ua.set_taking(Taking::All);
    both.looks.receive(invite());
    assert_eq!(both.looks.seen(), ["call"]);
    both.looks.take_sent();
    both.looks.ua.set_taking(Taking::Urgent);
    assert!(!both.unread(&invite()));
    // Nor is the same request that came another way: it has another answer.
    assert!(!both.unread(&invite().replace("z9hG4bKi1", "z9hG4bKi2")));
}

#[test]
fn an_ack_for_it_is_dropped_unread_and_no_other() {
    let mut both = Both::refusing();
    let ack = |tag: &str| request("ACK", "i1", tag, 1, "");
    assert!(!both.unread(&ack("1")), "nothing was refused");
    both.reads.receive(invite());
    both.looks.receive(invite());
    assert_eq!(both.reads.take_sent().len(), 1);
    let tag = both.looks.take_sent()[0].to_tag().unwrap().to_vec();
    let tag = String::from_utf8(tag).unwrap();
    assert!(!both.unread(&ack(&tag)), "what was refused was read");
    assert!(both.unread(&invite()));
    assert!(both.unread(&ack(&tag)));
    for other in [
        ack("1"),
        ack(&format!("{tag}0")),
        ack(&tag).replace("call-1", "call-2"),
        ack(&tag).replace(";tag=al", ";tag=bl"),
        ack(&tag).replace("Contact", "Route: <sip:192.0.2.1;lr>\r\nContact"),
    ] {
        assert!(!both.unread(&other), "{other}");
    }
    // Nor one of a transaction that is there: it has passed on what was refused when it came here again.
    let mut both = Both::refusing();
    both.looks.ua.set_taking(Taking::All);
    both.looks.receive(invite());
    both.looks.take_sent();
    both.looks.ua.set_taking(Taking::Urgent);
    let again = invite()
        .replace("z9hG4bKi1", "z9hG4bKi2")
        .replace("1 INVITE", "2 INVITE");
    assert!(
        both.looks
            .ua
            .refuse_unread(both.looks.now, udp(), again.as_bytes())
    );
    both.looks.drain();
    both.looks.take_sent();
    assert!(!both.unread(&ack(&tag)));
    let mut both = Both::refusing();
    assert!(both.unread(&invite()));
    // They come as long as a transaction lasts, whether there is time again or not.
    both.looks.ua.set_taking(Taking::All);
    both.looks.until(31_999);
    assert!(both.unread(&ack(&tag)));
    both.looks.until(32_000);
    assert!(!both.unread(&ack(&tag)));
}

fn blank() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", " ", " ", " ", " ", " ", "\t ", "\r\n "])
}

/// A line with blanks where they may be.
fn line_of(
    name: impl Strategy<Value = String>,
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    (name, blank(), blank(), value).prop_map(|(name, before, after, value)| {
        let before = before.trim_end_matches("\r\n ");
        format!("{name}{before}:{after}{value}")
    })
}

fn name(full: &'static str, compact: &'static str) -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        full.to_owned(),
        full.to_uppercase(),
        compact.to_owned(),
    ])
}

fn via() -> impl Strategy<Value = String> {
    let host = prop::sample::select(vec!["192.0.2.9", "a.example:5070", "[2001:db8::9]:1"]);
    let more = vec![
        "",
        "",
        ";rport",
        ";received=10.0.0.1",
        ";x=\"a,b\"",
        " ; rport",
    ];
    let value =
        (host, prop::sample::select(more), "[a-zA-Z0-9]{1,8}").prop_map(|(host, more, branch)| {
            format!("SIP/2.0/UDP {host}{more};branch=z9hG4bK{branch}")
        });
    line_of(name("Via", "v"), value)
}

/// An address that has a tag with this probability.
fn tagged(probability: f64) -> impl Strategy<Value = String> {
    let address = prop::sample::select(vec![
        "<sip:a@b.example>",
        "\"A, \\\"> B\" <sip:a@b;lr>",
        "Bob <tel:+1;x=y>",
        "sip:c@d",
    ]);
    let tag = prop::option::weighted(probability, "[a-z0-9.]{1,12}");
    (address, tag).prop_map(|(address, tag)| match tag {
        Some(tag) => format!("{address};tag={tag}"),
        None => address.to_owned(),
    })
}

fn other_lines() -> impl Strategy<Value = Vec<String>> {
    let other = prop::sample::select(vec![
        "Max-Forwards: 70",
        "Contact: <sip:alice@192.0.2.9>",
        "User-Agent: x: \"y",
        "Subject: a, b",
        "Supported: timer",
        "x: 90",
        "Priority: normal",
        "Priority : emergency",
        "Resource-Priority: esnet.1",
        "Route: <sip:192.0.2.1;lr>",
    ]);
    prop::collection::btree_set(other, 0..4)
        .prop_map(|lines| lines.into_iter().map(str::to_owned).collect())
}

/// Requests, well-formed, in all the ways that peers write them.
fn requests() -> impl Strategy<Value = String> {
    let method = prop::sample::select(vec!["INVITE", "INVITE", "INVITE", "MESSAGE", "PUBLISH"]);
    let start = (method, 0_u32..1 << 31);
    let single = (
        line_of(name("From", "f"), tagged(0.9)),
        line_of(name("To", "t"), tagged(0.1)),
        line_of(name("Call-ID", "i"), "[a-z0-9]{1,12}(@[a-z.]{1,8})?"),
    );
    let vias = prop::collection::vec(via(), 1..4);
    (start, vias, single, other_lines())
        .prop_flat_map(|((method, number), vias, (from, to, call_id), others)| {
            let cseq = format!("CSeq: {number} {method}");
            let rest = [vec![from, to, call_id, cseq], others].concat();
            (Just(method), Just(vias), Just(rest).prop_shuffle())
        })
        .prop_map(|(method, vias, rest)| {
            let start = format!("{method} sip:bob@192.0.2.1 SIP/2.0");
            let lines = [vec![start], vias, rest].concat().join("\r\n");
            format!("{lines}\r\n\r\nv=0\r\n")
        })
}

proptest! {
    #[test]
    fn whatever_is_refused_unread_is_refused_as_if_it_were_read(messages in prop::collection::vec(requests(), 1..5)) {
        let mut both = Both::refusing();
        for message in messages {
            // Only what is usual is refused unread, and much of what comes is.
            let urgent = message.contains("mergency") || message.contains("esnet");
            let done = both.unread(&message);
            prop_assert!(!(done && urgent), "{message}");
        }
    }
}
