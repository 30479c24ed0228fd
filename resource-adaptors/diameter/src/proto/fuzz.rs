//! Bodies of the fuzz targets in `tests/fuzz`: any bytes in, a panic if the wire layer breaks a promise.
//!
//! They live here so that the ordinary tests replay the corpora and mutate them with the very same code. Not part of
//! the adaptor's interface.

use bytes::Bytes;

use super::dict::{AvpDef, Dictionary, Kind, Level, base, validate};
use super::wire::{
    Avp, AvpBuf, Avps, Builder, FrameFault, Framer, HEADER_LEN, Header, Limits, Message, Patch,
};

/// A frame, as it is and with a header that fits it: an accepted one is written back byte for byte, can be answered and
/// patched; a refused one has an answer.
pub fn diameter_message(data: &[u8]) {
    frame(data);
    if data.len() > HEADER_LEN {
        let mut fitted = data[..data.len() & !3].to_vec();
        let length = u32::try_from(fitted.len()).unwrap_or_default();
        fitted[..4].copy_from_slice(&(length | 1 << 24).to_be_bytes());
        fitted[4] &= 0xd0;
        frame(&fitted);
    }
}

/// A frame as it is.
pub fn frame(data: &[u8]) {
    match Message::parse(Bytes::copy_from_slice(data)) {
        Ok(message) => accepted(&message),
        Err(fault) => {
            let codes = [3008, 3009, 5011, 5012, 5013, 5014, 5015];
            assert!(codes.contains(&fault.result_code), "{fault:?}");
            let answer = fault.answer(data, "a.example", "example");
            let answer = outer(answer);
            assert_eq!(answer.result_code(), Some(fault.result_code));
            assert_eq!(answer.is_error(), fault.is_protocol_error());
            if let Some(failed) = fault.failed_avp {
                let mut avps = Avps::new(&failed);
                assert!(avps.next().is_some() && avps.rest().is_empty());
            }
        }
    }
}

/// A stream: the first byte says how the rest is cut; the cuts must not change what comes out, and no more is held than
/// a message.
pub fn diameter_stream(data: &[u8]) {
    let Some((&step, stream)) = data.split_first() else {
        return;
    };
    let whole = frames(stream, stream.len().max(1));
    let pieces = frames(stream, usize::from(step).max(1));
    assert_eq!(whole, pieces, "the stream's cuts changed its frames");
}

/// Every AVP of a message, read as everything that it could be, and the message held to its definition.
pub fn diameter_values(data: &[u8]) {
    let Ok(message) = Message::parse(Bytes::copy_from_slice(data)) else {
        return;
    };
    if let Err(fault) = validate(&message, &Dictionary::standard(), Level::Full) {
        let answer = outer(fault.answer(data, "a.example", "example"));
        assert_eq!(answer.result_code(), Some(fault.result_code));
        let failed = fault.failed_avp.unwrap_or_default();
        assert!(Avps::new(&failed).is_sound(), "Failed-AVP is malformed");
    }
    let mut open = vec![message.avps()];
    let (dictionary, mut steps) = (Dictionary::standard(), 0);
    while let Some(mut run) = open.pop() {
        while let Some(avp) = run.next() {
            steps += 1;
            values(&avp);
            let def = dictionary.avp(avp.code, avp.vendor);
            if def.is_some_and(|def| def.kind == Kind::Grouped) && steps < 10_000 {
                open.push(run);
                run = avp.group();
            }
        }
    }
}

fn accepted(message: &Message) {
    let bytes = message.bytes();
    assert_eq!(message.header().to_bytes(), bytes[..HEADER_LEN]);
    let header = message.header();
    let mut copy = Builder::request(header.command, header.application);
    copy.flags(header.flags);
    let mut count = 0;
    for avp in message.avps() {
        count += 1;
        write(&avp, copy.body(), 0);
        assert_eq!(message.share(avp.data), avp.data);
    }
    let copy = copy.finish(header.hop_by_hop, header.end_to_end);
    assert_eq!(copy.as_ref(), Ok(bytes), "written back otherwise");
    let last = message
        .avps()
        .last()
        .map(|avp| avp.raw().as_ptr_range().end);
    assert!(last.is_none_or(|end| end == bytes.as_ptr_range().end));
    let _ = (message.session_id(), message.result_code());
    answered(message);
    let patched = Patch::new(bytes.clone())
        .hop_by_hop(1)
        .end_to_end(2)
        .retransmit();
    let Ok(patched) = patched.route_record("a.example") else {
        return;
    };
    let patched = outer(patched.finish());
    assert!(patched.has_route_record("A.EXAMPLE") && patched.header().is_retransmit());
    assert_eq!(patched.avps().count(), count + 1);
    assert_eq!(
        (patched.header().hop_by_hop, patched.header().end_to_end),
        (1, 2)
    );
}

fn answered(request: &Message) {
    let mut answer = Builder::answer(request);
    answer.identities("a.example", "example");
    let Ok(answer) = answer.finish(3, 4) else {
        return;
    };
    let answer = Message::parse(answer);
    let answer = answer.unwrap_or_else(|fault| panic!("an answer does not parse: {fault:?}"));
    assert_eq!(answer.session_id(), request.session_id());
    assert!(!answer.is_request() && !answer.is_error());
}

/// Writes an AVP by its parts where they say all of it, else as it stands.
fn write(avp: &Avp<'_>, out: &mut AvpBuf, depth: usize) {
    let head = avp.raw().len() - avp.data.len().next_multiple_of(4);
    let padding = &avp.raw()[head + avp.data.len()..];
    let plain = padding.iter().all(|&b| b == 0) && (head == 12) == (avp.vendor != 0);
    let def = Dictionary::standard();
    let def = def.avp(avp.code, avp.vendor);
    let is_checked = |def: &AvpDef| def.kind == Kind::Grouped && def.code != base::FAILED_AVP.code;
    if def.is_some_and(is_checked) && plain && depth < 16 {
        let mut group = AvpBuf::new();
        let mut members = avp.group();
        for member in &mut members {
            write(&member, &mut group, depth + 1);
        }
        assert!(members.rest().is_empty(), "an accepted group is malformed");
        out.put(avp.code, avp.vendor, avp.flags, group.as_bytes());
    } else if plain {
        out.put(avp.code, avp.vendor, avp.flags, avp.data);
    } else {
        out.raw(*avp);
    }
}

fn values(avp: &Avp<'_>) {
    let fixed = [
        avp.u32().is_ok(),
        avp.i32().is_ok(),
        avp.f32().is_ok(),
        avp.time().is_ok(),
    ];
    assert!(fixed.iter().all(|&ok| ok == (avp.data.len() == 4)));
    let fixed = [avp.u64().is_ok(), avp.i64().is_ok(), avp.f64().is_ok()];
    assert!(fixed.iter().all(|&ok| ok == (avp.data.len() == 8)));
    if let Ok(time) = avp.time() {
        assert_eq!(time.to_wire(), avp.data);
        assert_eq!(super::wire::Time::from_unix(time.unix()), Some(time));
    }
    if let Ok(address) = avp.address() {
        let mut out = Vec::new();
        assert!(super::wire::Value::write(&address, Kind::Address, &mut out));
        assert_eq!(out, avp.data);
    }
    if let Ok(uri) = avp.uri() {
        assert!(avp.utf8().is_ok_and(|text| text.contains(uri.host)));
    }
    assert!(avp.identity().is_err() || avp.utf8().is_ok());
    assert!(avp.group().count() <= avp.data.len() / 8);
}

fn outer(bytes: Bytes) -> Message {
    let limits = Limits {
        avps: u32::MAX,
        ..Limits::DEFAULT
    };
    Message::parse_outer(bytes, &limits)
        .unwrap_or_else(|fault| panic!("what was written does not parse: {fault:?}"))
}

fn frames(stream: &[u8], step: usize) -> Vec<Result<Bytes, FrameFault>> {
    const MAX: u32 = 4096;
    let (mut framer, mut seen) = (Framer::new(MAX), Vec::new());
    for piece in stream.chunks(step) {
        framer.push(piece);
        loop {
            match framer.next_frame() {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    let header = Header::read(&frame).map(|header| header.length as usize);
                    assert_eq!(header, Some(frame.len()));
                    seen.push(Ok(frame));
                }
                Err(fault) => {
                    if let Some(answer) = fault.answer("a.example", "example") {
                        assert_eq!(outer(answer).result_code(), Some(5015));
                    }
                    seen.push(Err(fault));
                }
            }
        }
        assert!(framer.buffered() < MAX as usize + step);
    }
    seen
}
