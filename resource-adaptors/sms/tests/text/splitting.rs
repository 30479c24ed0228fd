//! Cutting: how long parts are, byte for byte, and what a cut never goes through.

use proptest::prelude::*;
use strowger_sms::proto::text::{
    Alphabet, Language, Part, Reference, Shift, SplitFault, decode, split, split_octets, udh,
};

const REFERENCES: [Reference; 3] = [
    Reference::Bits8(7),
    Reference::Bits16(0x0102),
    Reference::Sar(9),
];

fn lengths(parts: &[Part]) -> Vec<usize> {
    parts.iter().map(|part| part.body.len()).collect()
}

fn cut(text: &str, alphabet: Alphabet, reference: Reference) -> Vec<Part> {
    split(text, alphabet, reference).expect("it can be cut")
}

#[test]
fn parts_are_as_long_as_the_header_lets_them() {
    let long = "a".repeat(1000);
    for (alphabet, alone, wide, narrow, unit) in [
        (Alphabet::Gsm7, 160, 153, 152, 1),
        (Alphabet::Ascii, 160, 153, 152, 1),
        (Alphabet::Latin1, 140, 134, 133, 1),
        (Alphabet::Ucs2, 70, 67, 66, 2),
    ] {
        let one = cut(&long[..alone], alphabet, REFERENCES[0]);
        assert_eq!(lengths(&one), [alone * unit], "{alphabet:?}");
        assert!(one[0].concat.is_none() && one[0].udh.is_empty());
        let two = lengths(&cut(&long[..=alone], alphabet, REFERENCES[0]));
        assert_eq!(
            two,
            [wide * unit, (alone + 1 - wide) * unit],
            "{alphabet:?}"
        );
        assert_eq!(
            lengths(&cut(&long[..2 * wide], alphabet, REFERENCES[0])).len(),
            2
        );
        assert_eq!(
            lengths(&cut(&long[..=2 * wide], alphabet, REFERENCES[0])).len(),
            3
        );
        let two = lengths(&cut(&long[..=alone], alphabet, REFERENCES[1]));
        assert_eq!(
            two,
            [narrow * unit, (alone + 1 - narrow) * unit],
            "{alphabet:?}"
        );
        assert_eq!(lengths(&cut(&long[..=alone], alphabet, REFERENCES[2])), two);
    }
    let octets = [0xa5; 300];
    let binary = split_octets(&octets, REFERENCES[0]).expect("it can be cut");
    assert_eq!(lengths(&binary), [134, 134, 32]);
    assert_eq!(
        lengths(&split_octets(&octets[..140], REFERENCES[0]).expect("it fits")),
        [140]
    );
}

#[test]
fn headers_of_parts_byte_for_byte() {
    let text = "a".repeat(306);
    let parts = cut(&text, Alphabet::Gsm7, Reference::Bits8(0xcc));
    assert_eq!(parts[0].udh, [5, 0, 3, 0xcc, 2, 1]);
    assert_eq!(parts[1].udh, [5, 0, 3, 0xcc, 2, 2]);
    assert_eq!(
        parts[1].octets(),
        [&[5, 0, 3, 0xcc, 2, 2][..], &[b'a'; 153]].concat()
    );
    let parts = cut(&text, Alphabet::Gsm7, Reference::Bits16(0xbeef));
    assert_eq!(parts[2].udh, [6, 8, 4, 0xbe, 0xef, 3, 3]);
    let parts = cut(&text, Alphabet::Gsm7, Reference::Sar(0xbeef));
    let concat = parts[2].concat.expect("a part");
    assert!(parts[2].udh.is_empty());
    assert_eq!(
        (concat.reference, concat.total, concat.number),
        (0xbeef, 3, 3)
    );
    let turkish = Alphabet::Gsm7Shift(Shift::both(Language::Turkish));
    assert_eq!(
        cut("a", turkish, REFERENCES[0])[0].udh,
        [6, 0x25, 1, 1, 0x24, 1, 1]
    );
    let parts = cut(&text, turkish, REFERENCES[0]);
    assert_eq!(parts[0].udh, [11, 0, 3, 7, 3, 1, 0x25, 1, 1, 0x24, 1, 1]);
    assert_eq!(parts[0].body.len(), 146);
    let parts = cut(&text, turkish, REFERENCES[2]);
    assert_eq!(parts[0].udh, [6, 0x25, 1, 1, 0x24, 1, 1]);
}

/// A septet pair that would lie across the end of a part goes into the next one, wherever it stands.
#[test]
fn an_escape_is_never_the_last_of_its_part() {
    for reference in REFERENCES {
        for at in 140..320 {
            let text = format!("{}€{}", "a".repeat(at), "b".repeat(330 - at));
            let parts = cut(&text, Alphabet::Gsm7, reference);
            for part in &parts {
                assert!(
                    part.body.len() <= 153 && part.body.last() != Some(&0x1b),
                    "{at}"
                );
            }
            assert_eq!(joined(Alphabet::Gsm7, &parts), text);
        }
        for offset in 0..2 {
            let text = format!("{}{}", &"a"[..offset], "[€]".repeat(120));
            let parts = cut(&text, Alphabet::Gsm7, reference);
            assert!(parts.iter().all(|p| p.body.last() != Some(&0x1b)));
            assert_eq!(joined(Alphabet::Gsm7, &parts), text);
        }
    }
}

/// An emoji of one to eleven units, at every place around the end of a part.
#[test]
fn an_emoji_is_never_cut() {
    let emojis = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "❤️", "e\u{301}", "\r\n", "नि"];
    for (emoji, reference) in emojis.iter().flat_map(|e| REFERENCES.map(|r| (*e, r))) {
        for at in 50..140 {
            let text = format!("{}{emoji}{}", "ж".repeat(at), "ж".repeat(145 - at));
            let parts = cut(&text, Alphabet::Ucs2, reference);
            let texts: Vec<_> = parts
                .iter()
                .map(|p| decode(Alphabet::Ucs2, &p.body))
                .collect();
            assert!(texts.iter().all(|t| t.lost == 0), "{emoji} at {at}");
            let whole = texts.iter().filter(|t| t.text.contains(emoji)).count();
            assert_eq!(whole, 1, "{emoji} at {at} is cut");
            assert!(parts.iter().all(|p| p.body.len() <= 134));
            assert_eq!(joined(Alphabet::Ucs2, &parts), text);
        }
    }
    // Flags are pairs: the cut falls between them.
    let text = "🇩🇪".repeat(40);
    for part in cut(&text, Alphabet::Ucs2, REFERENCES[0]) {
        assert_eq!(part.body.len() % 8, 0);
    }
}

#[test]
fn what_does_not_fit_into_a_part_is_cut_between_characters() {
    let tower = format!("o{}", "\u{308}".repeat(200));
    let parts = cut(&tower, Alphabet::Ucs2, REFERENCES[0]);
    assert_eq!(lengths(&parts), [134, 134, 134]);
    assert_eq!(joined(Alphabet::Ucs2, &parts), tower);
}

#[test]
fn ascii_counts_what_the_air_takes() {
    // A brace is two septets on its way to the phone.
    let parts = cut(&"{".repeat(81), Alphabet::Ascii, REFERENCES[0]);
    assert_eq!(lengths(&parts), [76, 5]);
    assert_eq!(
        cut(&"{".repeat(80), Alphabet::Ascii, REFERENCES[0]).len(),
        1
    );
}

#[test]
fn the_most_is_255_parts() {
    let most = "a".repeat(255 * 153);
    assert_eq!(cut(&most, Alphabet::Gsm7, REFERENCES[0]).len(), 255);
    let more = format!("{most}a");
    assert_eq!(
        split(&more, Alphabet::Gsm7, REFERENCES[0]),
        Err(SplitFault::TooLong)
    );
    assert_eq!(
        split_octets(&[0; 255 * 134 + 1], REFERENCES[0]),
        Err(SplitFault::TooLong)
    );
}

fn joined(alphabet: Alphabet, parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| decode(alphabet, &part.body).text)
        .collect()
}

proptest! {
    #[test]
    fn any_text_is_its_parts(text in "\\PC{0,600}", n: u16) {
        let language = Alphabet::Gsm7Shift(Shift::both(Language::Hindi));
        for alphabet in [Alphabet::Gsm7, language, Alphabet::Latin1, Alphabet::Ascii, Alphabet::Ucs2] {
            for reference in [Reference::Bits8(n as u8), Reference::Bits16(n), Reference::Sar(n)] {
                let Ok(parts) = split(&text, alphabet, reference) else { continue };
                prop_assert_eq!(joined(alphabet, &parts), &text[..]);
                let total = parts.len();
                for (number, part) in (1..).zip(&parts) {
                    let concat = part.concat.map(|c| (usize::from(c.total), c.number));
                    prop_assert_eq!(concat, (total > 1).then_some((total, number)));
                    prop_assert!(!part.body.is_empty() || text.is_empty());
                    let header = part.octets();
                    if let Ok((udh, body)) = udh::parse(&header).map(|(u, b)| (u, b.to_vec())) && !part.udh.is_empty() {
                        prop_assert_eq!(&body, &part.body);
                        prop_assert_eq!(udh.shift(), alphabet.shift().unwrap_or_default());
                        let is_sar = matches!(reference, Reference::Sar(_));
                        prop_assert_eq!(udh.concat(), part.concat.filter(|_| !is_sar));
                    }
                }
            }
        }
    }
}
