//! The torture messages of RFC 4475 and RFC 5118 against the message layer, by the table in `tests/torture`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;
use strowger_sip::proto::framing::{Frame, FrameError, Framer};
use strowger_sip::proto::wire::{Builder, Edit, HeaderId, Limits, Message, Rejected};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    message: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    section: String,
    about: String,
    wire: String,
    stream: Option<String>,
    #[serde(default)]
    node: Option<Vec<u16>>,
}

impl Case {
    fn bytes(&self) -> Bytes {
        std::fs::read(folder().join(&self.file)).unwrap().into()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/torture")
}

fn cases() -> Vec<Case> {
    let table = std::fs::read_to_string(folder().join("expect.toml")).unwrap();
    toml::from_str::<Table>(&table).unwrap().message
}

fn valid() -> impl Iterator<Item = (Case, Message)> {
    cases().into_iter().filter(|c| c.wire == "valid").map(|c| {
        let message = Message::datagram(c.bytes(), &Limits::DEFAULT);
        let message = message.unwrap_or_else(|e| panic!("{}: {e}", c.file));
        (c, message)
    })
}

fn verdict(result: Result<Message, Box<Rejected>>) -> String {
    match result {
        Ok(_) => "valid".into(),
        Err(rejected) => refusal(&rejected),
    }
}

fn refusal(rejected: &Rejected) -> String {
    match rejected.answerable() {
        Some(_) => rejected.status.to_string(),
        None => "drop".into(),
    }
}

/// The verdicts on a stream that is cut into pieces of `step` bytes after the first `first`.
fn stream_verdicts(bytes: &[u8], first: usize, step: usize) -> Vec<String> {
    let mut framer = Framer::new(Limits::DEFAULT);
    let mut verdicts = Vec::new();
    let (head, tail) = bytes.split_at(first.min(bytes.len()));
    for piece in std::iter::once(head).chain(tail.chunks(step)) {
        if framer.push(piece).is_err() {
            break;
        }
        loop {
            match framer.next_frame() {
                Ok(Some(Frame::Message(m))) => {
                    verdicts.push(verdict(Message::frame(m, &Limits::DEFAULT)))
                }
                Ok(Some(Frame::Ping | Frame::Pong)) => {}
                Ok(None) => break,
                Err(FrameError::Message(rejected)) => verdicts.push(refusal(&rejected)),
                Err(FrameError::Ended) => return verdicts,
                Err(error @ FrameError::Full) => panic!("{error}"),
            }
        }
    }
    if verdicts.is_empty() && framer.is_mid_message() {
        verdicts.push("open".into());
    }
    verdicts
}

#[test]
fn the_table_names_every_file_once() {
    let cases = cases();
    let named: BTreeSet<_> = cases.iter().map(|c| c.file.clone()).collect();
    assert_eq!(named.len(), cases.len());
    let mut found = BTreeSet::new();
    for dir in ["rfc4475", "rfc5118"] {
        for entry in std::fs::read_dir(folder().join(dir)).unwrap() {
            found.insert(format!(
                "{dir}/{}",
                entry.unwrap().file_name().to_str().unwrap()
            ));
        }
    }
    assert_eq!(named, found);
    assert_eq!(found.len(), 49 + 12);
    for case in &cases {
        assert!(!case.section.is_empty() && !case.about.is_empty());
        let silent = case.node.as_ref().is_some_and(Vec::is_empty);
        assert!(case.wire != "drop" || silent, "{}", case.file);
    }
}

#[test]
fn datagrams_get_the_verdict_of_the_table() {
    let wrong: Vec<_> = cases()
        .iter()
        .map(|c| (c, verdict(Message::datagram(c.bytes(), &Limits::DEFAULT))))
        .filter(|(c, got)| c.wire != *got)
        .map(|(c, got)| format!("{} ({}): want {}, got {got}", c.file, c.about, c.wire))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn streams_get_the_verdict_of_the_table() {
    for case in cases() {
        let want = case.stream.as_ref().unwrap_or(&case.wire);
        let bytes = case.bytes();
        assert_eq!(
            stream_verdicts(&bytes, bytes.len(), 1).join(" "),
            *want,
            "{} ({})",
            case.file,
            case.about
        );
    }
}

#[test]
fn a_stream_cut_at_any_byte_gives_the_same() {
    for case in cases() {
        let want = case.stream.as_ref().unwrap_or(&case.wire);
        let bytes = case.bytes();
        for cut in 0..bytes.len() {
            let got = stream_verdicts(&bytes, cut, bytes.len());
            assert_eq!(got.join(" "), *want, "{} cut at {cut}", case.file);
        }
        assert_eq!(
            stream_verdicts(&bytes, 0, 1).join(" "),
            *want,
            "{} byte by byte",
            case.file
        );
    }
}

#[test]
fn an_edit_without_changes_is_the_message_byte_for_byte() {
    for (case, message) in valid() {
        assert_eq!(
            Edit::new(&message).finish().unwrap(),
            message.bytes(),
            "{}",
            case.file
        );
    }
}

/// Every line rewritten through the builder, then parsed and rewritten again: nothing moves any more.
#[test]
fn rewritten_messages_are_a_fixed_point() {
    fn rewrite(m: &Message) -> Bytes {
        let mut b = match (m.method(), m.status(), m.reason()) {
            (Some(method), _, _) => Builder::request(method, m.uri_raw().unwrap()),
            (None, Some(code), Some(reason)) => Builder::response(code, reason),
            _ => unreachable!("a message is a request or a response"),
        };
        for h in m.headers() {
            let name = if h.id == HeaderId::Other {
                h.name
            } else {
                h.id.name()
            };
            b.named(name, h.value);
        }
        b.finish_with_body(m.body()).unwrap()
    }
    for (case, message) in valid() {
        let once = Message::datagram(rewrite(&message), &Limits::DEFAULT)
            .unwrap_or_else(|e| panic!("{}: {e}", case.file));
        let twice = rewrite(&once);
        assert_eq!(once.bytes(), &twice, "{}", case.file);
        let meaning = |m: &Message| {
            let lines = m.headers().filter(|h| h.id != HeaderId::ContentLength);
            let lines: Vec<_> = lines.map(|h| (h.id, h.value.to_vec())).collect();
            (
                m.method().cloned(),
                m.uri_raw().map(<[u8]>::to_vec),
                m.status(),
                lines,
                m.body().to_vec(),
            )
        };
        assert_eq!(meaning(&message), meaning(&once), "{}", case.file);
    }
}

/// What can be answered is answered with a response that is itself valid.
#[test]
fn refusals_make_valid_answers() {
    for case in cases().iter().filter(|c| c.wire.parse::<u16>().is_ok()) {
        let rejected = Message::datagram(case.bytes(), &Limits::DEFAULT).unwrap_err();
        let request = rejected.answerable().unwrap();
        let source = "198.51.100.7:5099".parse().unwrap();
        let answer = Builder::response_via(
            request,
            rejected.status,
            rejected.reason.as_bytes(),
            Some(b"t"),
            source,
        )
        .finish()
        .unwrap();
        let answer = Message::parse(answer, &Limits::DEFAULT)
            .unwrap_or_else(|e| panic!("{}: {e}", case.file));
        assert_eq!(answer.status(), Some(rejected.status), "{}", case.file);
        for id in [HeaderId::From, HeaderId::CallId, HeaderId::CSeq] {
            assert_eq!(answer.get(id), request.get(id), "{}", case.file);
        }
        assert!(
            answer
                .get(HeaderId::To)
                .unwrap()
                .starts_with(request.get(HeaderId::To).unwrap())
        );
        assert!(answer.via().unwrap().received().is_some(), "{}", case.file);
    }
}

#[test]
fn the_values_that_the_rfc_points_out() {
    let get = |name: &str| valid().find(|(c, _)| c.file == name).unwrap().1;
    let m = get("rfc4475/wsinv.sip");
    assert_eq!(m.vias().count(), 3);
    assert!(m.vias().all(|v| v.is_ok()));
    assert_eq!(m.max_forwards(), Ok(Some(68)));
    assert_eq!(m.cseq().unwrap().number, 9);
    assert_eq!(m.to_tag(), Some(&b"1918181833n"[..]));
    assert_eq!(m.from().unwrap().display().as_ref(), b"J Rosenberg \\\"");
    assert_eq!(
        m.get_named(b"NEWFANGLEDHEADER"),
        Some(&b"newfangled value\r\n continued newfangled value"[..])
    );
    assert_eq!(
        m.contact().unwrap().unwrap().params.value(b"q"),
        Some(&b"0.33"[..])
    );
    assert!(
        m.routes()
            .next()
            .unwrap()
            .unwrap()
            .uri()
            .unwrap()
            .is_loose_router()
    );
    let m = get("rfc4475/intmeth.sip");
    assert_eq!(
        m.method().unwrap().as_bytes(),
        b"!interesting-Method0123456789_*+`.%indeed'~"
    );
    assert_eq!(
        m.to().unwrap().display().as_ref(),
        b"BEL:\x07 NUL:\x00 DEL:\x7f"
    );
    let m = get("rfc4475/longreq.sip");
    assert_eq!(m.vias().count(), 34);
    let m = get("rfc4475/dblreq.sip");
    assert!(m.body().is_empty() && m.bytes().ends_with(b"\r\n\r\n"));
    let m = get("rfc4475/mpart01.sip");
    assert_eq!(m.body().len(), 553);
    let m = get("rfc4475/cparam01.sip");
    assert!(m.contact().unwrap().unwrap().params.has(b"unknownparam"));
    let m = get("rfc4475/cparam02.sip");
    assert!(
        m.contact()
            .unwrap()
            .unwrap()
            .uri()
            .unwrap()
            .params()
            .has(b"unknownparam")
    );
    let m = get("rfc4475/bext01.sip");
    let tags: Vec<_> = m.unsupported(HeaderId::Require, &[b"100rel"]).collect();
    assert_eq!(
        tags,
        [&b"nothingSupportsThis"[..], b"nothingSupportsThisEither"]
    );
    let m = get("rfc5118/port-ambiguous.sip");
    assert_eq!(m.uri().unwrap().port(), None);
    let m = get("rfc5118/port-unambiguous.sip");
    assert_eq!(m.uri().unwrap().port(), Some(5070));
}
