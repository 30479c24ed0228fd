//! Putting together: parts in any order, twice, mixed with others', too late, too many.

use proptest::prelude::*;
use strowger_sms::proto::text::{
    Alphabet, Concat, Dropped, Limits, Offered, Reassembler, Reference, decode, split, udh,
};

const LIMITS: Limits = Limits {
    messages: 10,
    octets: 20_000,
    ttl: 60_000,
};

fn waiting() -> Reassembler<&'static str, u32> {
    Reassembler::new(LIMITS)
}

fn at(reference: u16, total: u8, number: u8) -> Concat {
    Concat::new(reference, total, number, false).expect("a part")
}

#[test]
fn one_to_ten_parts_in_any_order() {
    for total in 1..=10_u8 {
        for first in 1..=total {
            let mut waiting = waiting();
            // Every rotation, backwards.
            let mut order: Vec<_> = (1..=total).rev().collect();
            order.rotate_left(usize::from(first) - 1);
            let (last, before) = order.split_last().expect("there are parts");
            for &number in before {
                let offered = waiting.offer(0, "a", at(7, total, number), u32::from(number), 100);
                assert_eq!(offered, Offered::Waiting);
            }
            let offered = waiting.offer(0, "a", at(7, total, *last), u32::from(*last), 100);
            let all = (1..=u32::from(total)).collect();
            assert_eq!(offered, Offered::Complete(all));
            assert!(waiting.is_empty() && waiting.octets() == 0 && waiting.deadline().is_none());
        }
    }
}

#[test]
fn a_part_twice_is_one() {
    let mut waiting = waiting();
    assert_eq!(waiting.offer(0, "a", at(1, 2, 1), 1, 10), Offered::Waiting);
    assert_eq!(
        waiting.offer(0, "a", at(1, 2, 1), 9, 10),
        Offered::Duplicate
    );
    assert_eq!(waiting.octets(), 10);
    assert_eq!(
        waiting.offer(0, "a", at(1, 2, 2), 2, 10),
        Offered::Complete(vec![1, 2])
    );
    // A new message may have the number of an old one.
    assert_eq!(waiting.offer(0, "a", at(1, 2, 2), 3, 10), Offered::Waiting);
}

#[test]
fn messages_are_told_apart() {
    let mut waiting = waiting();
    let wide = Concat::new(1, 2, 2, true).expect("a part");
    assert_eq!(waiting.offer(0, "a", at(1, 2, 1), 1, 10), Offered::Waiting);
    for (key, other) in [
        ("b", at(1, 2, 2)),
        ("a", at(2, 2, 2)),
        ("a", at(1, 3, 2)),
        ("a", wide),
    ] {
        assert_eq!(waiting.offer(0, key, other, 2, 10), Offered::Waiting);
    }
    assert_eq!(waiting.len(), 5);
    assert_eq!(
        waiting.offer(0, "a", at(1, 2, 2), 2, 10),
        Offered::Complete(vec![1, 2])
    );
}

#[test]
fn what_does_not_come_in_time_is_given_back() {
    let mut waiting = waiting();
    waiting.offer(1_000, "a", at(1, 3, 3), 3, 10);
    waiting.offer(31_000, "a", at(1, 3, 1), 1, 10);
    waiting.offer(31_000, "b", at(1, 2, 1), 7, 10);
    assert_eq!(
        waiting.deadline(),
        Some(61_000),
        "time counts from the first part on"
    );
    assert_eq!(waiting.next_dropped(60_999), None);
    let late = Dropped {
        key: "a",
        parts: vec![(1, 1), (3, 3)],
        total: 3,
        is_late: true,
    };
    assert_eq!(waiting.next_dropped(61_000), Some(late));
    assert_eq!(waiting.next_dropped(61_000), None);
    assert_eq!(
        (waiting.len(), waiting.octets(), waiting.deadline()),
        (1, 10, Some(91_000))
    );
}

#[test]
fn the_oldest_makes_room() {
    let mut waiting = waiting();
    for reference in 0..=10 {
        assert_eq!(
            waiting.offer(0, "a", at(reference, 2, 1), 0, 10),
            Offered::Waiting
        );
    }
    // Nothing is taken until what is over the limit has been looked at.
    assert_eq!(waiting.offer(0, "a", at(0, 2, 2), 5, 10), Offered::Full(5));
    let dropped = waiting.next_dropped(0).expect("one is too many");
    assert!(!dropped.is_late && dropped.parts == [(1, 0)]);
    assert_eq!(waiting.next_dropped(0), None);
    assert_eq!(
        waiting.offer(0, "a", at(1, 2, 2), 5, 10),
        Offered::Complete(vec![0, 5])
    );
    waiting.offer(0, "a", at(50, 2, 2), 5, 30_000);
    let over: Vec<_> = std::iter::from_fn(|| waiting.next_dropped(0)).collect();
    assert_eq!(
        (over.len(), waiting.octets()),
        (10, 0),
        "a part that is too big takes all with it"
    );
}

#[test]
fn a_part_that_cannot_be_is_a_message_by_itself() {
    let bad = Concat {
        number: 3,
        ..at(1, 2, 1)
    };
    assert_eq!(
        waiting().offer(0, "a", bad, 1, 10),
        Offered::Complete(vec![1])
    );
}

/// One step of a history: which message's part comes, and how often.
fn steps(messages: usize) -> impl Strategy<Value = Vec<(usize, usize, bool)>> {
    let all: Vec<_> = (0..messages)
        .flat_map(|m| (0..10).map(move |p| (m, p)))
        .collect();
    let twice = proptest::collection::vec(any::<bool>(), all.len());
    (Just(all).prop_shuffle(), twice).prop_map(|(all, twice)| {
        all.into_iter()
            .zip(twice)
            .map(|((m, p), t)| (m, p, t))
            .collect()
    })
}

proptest! {
    /// Messages of one to ten parts each, shuffled, duplicated and interleaved; some lack a part.
    #[test]
    fn texts_survive_what_networks_do(
        texts in proptest::collection::vec("[a-zäöü€]{1,750}", 1..5),
        steps in steps(4),
        missing in proptest::option::of(0_usize..4),
    ) {
        let parts: Vec<_> = (0_u8..).zip(&texts)
            .map(|(n, text)| split(text, Alphabet::Gsm7, Reference::Bits8(n)).expect("it can be cut"))
            .collect();
        let mut waiting = Reassembler::new(LIMITS);
        let mut whole: Vec<Option<String>> = vec![None; texts.len()];
        for (message, part, twice) in steps {
            let Some(octets) = parts.get(message).and_then(|p| p.get(part)).map(|p| p.octets()) else { continue };
            let count = parts[message].len();
            if missing == Some(message) && part + 1 == count && count > 1 {
                continue;
            }
            for _ in 0..=usize::from(twice && count > 1 && whole[message].is_none()) {
                let (concat, body) = match udh::parse(&octets) {
                    Ok((udh, body)) if count > 1 => (udh.concat().expect("a part"), body.to_vec()),
                    _ => (at(0, 1, 1), octets.clone()),
                };
                if let Offered::Complete(all) = waiting.offer(0, message, concat, body, octets.len()) {
                    whole[message] = Some(decode(Alphabet::Gsm7, &all.concat()).text);
                    break;
                }
            }
            prop_assert_eq!(waiting.next_dropped(0), None);
        }
        for (n, text) in texts.iter().enumerate() {
            let lacks = missing == Some(n) && parts[n].len() > 1;
            prop_assert_eq!(whole[n].as_ref(), (!lacks).then_some(text));
        }
        let left = std::iter::from_fn(|| waiting.next_dropped(60_000)).count();
        let expected = missing.is_some_and(|m| parts.get(m).is_some_and(|p| p.len() > 1));
        prop_assert_eq!(left, usize::from(expected));
    }
}
