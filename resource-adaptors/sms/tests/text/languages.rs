//! The tables of the national languages (TS 23.038 annex A).

use std::collections::BTreeMap;

use strowger_sms::proto::text::{
    Alphabet, Language, Reference, Shift, choose_among, decode, encode, split,
};

/// The characters of a table by septet; what it does not have is not in it.
fn locking(language: Language) -> BTreeMap<u8, char> {
    let alphabet = Alphabet::Gsm7Shift(Shift::locking(language));
    let read = |septet: u8| {
        let decoded = decode(alphabet, &[septet]);
        let is_there = decoded.lost == 0;
        Some((septet, decoded.text.chars().next()?)).filter(|_| is_there)
    };
    (0..128).filter(|&s| s != 0x1b).filter_map(read).collect()
}

/// The same behind the escape character; what falls back to the plain table is not in it.
fn single(language: Language) -> BTreeMap<u8, char> {
    let alphabet = Alphabet::Gsm7Shift(Shift::single(language));
    let read = |septet: u8| {
        let character = decode(alphabet, &[0x1b, septet]).text.chars().next()?;
        let plain = decode(Alphabet::Gsm7, &[septet]).text.chars().next()?;
        Some((septet, character)).filter(|_| character != plain)
    };
    (0..128).filter(|&s| s != 0x1b).filter_map(read).collect()
}

/// Where a script lies in Unicode, with the name of its language.
const SCRIPTS: [(Language, u32); 9] = [
    (Language::Bengali, 0x0980),
    (Language::Gujarati, 0x0a80),
    (Language::Hindi, 0x0900),
    (Language::Kannada, 0x0c80),
    (Language::Malayalam, 0x0d00),
    (Language::Oriya, 0x0b00),
    (Language::Punjabi, 0x0a00),
    (Language::Tamil, 0x0b80),
    (Language::Telugu, 0x0c00),
];

#[test]
fn every_character_of_every_table_both_ways() {
    let mut cells = 0;
    for language in Language::ALL {
        for shift in [
            Shift::single(language),
            Shift::locking(language),
            Shift::both(language),
        ] {
            let alphabet = Alphabet::Gsm7Shift(shift);
            let plain = (0..128).filter(|&s| s != 0x1b).map(|s| vec![s]);
            let escaped = (0..128).map(|s| vec![0x1b, s]);
            for septets in plain.chain(escaped) {
                let decoded = decode(alphabet, &septets);
                if decoded.lost == 0 {
                    let written = encode(&decoded.text, alphabet).expect("what it reads it writes");
                    assert_eq!(
                        decode(alphabet, &written).text,
                        decoded.text,
                        "{language:?}"
                    );
                    assert!(
                        written.len() <= septets.len(),
                        "{language:?} {septets:02x?}"
                    );
                    cells += 1;
                }
            }
        }
    }
    assert!(cells > 13 * 3 * 200, "{cells}");
}

#[test]
fn identifiers_are_those_of_the_specification() {
    for (id, language) in (1..).zip(Language::ALL) {
        assert_eq!(language.id(), id);
        assert_eq!(Language::from_id(id), Some(language));
    }
    assert_eq!((Language::from_id(0), Language::from_id(14)), (None, None));
}

/// A.3: how many characters each table has beside the escape character.
#[test]
fn locking_tables_are_complete() {
    let counts: Vec<_> = Language::ALL.iter().map(|&l| locking(l).len()).collect();
    assert_eq!(
        counts,
        [
            127, 127, 127, 114, 120, 127, 120, 120, 116, 110, 102, 120, 127
        ]
    );
}

#[test]
fn scripts_stand_in_the_order_of_unicode() {
    for (language, block) in SCRIPTS {
        let table = locking(language);
        let script: Vec<_> = table.values().filter(|c| !c.is_ascii()).collect();
        assert!(
            script.is_sorted_by(|a, b| a < b),
            "{language:?}: {script:?}"
        );
        let is_in = |c: &&char| (block..block + 0x80).contains(&u32::from(**c));
        assert!(script.iter().all(is_in), "{language:?}: {script:?}");
        for letter in ('a'..='z').chain('0'..='9').chain(" !,.:;?".chars()) {
            assert_eq!(table.get(&(letter as u8)), Some(&letter), "{language:?}");
        }
        // The parentheses have changed places, which is so in all of them.
        assert_eq!((table[&0x28], table[&0x29]), (')', '('), "{language:?}");
    }
}

#[test]
fn digits_of_the_scripts_follow_each_other() {
    for (language, block) in SCRIPTS {
        let table = single(language);
        let first = if language == Language::Bengali {
            0x19
        } else {
            0x1c
        };
        let septets = (first..).filter(|&s| s != 0x1b).take(10);
        for (n, septet) in (0..).zip(septets) {
            let digit = char::from_u32(block + 0x66 + n);
            assert_eq!(table.get(&septet).copied(), digit, "{language:?} {n}");
        }
        for letter in 'A'..='Z' {
            let alphabet = Alphabet::Gsm7Shift(Shift::both(language));
            let written = encode(&letter.to_string(), alphabet);
            assert_eq!(
                written.as_deref(),
                Ok(&[0x1b, letter as u8][..]),
                "{language:?}"
            );
        }
    }
}

#[test]
fn european_languages() {
    let turkish = encode(
        "Şişli'de ığ",
        Alphabet::Gsm7Shift(Shift::single(Language::Turkish)),
    );
    let expected = b"\x1bSi\x1bsli'de \x1bi\x1bg";
    assert_eq!(turkish.as_deref(), Ok(&expected[..]));
    let turkish = encode(
        "ŞşĞğİıç€",
        Alphabet::Gsm7Shift(Shift::locking(Language::Turkish)),
    );
    assert_eq!(
        turkish.as_deref(),
        Ok(&[0x1c, 0x1d, 0x0b, 0x0c, 0x40, 0x07, 0x60, 0x04][..])
    );
    let spanish = encode(
        "Él cantó, ¿sí?",
        Alphabet::Gsm7Shift(Shift::single(Language::Spanish)),
    );
    assert_eq!(spanish.as_deref(), Ok(&b"\x1fl cant\x1bo, \x60s\x1bi?"[..]));
    let portuguese = encode(
        "São João ªº∞~`|",
        Alphabet::Gsm7Shift(Shift::locking(Language::Portuguese)),
    );
    let expected = b"S\x7bo Jo\x7bo \x12\x24\x15\x60\x7d\x1a";
    assert_eq!(portuguese.as_deref(), Ok(&expected[..]));
    let portuguese = encode(
        "Êâ",
        Alphabet::Gsm7Shift(Shift::single(Language::Portuguese)),
    );
    assert_eq!(portuguese.as_deref(), Ok(&[0x1b, 0x1f, 0x1b, 0x7f][..]));
    let urdu = encode("اردو ۴۲", Alphabet::Gsm7Shift(Shift::both(Language::Urdu)));
    assert_eq!(
        urdu.as_deref(),
        Ok(&[0x00, 0x25, 0x1a, 0x53, 0x20, 0x1b, 0x20, 0x1b, 0x1e][..])
    );
}

#[test]
fn a_language_is_chosen_where_it_saves_parts() {
    let among = |text: &str| choose_among(text, &Language::ALL);
    assert_eq!(among("plain"), Alphabet::Gsm7);
    assert_eq!(among("😀"), Alphabet::Ucs2);
    // One part either way: fewer octets count.
    let turkish = "ş".repeat(100);
    assert_eq!(
        among(&turkish),
        Alphabet::Gsm7Shift(Shift::locking(Language::Turkish))
    );
    assert_eq!(
        split(&turkish, among(&turkish), Reference::Bits8(1)).map(|p| p.len()),
        Ok(1)
    );
    assert_eq!(choose_among(&turkish, &[]), Alphabet::Ucs2);
    let hindi = "नमस्ते दुनिया ".repeat(10);
    assert_eq!(
        among(&hindi),
        Alphabet::Gsm7Shift(Shift::locking(Language::Hindi))
    );
}
