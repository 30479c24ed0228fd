//! The default alphabet by the table of TS 23.038 6.2.1, and the alphabets of SMPP.

use proptest::prelude::*;
use strowger_sms::proto::text::{
    Alphabet, Unencodable, choose, decode, encode, encode_lossy, pack, unpack,
};

/// The table as it is printed: a line is a row, 0x10 lies between its columns. `\u{1b}` is the escape character.
const TABLE: [&str; 16] = [
    "@Δ 0¡P¿p",
    "£_!1AQaq",
    "$Φ\"2BRbr",
    "¥Γ#3CScs",
    "èΛ¤4DTdt",
    "éΩ%5EUeu",
    "ùΠ&6FVfv",
    "ìΨ'7GWgw",
    "òΣ(8HXhx",
    "ÇΘ)9IYiy",
    "\nΞ*:JZjz",
    "Ø\u{1b}+;KÄkä",
    "øÆ,<LÖlö",
    "\ræ-=MÑmñ",
    "Åß.>NÜnü",
    "åÉ/?O§oà",
];

/// The extension table, as it is printed.
const EXTENSION: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

fn characters() -> Vec<(Vec<u8>, char)> {
    let rows = (0_u8..).zip(TABLE);
    let cells = rows.flat_map(|(row, line)| {
        let columns = (0_u8..).zip(line.chars());
        columns.map(move |(column, c)| (vec![column * 16 + row], c))
    });
    let plain = cells.filter(|(_, c)| *c != '\u{1b}');
    let escaped = EXTENSION.iter().map(|&(septet, c)| (vec![0x1b, septet], c));
    plain.chain(escaped).collect()
}

#[test]
fn all_137_characters_both_ways() {
    let all = characters();
    assert_eq!(all.len(), 137);
    for (septets, character) in &all {
        let text = character.to_string();
        let decoded = decode(Alphabet::Gsm7, septets);
        assert_eq!((&decoded.text, decoded.lost), (&text, 0), "{septets:02x?}");
        assert_eq!(
            encode(&text, Alphabet::Gsm7).as_ref(),
            Ok(septets),
            "{text}"
        );
        assert_eq!(choose(&text), Alphabet::Gsm7, "{text}");
    }
    for other in (0..=0xffff).filter_map(char::from_u32) {
        if !all.iter().any(|&(_, c)| c == other) {
            assert!(
                encode(&other.to_string(), Alphabet::Gsm7).is_err(),
                "{other:?}"
            );
        }
    }
}

#[test]
fn an_escape_that_leads_nowhere_is_the_plain_character_and_two_are_a_space() {
    let read = |septets: &[u8]| decode(Alphabet::Gsm7, septets);
    assert_eq!(read(&[0x1b, b'A']).text, "A");
    assert_eq!(read(&[0x1b, 0x1b, 0x14]).text, " Λ");
    assert_eq!(read(&[b'A', 0x1b]).lost, 1);
    assert_eq!(read(&[b'A', 0xe4]).text, "A\u{fffd}");
    assert_eq!(read(&[0x1b, 0xe4]).lost, 2);
}

#[test]
fn the_other_alphabets() {
    assert_eq!(decode(Alphabet::Latin1, b"\xe4\x80").text, "ä\u{80}");
    assert_eq!(
        encode("ä€", Alphabet::Latin1).map_err(|e| (e.at, e.character)),
        Err((2, '€'))
    );
    assert_eq!(encode("~`|", Alphabet::Ascii).as_deref(), Ok(&b"~`|"[..]));
    assert_eq!(decode(Alphabet::Ascii, b"a\x80").lost, 1);
    assert_eq!(
        encode("aä", Alphabet::Ucs2).as_deref(),
        Ok(&[0, b'a', 0, 0xe4][..])
    );
    assert_eq!(
        encode("😀", Alphabet::Ucs2).as_deref(),
        Ok(&[0xd8, 0x3d, 0xde, 0x00][..])
    );
    assert_eq!(
        decode(Alphabet::Ucs2, &[0xd8, 0x3d, 0xde, 0x00, 0]).text,
        "😀\u{fffd}"
    );
    let cut = decode(Alphabet::Ucs2, &[0, b'a', 0xd8, 0x3d]);
    assert_eq!((&cut.text[..], cut.lost), ("a\u{fffd}", 1));
    assert_eq!(decode(Alphabet::Binary, b"abc").lost, 3);
    let fault = Unencodable {
        at: 0,
        character: 'a',
    };
    assert_eq!(encode("a", Alphabet::Binary), Err(fault));
    assert_eq!(choose("`"), Alphabet::Ucs2);
    let lossy = encode_lossy("a😀ç", Alphabet::Gsm7);
    assert_eq!((&lossy.octets[..], lossy.lost), (&b"a??"[..], 2));
}

proptest! {
    #[test]
    fn what_an_alphabet_takes_comes_back(text in "[ -~äöüÄÖÜß€Φ]{0,200}") {
        for alphabet in [Alphabet::Gsm7, Alphabet::Latin1, Alphabet::Ascii, Alphabet::Ucs2] {
            if let Ok(octets) = encode(&text, alphabet) {
                let decoded = decode(alphabet, &octets);
                prop_assert_eq!((&decoded.text, decoded.lost), (&text, 0));
            }
        }
        let chosen = choose(&text);
        prop_assert!(encode(&text, chosen).is_ok());
    }

    #[test]
    fn any_text_goes_through_septets_packed(text in "[@-Za-z€{}0-9\r ]{0,160}") {
        let septets = encode(&text, Alphabet::Gsm7).expect("all are in the alphabet");
        let packed = pack(&septets, 0);
        prop_assert_eq!(decode(Alphabet::Gsm7, &unpack(&packed, septets.len(), 0)).text, text);
    }

    #[test]
    fn any_octets_are_read(octets: Vec<u8>) {
        for alphabet in [Alphabet::Gsm7, Alphabet::Latin1, Alphabet::Ascii, Alphabet::Ucs2, Alphabet::Binary] {
            let decoded = decode(alphabet, &octets);
            let replaced = decoded.text.chars().filter(|&c| c == char::REPLACEMENT_CHARACTER).count();
            let is_text = alphabet != Alphabet::Binary;
            prop_assert!(!is_text || replaced >= decoded.lost);
        }
    }
}
