//! Accounting records that wait for their server (RFC 6733 9.4).

use std::time::Duration;

use strowger::time::Wall;
use strowger_diameter::proto::credit::accounting::{Action, Buffer, Limits, RecordType as Kind};

const PAUSE: Duration = Duration::from_secs(10);

fn buffer(records: u32, window: u32) -> Buffer {
    Buffer::new(Limits {
        records,
        window,
        pause: PAUSE,
    })
}

fn send(record: u64, again: bool) -> Action {
    Action::Send {
        record,
        request: vec![u8::try_from(record).unwrap_or_default()],
        again: again.then(|| sent_as(record)),
    }
}

/// The End-to-End Identifier that a record goes out with.
fn sent_as(record: u64) -> u32 {
    1_000 + u32::try_from(record).unwrap_or_default()
}

fn answered(buffer: &mut Buffer, now: Wall, record: u64, result: u32) -> Vec<Action> {
    buffer.answered(now, record, (result, sent_as(record)))
}

fn store(buffer: &mut Buffer, kind: Kind, record: u8) -> Vec<Action> {
    buffer.store(Wall(0), kind, vec![record])
}

#[test]
fn a_server_that_is_there_gets_records_in_order_and_no_more_than_the_window() {
    let mut b = buffer(10, 2);
    assert_eq!(store(&mut b, Kind::Start, 0), [send(0, false)]);
    assert_eq!(store(&mut b, Kind::Interim, 1), [send(1, false)]);
    assert_eq!(store(&mut b, Kind::Stop, 2), []);
    let actions = answered(&mut b, Wall(0), 0, 2001);
    assert_eq!(actions, [Action::Delivered(0), send(2, false)]);
    answered(&mut b, Wall(0), 1, 2001);
    answered(&mut b, Wall(0), 2, 2001);
    let counts = b.counts();
    assert_eq!(
        (counts.received, counts.persisted, counts.delivered),
        (3, 1, 3)
    );
    assert_eq!((b.pending(), b.deadline()), (0, None));
}

#[test]
fn records_wait_while_the_server_is_away_and_go_out_again_as_possible_duplicates() {
    let mut b = buffer(10, 2);
    store(&mut b, Kind::Start, 0);
    b.failed(Wall(0), 0, Some(sent_as(0)));
    assert_eq!(store(&mut b, Kind::Stop, 1), [], "there is a pause");
    assert_eq!(b.deadline(), Some(Wall(10_000)));
    assert_eq!(b.resume(Wall(10_000)), [send(0, true), send(1, false)]);
    assert_eq!(answered(&mut b, Wall(10_000), 0, 3004), []);
    assert_eq!(b.resume(Wall(20_000)), [send(0, true)]);
    answered(&mut b, Wall(20_000), 1, 2001);
    answered(&mut b, Wall(20_000), 0, 2001);
    let counts = b.counts();
    assert_eq!((counts.persisted, counts.retransmitted), (2, 2));
    assert_eq!((counts.delivered, b.pending()), (2, 0));
}

#[test]
fn what_has_not_left_goes_out_as_no_copy() {
    let mut b = buffer(10, 2);
    store(&mut b, Kind::Event, 0);
    b.failed(Wall(0), 0, None);
    assert_eq!(b.resume(Wall(10_000)), [send(0, false)]);
    b.interrupted(Wall(10_000));
    assert_eq!(b.deadline(), Some(Wall(20_000)));
    assert_eq!(b.resume(Wall(20_000)), [send(0, false)]);
    assert_eq!(b.counts().retransmitted, 0);
}

#[test]
fn a_server_that_cannot_take_a_record_now_gets_it_again() {
    for result in [3002, 3004, 4002] {
        let mut b = buffer(10, 1);
        store(&mut b, Kind::Event, 0);
        assert_eq!(answered(&mut b, Wall(0), 0, result), []);
        assert_eq!(b.resume(Wall(10_000)), [send(0, true)], "{result}");
    }
}

#[test]
fn what_nobody_takes_can_be_given_up() {
    let mut b = buffer(10, 1);
    store(&mut b, Kind::Start, 0);
    store(&mut b, Kind::Stop, 1);
    assert_eq!(
        b.give_up(),
        [Action::Discarded(1, None)],
        "one is under way"
    );
    b.failed(Wall(0), 0, Some(sent_as(0)));
    assert_eq!(b.give_up(), [Action::Discarded(0, None)]);
    assert_eq!((b.pending(), b.counts().discarded), (0, 2));
}

#[test]
fn what_the_server_will_never_take_is_given_up() {
    let mut b = buffer(10, 1);
    store(&mut b, Kind::Event, 0);
    store(&mut b, Kind::Event, 1);
    let actions = answered(&mut b, Wall(0), 0, 5005);
    assert_eq!(actions, [Action::Discarded(0, Some(5005)), send(1, false)]);
    assert_eq!(b.counts().discarded, 1);
}

#[test]
fn a_full_buffer_gives_up_the_oldest_interim_record_and_then_takes_nothing_new() {
    let mut b = buffer(3, 1);
    for (record, kind) in [Kind::Start, Kind::Interim, Kind::Interim]
        .into_iter()
        .enumerate()
    {
        store(&mut b, kind, u8::try_from(record).expect("few"));
    }
    assert_eq!(store(&mut b, Kind::Stop, 3), [Action::Discarded(1, None)]);
    assert_eq!(store(&mut b, Kind::Stop, 4), [Action::Discarded(2, None)]);
    assert_eq!(store(&mut b, Kind::Stop, 5), [Action::Discarded(5, None)]);
    assert_eq!((b.pending(), b.counts().discarded), (3, 3));
}

#[test]
fn an_answer_to_nothing_changes_nothing() {
    let mut b = buffer(3, 1);
    assert_eq!(answered(&mut b, Wall(0), 7, 2001), []);
    assert_eq!(b.counts().delivered, 0);
}
