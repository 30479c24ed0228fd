//! WebSocket connections as peers make them: handshake, frames, and everything that RFC 6455 forbids.

use strowger_sip::proto::ws::client::{frame, request, server_frame};
use strowger_sip::proto::ws::{self, Close, Ended, Gate, Item, Session};

const LIMIT: usize = 1_000;
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const MESSAGE: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";

/// Everything that comes out of a stream in pieces of `step` bytes.
fn items(stream: &[u8], step: usize) -> Vec<Item> {
    let (mut session, gate, mut items) = (Session::new(LIMIT), Gate::default(), Vec::new());
    for piece in stream.chunks(step) {
        session.push(piece);
        while let Some(step) = session.next_item(&gate) {
            items.extend(step);
        }
    }
    items
}

/// What comes out behind the handshake, which is the same however the stream is cut.
fn after_handshake(frames: &[Vec<u8>]) -> Vec<Item> {
    let stream = [request("h", "/", None).into_bytes(), frames.concat()].concat();
    let whole = items(&stream, stream.len());
    for step in 1..stream.len() {
        assert_eq!(items(&stream, step), whole, "in pieces of {step}");
    }
    assert!(matches!(&whole[0], Item::Send(response) if response.starts_with(b"HTTP/1.1 101 ")));
    assert_eq!(whole[1], Item::Open);
    whole[2..].to_vec()
}

fn message(bytes: &'static [u8]) -> Item {
    Item::Message(bytes.into())
}

fn broken(close: Close) -> Vec<Item> {
    vec![Item::Send(close.frame()), Item::End(Ended::Broken(close))]
}

#[test]
fn a_frame_is_a_message_whether_text_or_binary() {
    let frames = [frame(0x81, MESSAGE, KEY), frame(0x82, MESSAGE, [0; 4])];
    assert_eq!(
        after_handshake(&frames),
        [message(MESSAGE), message(MESSAGE)]
    );
}

#[test]
fn lengths_come_in_three_forms_and_each_in_its_place() {
    for length in [0, 125, 126, 500, LIMIT] {
        let payload = vec![b'a'; length];
        let stream = [
            request("h", "/", None).into_bytes(),
            frame(0x82, &payload, KEY),
        ]
        .concat();
        let out = items(&stream, 64);
        assert_eq!(out[2], Item::Message(payload.into()), "{length}");
    }
    // 3 bytes in the form of two length bytes, and of eight.
    let long = [0x82, 0xfe, 0, 3, 0, 0, 0, 0, 1, 2, 3].to_vec();
    assert_eq!(after_handshake(&[long]), broken(Close::PROTOCOL));
    let longer = [&[0x82, 0xff][..], &3_u64.to_be_bytes(), &[0; 4]].concat();
    assert_eq!(after_handshake(&[longer]), broken(Close::PROTOCOL));
    let negative = [&[0x82, 0xff][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    assert_eq!(after_handshake(&[negative]), broken(Close::PROTOCOL));
}

/// RFC 6455 5.4: control frames stand between fragments.
#[test]
fn fragments_make_one_message_and_pings_may_come_between() {
    let frames = [
        frame(0x01, &MESSAGE[..7], KEY),
        frame(0x89, b"are you there", KEY),
        frame(0x00, &MESSAGE[7..9], [9, 8, 7, 6]),
        frame(0x00, b"", KEY),
        frame(0x8a, b"", KEY),
        frame(0x80, &MESSAGE[9..], KEY),
    ];
    let out = after_handshake(&frames);
    let Item::Send(pong) = &out[0] else {
        panic!("{out:?}")
    };
    assert_eq!(server_frame(pong).unwrap().0, 0x8a);
    assert_eq!(server_frame(pong).unwrap().1, b"are you there");
    assert_eq!(out[1..], [Item::Pong, message(MESSAGE)]);
}

#[test]
fn what_the_rfc_forbids_ends_the_connection_with_its_code() {
    let unmasked = vec![0x81, 2, b'a', b'b'];
    let cases = [
        (unmasked, Close::PROTOCOL),
        (frame(0xc1, b"a", KEY), Close::PROTOCOL),
        (frame(0x83, b"a", KEY), Close::PROTOCOL),
        (frame(0x8b, b"", KEY), Close::PROTOCOL),
        (frame(0x80, b"nothing began", KEY), Close::PROTOCOL),
        (frame(0x09, b"a ping in pieces", KEY), Close::PROTOCOL),
        (frame(0x89, &[b'a'; 126], KEY), Close::PROTOCOL),
        (frame(0x88, &[3], KEY), Close::PROTOCOL),
        (frame(0x88, &1005_u16.to_be_bytes(), KEY), Close::PROTOCOL),
        (frame(0x88, &[3, 0xe8, 0xff], KEY), Close::NOT_UTF8),
        (frame(0x81, &[0xff, 0xfe], KEY), Close::NOT_UTF8),
        (frame(0x82, &[b'a'; LIMIT + 1], KEY), Close::TOO_BIG),
        (
            [frame(0x01, b"one", KEY), frame(0x81, b"other", KEY)].concat(),
            Close::PROTOCOL,
        ),
        (
            [frame(0x01, &[b'a'; LIMIT], KEY), frame(0x80, b"a", KEY)].concat(),
            Close::TOO_BIG,
        ),
    ];
    for (bytes, close) in cases {
        let more = frame(0x81, MESSAGE, KEY);
        let out = after_handshake(&[bytes.clone(), more]);
        assert_eq!(out, broken(close), "{}", bytes.escape_ascii());
    }
}

/// RFC 6455 5.5.1: the answer has the same code, and nothing is read behind a Close.
#[test]
fn a_close_is_answered_once() {
    let frames = [frame(0x88, b"\x03\xe9bye", KEY), frame(0x81, MESSAGE, KEY)];
    let out = after_handshake(&frames);
    assert_eq!(
        out,
        [
            Item::Send(Close::GOING_AWAY.frame()),
            Item::End(Ended::Closed)
        ]
    );
    let out = after_handshake(&[frame(0x88, b"", KEY)]);
    assert!(matches!(&out[0], Item::Send(close) if close[..] == [0x88, 0]));
}

#[test]
fn a_request_without_an_end_is_refused_in_time() {
    let mut session = Session::new(LIMIT);
    let mut out = Vec::new();
    for _ in 0..10_000 {
        session.push(b"X: y\r\n");
        while let Some(step) = session.next_item(&Gate::default()) {
            out.extend(step);
        }
        assert!(session.buffered() <= ws::HEAD_MAX + 6);
    }
    assert_eq!(out.last(), Some(&Item::End(Ended::Refused(431))));
    assert_eq!(out.len(), 2);
}

#[test]
fn what_is_no_utf8_goes_out_as_binary() {
    assert_eq!(ws::server_frame(MESSAGE)[0], 0x81);
    assert_eq!(ws::server_frame(&[0xff; 70_000])[..2], [0x82, 127]);
    let long = ws::server_frame(&[b'a'; 300]);
    assert_eq!(server_frame(&long).unwrap().1.len(), 300);
}
