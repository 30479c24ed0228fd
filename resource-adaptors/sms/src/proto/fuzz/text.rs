//! Alphabets, headers, receipts; cutting and putting together.

use crate::proto::receipt::{Receipt, State, id};
use crate::proto::text::{
    Alphabet, Concat, DataCoding, Language, Limits, Offered, Reassembler, Reference, Shift, choose,
    choose_among, decode, encode, encode_lossy, pack_to_octets, split, split_octets, udh, unpack,
    unpack_octets,
};

/// The first byte is a data coding, the second names tables; the rest is a message: what is read of it can be written, cut and put
/// together again.
pub fn sms_text(data: &[u8]) {
    let Some((&[coding, tables], octets)) = data.split_first_chunk() else {
        return;
    };
    let shift = Shift {
        locking: Language::from_id(tables & 0x0f),
        single: Language::from_id(tables >> 4),
    };
    let alphabet = DataCoding(coding).alphabet(Alphabet::gsm7(shift));
    let alphabet = alphabet.unwrap_or(Alphabet::Latin1);
    let (header, body) = match udh::parse(octets) {
        Ok((udh, body)) => (Some(udh), body),
        Err(_) => (None, octets),
    };
    let alphabet = header.map_or(alphabet, |udh| alphabet.with_shift(udh.shift()));
    let decoded = decode(alphabet, body);
    assert!(decoded.text.chars().count() <= body.len().max(1));
    let lossy = encode_lossy(&decoded.text, alphabet);
    match encode(&decoded.text, alphabet) {
        Ok(written) => {
            assert_eq!(lossy.octets, written);
            assert_eq!(decode(alphabet, &written).text, decoded.text);
            rejoin(&decoded.text, alphabet);
        }
        Err(fault) => assert!(decoded.text[fault.at..].starts_with(fault.character)),
    }
    let chosen = choose(&decoded.text);
    assert!(encode(&decoded.text, chosen).is_ok());
    let _ = unpack_octets(&pack_to_octets(&unpack(body, usize::from(coding), tables)));
    if body.len() < 400 {
        let among = choose_among(&decoded.text, &Language::ALL);
        assert!(encode(&decoded.text, among).is_ok());
    }
    if let Ok(text) = std::str::from_utf8(octets) {
        receipt(text);
    }
}

/// Parts as they come: four bytes each, of which the reassembler keeps what its limits allow and loses nothing unsaid.
pub fn sms_parts(data: &[u8]) {
    let limits = Limits {
        messages: 8,
        octets: 4_000,
        ttl: 100,
    };
    let (mut waiting, mut now) = (Reassembler::<u8, usize>::new(limits), 0);
    let (mut came, mut gone, mut kept) = (0, 0, 0_usize);
    for (n, chunk) in data.chunks_exact(4).enumerate() {
        let &[key, place, time, size] = chunk else {
            return;
        };
        now += u64::from(time & 0x0f);
        let (total, number) = (place & 0x0f, place >> 4);
        let at = Concat {
            reference: u16::from(key >> 4),
            total,
            number,
            wide: time & 0x80 != 0,
        };
        came += 1;
        match waiting.offer(now, key & 3, at, n, usize::from(size)) {
            Offered::Complete(parts) => gone += parts.len(),
            Offered::Duplicate | Offered::Full(_) => gone += 1,
            Offered::Waiting => {}
        }
        while let Some(dropped) = waiting.next_dropped(now) {
            assert!(dropped.parts.len() < usize::from(dropped.total));
            gone += dropped.parts.len();
        }
        assert!(waiting.len() <= limits.messages && waiting.octets() <= limits.octets);
        assert!(waiting.deadline().is_none_or(|deadline| deadline > now));
        kept = came - gone;
    }
    while let Some(dropped) = waiting.next_dropped(now + limits.ttl) {
        kept -= dropped.parts.len();
    }
    assert!(kept == 0 && waiting.is_empty() && waiting.octets() == 0);
}

fn rejoin(text: &str, alphabet: Alphabet) {
    for reference in [
        Reference::Bits8(7),
        Reference::Bits16(700),
        Reference::Sar(7),
    ] {
        let Ok(parts) = split(text, alphabet, reference) else {
            continue;
        };
        let joined: String = parts
            .iter()
            .map(|part| decode(alphabet, &part.body).text)
            .collect();
        assert_eq!(joined, text, "parts do not say what the whole says");
        let bytes = text.as_bytes();
        let pieces = split_octets(bytes, reference);
        let pieces = pieces.map(|pieces| pieces.into_iter().flat_map(|p| p.body).collect());
        assert!(pieces.is_ok_and(|joined: Vec<u8>| joined == bytes) || bytes.len() > 255 * 130);
    }
}

fn receipt(text: &str) {
    if let Some(receipt) = Receipt::parse(text) {
        let again = Receipt::parse(&receipt.to_string());
        let state = receipt.state.or(Some(State::Unknown));
        assert!(again.is_some_and(|again| again.state == state));
        let _ = id::forms(&receipt.id, id::Reading::Any);
    }
}
