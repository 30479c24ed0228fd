//! The writer's thread: grouping, bounds, order, and its one way to fail.

use crate::faults::FaultyDisk;
use crate::suite::{live, put};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::time::{Duration, Instant};
use strowger_journal::memory::{Faults, MemoryStore};
use strowger_journal::{
    Group, GroupBuilder, Health, Key, Record, Recovered, Seq, Store, StoreError, Tended,
};
use strowger_store::{JournalSled, QueueFull, StoreOptions, Writer, WriterEvent, WriterOptions};

const PATIENCE: Duration = Duration::from_secs(10);

/// A store that waits before each sync until the test lets it go on, and says how many groups the sync has.
struct Gated {
    inner: MemoryStore,
    appended: usize,
    reached: Sender<usize>,
    open: Receiver<()>,
}

impl Store for Gated {
    fn append(&mut self, group: &Group) -> Result<(), StoreError> {
        self.appended += 1;
        self.inner.append(group)
    }

    fn sync(&mut self) -> Result<Seq, StoreError> {
        let _ = self.reached.send(std::mem::take(&mut self.appended));
        let _ = self.open.recv();
        self.inner.sync()
    }

    fn tend(&mut self) -> Result<Tended, StoreError> {
        self.inner.tend()
    }

    fn checkpoint(&mut self) -> Result<Seq, StoreError> {
        self.inner.checkpoint()
    }

    fn recover(&mut self, sink: &mut dyn FnMut(Record<'_>)) -> Result<Recovered, StoreError> {
        self.inner.recover(sink)
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    fn close(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

struct Gate {
    reached: Receiver<usize>,
    open: Sender<()>,
}

fn gated() -> (Box<Gated>, Gate) {
    let (reached_send, reached) = channel();
    let (open, open_receive) = channel();
    let store = Gated {
        inner: MemoryStore::new(),
        appended: 0,
        reached: reached_send,
        open: open_receive,
    };
    (Box::new(store), Gate { reached, open })
}

fn start(store: Box<dyn Store>, options: WriterOptions) -> (Writer, Receiver<WriterEvent>) {
    let (send, events) = sync_channel(1000);
    let writer = Writer::spawn(
        store,
        options,
        Box::new(move |event| drop(send.send(event))),
    )
    .expect("starts");
    (writer, events)
}

fn at_once() -> WriterOptions {
    WriterOptions {
        group_delay: Duration::ZERO,
        relaxed_delay: Duration::ZERO,
        ..WriterOptions::default()
    }
}

fn durable(events: &Receiver<WriterEvent>) -> Seq {
    match events.recv_timeout(PATIENCE).expect("an event") {
        WriterEvent::Durable(seq) => seq,
        other @ (WriterEvent::LowSpace(_) | WriterEvent::Fatal(_)) => panic!("{other:?}"),
    }
}

#[test]
fn groups_that_come_during_a_sync_share_the_next_one() {
    let (store, gate) = gated();
    let (writer, events) = start(store, at_once());
    let handle = writer.handle();
    let mut builder = GroupBuilder::new(Seq(1));
    handle.submit(put(&mut builder, 1, b"a")).unwrap();
    assert_eq!(gate.reached.recv_timeout(PATIENCE).unwrap(), 1);
    for session in 2..=11 {
        handle.submit(put(&mut builder, session, b"b")).unwrap();
    }
    assert_eq!(
        handle.durable(),
        Seq::NONE,
        "nothing is durable before its sync returns"
    );
    gate.open.send(()).unwrap();
    assert_eq!(durable(&events), Seq(1));
    assert_eq!(gate.reached.recv_timeout(PATIENCE).unwrap(), 10);
    gate.open.send(()).unwrap();
    assert_eq!(durable(&events), Seq(11));
    assert_eq!(handle.durable(), Seq(11));
    let stats = handle.stats();
    assert_eq!(
        (
            stats.groups,
            stats.commits,
            stats.syncs,
            stats.queued_groups
        ),
        (11, 11, 2, 0)
    );
    assert!(handle.spare().is_some());
    drop(gate);
}

#[test]
fn a_full_queue_gives_the_group_back() {
    let (store, gate) = gated();
    let options = WriterOptions {
        queue_groups: 3,
        ..at_once()
    };
    let (writer, events) = start(store, options);
    let handle = writer.handle();
    let mut builder = GroupBuilder::new(Seq(1));
    handle.submit(put(&mut builder, 1, b"a")).unwrap();
    gate.reached.recv_timeout(PATIENCE).unwrap();
    for session in 2..=4 {
        handle.submit(put(&mut builder, session, b"b")).unwrap();
    }
    let QueueFull(back) = handle.submit(put(&mut builder, 5, b"c")).unwrap_err();
    assert_eq!(back.first(), Seq(5));
    assert_eq!(handle.stats().refused, 1);
    gate.open.send(()).unwrap();
    gate.open.send(()).unwrap();
    while durable(&events) < Seq(4) {}
    gate.open.send(()).unwrap();
    handle.submit(back).unwrap();
    assert_eq!(durable(&events), Seq(5));
    drop(gate);
}

#[test]
fn a_large_queue_closes_the_batch_at_its_size() {
    let (store, gate) = gated();
    let options = WriterOptions {
        batch_bytes: 1000,
        group_delay: Duration::from_secs(3600),
        relaxed_delay: Duration::from_secs(3600),
        ..WriterOptions::default()
    };
    let (writer, events) = start(store, options);
    let mut builder = GroupBuilder::new(Seq(1));
    let mut submit = |session| {
        let group = put(&mut builder, session, &[0; 300]);
        writer.handle().submit(group).unwrap();
    };
    submit(0);
    assert_eq!(gate.reached.recv_timeout(PATIENCE).unwrap(), 1);
    gate.open.send(()).unwrap();
    assert_eq!(durable(&events), Seq(1), "the first is not held");
    (1..=4).for_each(submit);
    assert_eq!(
        gate.reached.recv_timeout(PATIENCE).unwrap(),
        3,
        "the size limit, long before the delay"
    );
    drop(gate);
}

#[test]
fn a_held_batch_closes_when_enough_wait_for_it() {
    let options = WriterOptions {
        group_delay: Duration::from_secs(3600),
        relaxed_delay: Duration::from_secs(3600),
        ..WriterOptions::default()
    };
    let (writer, events) = start(Box::new(MemoryStore::new()), options);
    let handle = writer.handle();
    let mut builder = GroupBuilder::new(Seq(1));
    handle.submit(put(&mut builder, 1, b"a")).unwrap();
    assert_eq!(durable(&events), Seq(1), "the first is not held");
    for session in 2..=20 {
        handle.defer(put(&mut builder, session, b"b")).unwrap();
    }
    for session in 21..=52 {
        assert_eq!(handle.stats().syncs, 1, "before {session}");
        handle.submit(put(&mut builder, session, b"c")).unwrap();
    }
    assert_eq!(durable(&events), Seq(52), "32, and those who ride along");
    assert_eq!(handle.stats().syncs, 2);
}

#[test]
fn relaxed_groups_wait_longer_and_ride_along_with_strict_ones() {
    let options = WriterOptions {
        group_delay: Duration::from_millis(1),
        relaxed_delay: Duration::from_millis(100),
        ..WriterOptions::default()
    };
    let (writer, events) = start(Box::new(MemoryStore::new()), options);
    let mut builder = GroupBuilder::new(Seq(1));
    let relaxed = |builder: &mut GroupBuilder| {
        builder.begin(false);
        builder
            .insert(
                &Key {
                    slot: 0,
                    session: builder.last().0,
                    kind: 0,
                    sub: b"",
                },
                b"x",
            )
            .unwrap();
        builder.take().unwrap()
    };
    let begun = Instant::now();
    writer.handle().submit(relaxed(&mut builder)).unwrap();
    assert_eq!(durable(&events), Seq(1));
    assert!(begun.elapsed() >= Duration::from_millis(100));

    writer.handle().submit(relaxed(&mut builder)).unwrap();
    writer
        .handle()
        .submit(put(&mut builder, 9, b"strict"))
        .unwrap();
    assert_eq!(durable(&events), Seq(3), "both in one sync");
    assert_eq!(writer.handle().stats().syncs, 2);
}

#[test]
fn a_deferred_group_waits_until_somebody_waits_for_it() {
    let options = WriterOptions {
        group_delay: Duration::ZERO,
        relaxed_delay: Duration::from_secs(3600),
        ..WriterOptions::default()
    };
    let (writer, events) = start(Box::new(MemoryStore::new()), options);
    let handle = writer.handle();
    let mut builder = GroupBuilder::new(Seq(1));
    handle.defer(put(&mut builder, 1, b"a")).unwrap();
    handle.submit(put(&mut builder, 2, b"b")).unwrap();
    assert_eq!(durable(&events), Seq(2), "it rides along");
    handle.defer(put(&mut builder, 3, b"c")).unwrap();
    assert_eq!(handle.stats().syncs, 1);
    handle.hurry();
    assert_eq!(durable(&events), Seq(3));
    assert_eq!(handle.stats().syncs, 2);
}

#[test]
fn a_failed_sync_is_reported_once_and_nothing_is_acknowledged_after_it() {
    let store = MemoryStore::with_faults(Faults {
        fail_sync: Some(3),
        ..Faults::default()
    });
    let (writer, events) = start(Box::new(store), at_once());
    let mut builder = GroupBuilder::new(Seq(1));
    for session in 1..=3 {
        writer
            .handle()
            .submit(put(&mut builder, session, b"a"))
            .unwrap();
        match events.recv_timeout(PATIENCE).unwrap() {
            WriterEvent::Durable(seq) => assert_eq!(seq, Seq(session)),
            WriterEvent::Fatal(error) => assert_eq!((session, error.code()), (3, "STO-002")),
            WriterEvent::LowSpace(low) => panic!("{low}"),
        }
    }
    assert_eq!(writer.handle().durable(), Seq(2));
    writer
        .handle()
        .submit(put(&mut builder, 4, b"b"))
        .unwrap_err();
    writer.shutdown();
    assert!(
        events.recv().is_err(),
        "one report, and the thread has ended"
    );
}

#[test]
fn shutdown_makes_durable_what_was_submitted() {
    let place = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        reserve_bytes: 0,
        low_water_bytes: 0,
        ..StoreOptions::default()
    };
    let store = JournalSled::open(place.path(), &options).unwrap();
    let slow = WriterOptions {
        group_delay: Duration::from_secs(3600),
        ..WriterOptions::default()
    };
    let (writer, events) = start(Box::new(store), slow);
    let mut builder = GroupBuilder::new(Seq(1));
    for session in 1..=50 {
        writer
            .handle()
            .submit(put(&mut builder, session, b"last words"))
            .unwrap();
    }
    writer.shutdown();
    while durable(&events) < Seq(50) {}
    let mut store = JournalSled::open(place.path(), &options).unwrap();
    let (recovered, found) = live(&mut store);
    assert_eq!(
        (found.len(), recovered.replayed),
        (50, 0),
        "closing made a checkpoint"
    );
}

#[test]
fn short_space_is_told_when_it_comes_and_when_it_goes() {
    let store = MemoryStore::with_faults(Faults {
        capacity: Some(2000),
        ..Faults::default()
    });
    let (writer, events) = start(Box::new(store), at_once());
    let mut builder = GroupBuilder::new(Seq(1));
    writer
        .handle()
        .submit(put(&mut builder, 1, &[0; 1000]))
        .unwrap();
    assert_eq!(durable(&events), Seq(1));
    writer
        .handle()
        .submit(put(&mut builder, 2, &[0; 800]))
        .unwrap();
    assert_eq!(durable(&events), Seq(2));
    assert!(matches!(
        events.recv_timeout(PATIENCE).unwrap(),
        WriterEvent::LowSpace(true)
    ));
}

/// Where new work is refused nothing is committed; so nobody but the writer's own clock would see that there is space again.
#[test]
fn space_is_looked_at_also_where_nothing_is_committed() {
    let place = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    let options = StoreOptions {
        reserve_bytes: 0,
        low_water_bytes: 100 << 20,
        ..StoreOptions::default()
    };
    disk.set_free(1000 << 20);
    let store = JournalSled::open_on(place.path(), &options, Arc::new(disk.clone())).unwrap();
    let (writer, events) = start(Box::new(store), at_once());
    for (free, low) in [(50 << 20, true), (1000 << 20, false)] {
        disk.set_free(free);
        match events.recv_timeout(PATIENCE).unwrap() {
            WriterEvent::LowSpace(told) => assert_eq!(told, low),
            other @ (WriterEvent::Durable(_) | WriterEvent::Fatal(_)) => panic!("{other:?}"),
        }
    }
    writer.shutdown();
}
