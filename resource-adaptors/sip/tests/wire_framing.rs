//! The stream framer: keep-alives, lengths, limits, what can be answered when a stream must close.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use strowger_sip::proto::framing::{Frame, FrameError, Framer};
use strowger_sip::proto::wire::{Limits, Rejected, WireErrorKind};

fn options(headers: &str, body: &str) -> Vec<u8> {
    format!(
        "OPTIONS sip:bob@h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:bob@h>\r\n\
Call-ID: x\r\nCSeq: 1 OPTIONS\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

fn drain(framer: &mut Framer) -> Vec<Frame> {
    std::iter::from_fn(|| framer.next_frame().unwrap()).collect()
}

fn frames(stream: &[u8], step: usize) -> Vec<Frame> {
    let mut framer = Framer::new(Limits::DEFAULT);
    let mut all = Vec::new();
    for piece in stream.chunks(step) {
        framer.push(piece).unwrap();
        all.extend(drain(&mut framer));
    }
    assert!(!framer.is_mid_message());
    assert_eq!(framer.buffered(), 0);
    all
}

fn rejection(stream: &[u8], limits: Limits) -> Box<Rejected> {
    let mut framer = Framer::new(limits);
    framer.push(stream).unwrap();
    let rejected = loop {
        match framer.next_frame() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("waits for more"),
            Err(FrameError::Message(rejected)) => break rejected,
            Err(error @ (FrameError::Full | FrameError::Ended)) => panic!("{error}"),
        }
    };
    assert!(matches!(framer.next_frame(), Err(FrameError::Ended)));
    assert!(matches!(framer.push(b"x"), Err(FrameError::Ended)));
    assert_eq!(framer.buffered(), 0);
    rejected
}

#[test]
fn messages_and_keep_alives_in_any_pieces() {
    let (a, b) = (
        options("l: 3\r\n", "abc"),
        options("Content-Length:\r\n 0\r\n", ""),
    );
    let stream = [b"\r\n\r\n".as_slice(), &a, b"\r\n", &b, &a, b"\r\n\r\n\r\n"].concat();
    let message = |m: &[u8]| Frame::Message(m.to_vec().into());
    let want = [
        Frame::Pong,
        Frame::Ping,
        message(&a),
        Frame::Pong,
        message(&b),
        message(&a),
        Frame::Pong,
        Frame::Ping,
        Frame::Pong,
    ];
    for step in 1..=stream.len() {
        assert_eq!(frames(&stream, step), want, "pieces of {step}");
    }
}

#[test]
fn a_body_may_look_like_messages() {
    let inner = options("l: 0\r\n", "");
    let outer = options(
        &format!("l: {}\r\n", inner.len() + 4),
        &format!("\r\n\r\n{}", String::from_utf8(inner).unwrap()),
    );
    assert_eq!(frames(&outer, 1), [Frame::Message(outer.into())]);
}

#[test]
fn a_message_in_pieces_is_owed() {
    let mut framer = Framer::new(Limits::DEFAULT);
    framer.push(b"OPTIONS sip:h SIP/2.0\r\n").unwrap();
    assert_eq!(framer.next_frame().unwrap(), None);
    assert!(framer.is_mid_message());
}

#[test]
fn without_a_length_the_stream_ends_with_400() {
    for headers in [
        "",
        "Content-Length: -1\r\n",
        "Content-Length: x\r\n",
        "l: 0\r\nContent-Length: 0\r\n",
        "l: 4294967296\r\n",
    ] {
        let rejected = rejection(&options(headers, ""), Limits::DEFAULT);
        assert_eq!(rejected.status, 400, "{headers}");
        assert!(rejected.answerable().is_some(), "{headers}");
    }
}

#[test]
fn too_large_ends_with_513_while_little_is_held() {
    let rejected = rejection(&options("l: 4294967295\r\n", ""), Limits::DEFAULT);
    assert_eq!(
        (rejected.status, rejected.error.kind),
        (513, WireErrorKind::MessageTooLarge)
    );
    assert!(rejected.answerable().is_some());
    let limits = Limits {
        stream: 1000,
        ..Limits::DEFAULT
    };
    let endless = options(&format!("X: {}\r\n", "y".repeat(2000)), "");
    let rejected = rejection(&endless, limits);
    assert_eq!(rejected.status, 513);
    assert!(rejected.answerable().is_some());
}

#[test]
fn what_is_not_sip_has_no_answer() {
    for stream in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\n\r\n",
        b"hello\n\n",
        b"\0\0\0\0\n\n",
    ] {
        assert!(rejection(stream, Limits::DEFAULT).answerable().is_none());
    }
}

#[test]
fn a_bad_status_line_does_not_lose_the_stream() {
    let good = options("l: 0\r\n", "");
    let bad = b"SIP/2.0 99999 x\r\nl: 2\r\n\r\nab".to_vec();
    let stream = [bad.clone(), good.clone()].concat();
    assert_eq!(
        frames(&stream, 3),
        [Frame::Message(bad.into()), Frame::Message(good.into())]
    );
}

#[test]
fn the_buffer_is_bounded() {
    let limits = Limits {
        stream: 4096,
        ..Limits::DEFAULT
    };
    let mut framer = Framer::new(limits);
    let chunk = [b'a'; 4096];
    let full = (0..100).find_map(|_| framer.push(&chunk).err());
    assert!(matches!(full, Some(FrameError::Full)));
    assert!(matches!(framer.next_frame(), Err(FrameError::Ended)));
}
