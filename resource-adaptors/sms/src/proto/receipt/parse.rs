//! Reads receipts: finds the keys wherever they stand, and takes what lies between them.

use strowger::civil::{Civil, days_in_month};

use super::{Receipt, State};

/// What a key begins with; a blank stands for a blank, an underscore or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Id,
    Submitted,
    Delivered,
    SubmitDate,
    DoneDate,
    State,
    Error,
    Text,
}

const KEYS: &[(&str, Key)] = &[
    ("id", Key::Id),
    ("sub", Key::Submitted),
    ("dlvrd", Key::Delivered),
    ("submit date", Key::SubmitDate),
    ("done date", Key::DoneDate),
    ("stat", Key::State),
    ("err", Key::Error),
    ("text", Key::Text),
];

pub(super) fn parse(text: &str) -> Option<Receipt> {
    let mut receipt = Receipt::default();
    let mut fields = 0;
    let mut next = find(text, 0);
    while let Some(found) = next {
        // All behind `text:` is the message's, whatever it looks like.
        next = if found.key == Key::Text {
            None
        } else {
            find(text, found.value)
        };
        let end = next.as_ref().map_or(text.len(), |next| next.start);
        let value = text.get(found.value..end).unwrap_or_default();
        set(&mut receipt, found.key, value);
        fields += 1;
    }
    let is_receipt = receipt.state.is_some() || !receipt.id.is_empty() && fields > 1;
    is_receipt.then_some(receipt)
}

struct Found {
    key: Key,
    start: usize,
    value: usize,
}

/// The first key at or behind `from`: one that begins the text or follows what is no letter and no digit.
fn find(text: &str, from: usize) -> Option<Found> {
    let bytes = text.as_bytes();
    let starts = (from..bytes.len()).filter(|&at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        before.is_none_or(|b| !b.is_ascii_alphanumeric() && b.is_ascii())
    });
    let mut matches = starts.flat_map(|start| {
        KEYS.iter().filter_map(move |&(name, key)| {
            let value = start + length(&bytes[start..], name.as_bytes())?;
            Some(Found { key, start, value })
        })
    });
    matches.next()
}

/// Octets of a key with its colon at the front of `bytes`, if it stands there.
fn length(bytes: &[u8], name: &[u8]) -> Option<usize> {
    let mut at = 0;
    for &letter in name {
        let here = bytes.get(at)?;
        match letter {
            b' ' => at += usize::from(matches!(here, b' ' | b'_')),
            _ if here.eq_ignore_ascii_case(&letter) => at += 1,
            _ => return None,
        }
    }
    let blanks = bytes.get(at..)?.iter().take_while(|&&b| b == b' ').count();
    (bytes.get(at + blanks) == Some(&b':')).then_some(at + blanks + 1)
}

fn set(receipt: &mut Receipt, key: Key, value: &str) {
    let is_around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '\0');
    let word = value.trim_matches(is_around);
    match key {
        Key::Id if receipt.id.is_empty() => word.clone_into(&mut receipt.id),
        Key::Id => {}
        Key::Submitted => receipt.submitted = word.parse().ok(),
        Key::Delivered => receipt.delivered = word.parse().ok(),
        Key::SubmitDate => receipt.submit_date = date(word),
        Key::DoneDate => receipt.done_date = date(word),
        Key::State => receipt.state = State::from_word(word),
        Key::Error => word.clone_into(&mut receipt.error),
        Key::Text => value.trim_end_matches('\0').clone_into(&mut receipt.text),
    }
}

/// `YYMMDDhhmm`, with seconds or without, with or without the century.
fn date(word: &str) -> Option<i64> {
    let digits: Vec<u8> = word
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|b| b - b'0')
        .collect();
    let is_plain = word
        .bytes()
        .all(|b| b.is_ascii_digit() || b"-/:. T".contains(&b));
    let (century, rest) = match digits.len() {
        14 => (Some(number(digits.get(..2)?)), digits.get(2..)?),
        10 | 12 => (None, &digits[..]),
        _ => return None,
    };
    let mut pairs = rest.chunks_exact(2).map(number);
    let year = i64::from(pairs.next()?) + 100 * century.map_or(20, i64::from);
    let civil = Civil {
        year,
        month: pairs.next()?,
        day: pairs.next()?,
        hour: pairs.next()?,
        minute: pairs.next()?,
        second: pairs.next().unwrap_or(0),
    };
    let is_day = civil.day >= 1 && civil.day <= days_in_month(civil.year, civil.month);
    let is_time = civil.hour < 24 && civil.minute < 60 && civil.second < 60;
    (is_plain && is_day && is_time).then(|| civil.unix())
}

fn number(digits: &[u8]) -> u8 {
    digits.iter().fold(0, |n, digit| n * 10 + digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_format_of_the_appendix_both_ways() {
        let text = "id:1234567890 sub:001 dlvrd:001 submit date:2611211810 done date:2611211812 stat:DELIVRD err:000 \
            text:Hello, how are you t";
        let receipt = parse(text).expect("a receipt");
        assert_eq!(receipt.id, "1234567890");
        assert_eq!((receipt.submitted, receipt.delivered), (Some(1), Some(1)));
        assert_eq!(receipt.submit_date, Some(1_795_284_600));
        assert_eq!(receipt.done_date, Some(1_795_284_720));
        assert_eq!(receipt.state, Some(State::Delivered));
        assert_eq!(
            (&receipt.error[..], &receipt.text[..]),
            ("000", "Hello, how are you t")
        );
        assert_eq!(receipt.to_string(), text);
    }

    /// As they are seen in the wild.
    #[test]
    fn whatever_service_centres_write_is_read() {
        for (text, id, state, error) in [
            (
                "id:0a1b stat:UNDELIV err:0A1",
                "0a1b",
                State::Undeliverable,
                "0A1",
            ),
            (
                "ID:7 SUB:1 DLVRD:1 SUBMIT DATE:261121181005 DONE DATE:261121181206 STAT:DELIVRD ERR:0 TEXT:x",
                "7",
                State::Delivered,
                "0",
            ),
            (
                "id: 42 sub: 001 stat: expired err: ",
                "42",
                State::Expired,
                "",
            ),
            ("stat:REJECTD err:99 id:42", "42", State::Rejected, "99"),
            (
                "id:\"42\" submit_date:2611211810 done_date:2611211810 stat:ACCEPTD err:0",
                "42",
                State::Accepted,
                "0",
            ),
            (
                "id:42\nsub:001\ndlvrd:001\nstat:DELIVERED\nerr:000\n",
                "42",
                State::Delivered,
                "000",
            ),
            ("id:42,stat:BUFFRED,err:1", "42", State::Enroute, "1"),
            ("id:42 stat:5 err:1", "42", State::Undeliverable, "1"),
            (
                "id:4f2a-77:1 sub:001 stat:DELIVRD",
                "4f2a-77:1",
                State::Delivered,
                "",
            ),
        ] {
            let receipt = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (&receipt.id[..], receipt.state, &receipt.error[..]),
                (id, Some(state), error),
                "{text}"
            );
        }
        let receipt = parse("id:1 stat:DELIVRD text:id:2 stat:EXPIRED").expect("a receipt");
        assert_eq!(
            (&receipt.id[..], receipt.state),
            ("1", Some(State::Delivered))
        );
        assert_eq!(receipt.text, "id:2 stat:EXPIRED");
    }

    #[test]
    fn other_texts_are_no_receipts() {
        for text in [
            "",
            "hello",
            "id:",
            "id:5",
            "my id: 5 is lost",
            "status: fine",
            "paid:1 restat:2",
            "text:id",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn dates_that_are_none_are_left_out() {
        for bad in [
            "",
            "0000000000",
            "2613211810",
            "26112118",
            "2602291200",
            "yesterday",
            "261121181o",
        ] {
            assert_eq!(date(bad), None, "{bad}");
        }
        assert_eq!(date("20261121181010"), Some(1_795_284_610));
        assert_eq!(date("26-11-21 18:10:10"), Some(1_795_284_610));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            id in "[0-9A-Za-z-]{1,64}",
            code in 0_u8..10,
            submit in 946_684_800_i64 / 60..4_102_444_800 / 60,
            error in "[0-9A-F]{3}",
            text in "\\PC{0,30}",
        ) {
            let receipt = Receipt {
                id,
                submitted: Some(1),
                delivered: Some(0),
                submit_date: Some(submit * 60),
                done_date: Some(submit * 60),
                state: State::from_code(code),
                error,
                text: text.chars().take(20).collect(),
            };
            prop_assert_eq!(parse(&receipt.to_string()), Some(receipt));
        }

        #[test]
        fn any_text_is_read_or_not(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn any_mixture_of_keys_is_read(pieces in proptest::collection::vec("(id|stat|sub|submit date|text|err|:| |é|1)", 0..20)) {
            let _ = parse(&pieces.concat());
        }
    }
}
