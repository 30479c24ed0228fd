//! Backups that are made while commits go on: of one commit, in nobody's way, and harmless where they fail.
#![expect(clippy::print_stderr, reason = "how long commits took is told")]

use crate::suite::{live, put};
use std::io::{self, BufReader, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use strowger_journal::{BackedUp, Backup, GroupBuilder, Key, Seq, Store, StoreError, Unsaved};
use strowger_store::backup::{self, BackupError, Draft, RECORDS};
use strowger_store::{JournalSled, StoreOptions, Writer, WriterEvent, WriterHandle, WriterOptions};

const PATIENCE: Duration = Duration::from_secs(60);
/// Records that lie in the checkpoint when the backup begins.
const OLD: u64 = 20_000;
/// Records that commits change meanwhile.
const CHANGING: u64 = 500;

/// Small, and with checkpoints all the time.
fn options() -> StoreOptions {
    StoreOptions {
        segment_bytes: 256 * 1024,
        checkpoint_bytes: 512 * 1024,
        checkpoint_interval: Duration::from_millis(50),
        cache_bytes: 1024 * 1024,
        reserve_bytes: 0,
        low_water_bytes: 0,
        space_interval: Duration::ZERO,
    }
}

fn key(session: u64) -> Key<'static> {
    Key {
        slot: (session % 256) as u8,
        session,
        kind: 1,
        sub: b"",
    }
}

/// A writer over a store, and where it tells what is durable.
fn serve(store: JournalSled) -> (Writer, Receiver<Seq>) {
    let (told, durable) = sync_channel(1_000_000);
    let on_event = move |event| match event {
        WriterEvent::Durable(seq) => drop(told.send(seq)),
        other @ (WriterEvent::LowSpace(_) | WriterEvent::Fatal(_)) => panic!("{other:?}"),
    };
    let options = WriterOptions {
        group_delay: Duration::ZERO,
        ..WriterOptions::default()
    };
    let writer = Writer::spawn(Box::new(store), options, Box::new(on_event));
    (writer.expect("starts"), durable)
}

type Ended = Receiver<Result<BackedUp, Unsaved>>;

fn back_up(writer: &WriterHandle, out: impl Write + Send + 'static) -> Ended {
    let (told, ended) = sync_channel(1);
    writer.back_up(Backup {
        out: Box::new(out),
        done: Box::new(move |outcome| drop(told.send(outcome))),
    });
    ended
}

fn ended(ended: &Ended) -> Result<BackedUp, Unsaved> {
    ended.recv_timeout(PATIENCE).expect("it ends")
}

/// Commits one after the other, each waiting for the one before: number `n` writes `n` to two records and to one of many.
fn commit_on(
    writer: &WriterHandle,
    durable: &Receiver<Seq>,
    mut builder: GroupBuilder,
    stop: &AtomicBool,
) -> (u64, Duration) {
    let (mut n, mut longest) = (0_u64, Duration::ZERO);
    while !stop.load(Ordering::Relaxed) {
        n += 1;
        builder.begin(true);
        for session in [1, 2, 100 + n % CHANGING] {
            builder
                .update(&key(session), &n.to_be_bytes())
                .expect("short");
        }
        let group = builder.take().expect("a commit");
        let (last, begun) = (group.last(), Instant::now());
        writer.submit(group).expect("there is room");
        while durable.recv_timeout(PATIENCE).expect("durable") < last {}
        longest = longest.max(begun.elapsed());
    }
    (n, longest)
}

#[test]
fn it_holds_one_commit_point_of_a_store_that_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = JournalSled::open(&dir.path().join("store"), &options()).unwrap();
    let mut builder = GroupBuilder::new(Seq(1));
    builder.begin(true);
    for session in 0..OLD {
        builder
            .insert(&key(1_000 + session), &[session as u8; 100])
            .unwrap();
    }
    store.append(&builder.take().unwrap()).unwrap();
    store.sync().unwrap();
    let (writer, durable) = serve(store);
    let (stop, handle) = (Arc::new(AtomicBool::new(false)), writer.handle());
    let seen = Arc::clone(&stop);
    let busy = std::thread::spawn(move || commit_on(&handle, &durable, builder, &seen));
    let until = Instant::now() + PATIENCE;
    while writer.handle().durable() < Seq(50) {
        assert!(Instant::now() < until, "no commits");
        std::thread::yield_now();
    }
    let to = dir.path().join("saved");
    let draft = Draft::begin(&to).unwrap();
    let before = writer.handle().durable();
    let saved = ended(&back_up(&writer.handle(), draft.records().unwrap())).unwrap();
    assert!(!to.exists(), "it has its name when it is whole");
    draft.finish(&[7; 16]).unwrap();
    let after = writer.handle().durable();
    stop.store(true, Ordering::Relaxed);
    let (commits, longest) = busy.join().unwrap();
    eprintln!(
        "{} records of commit {}, {} commits meanwhile, the longest took {longest:?}",
        saved.records,
        saved.durable,
        after.0 - before.0
    );
    assert!(before <= saved.durable && saved.durable <= after);
    assert!(
        commits > 50 && longest < Duration::from_secs(5),
        "{longest:?}"
    );
    writer.shutdown();

    let mut restored = JournalSled::open(&dir.path().join("restored"), &options()).unwrap();
    assert_eq!(backup::verify(&to).unwrap(), saved.records);
    assert_eq!(backup::read_secret(&to).unwrap(), [7; 16]);
    let file = std::fs::File::open(to.join(RECORDS)).unwrap();
    assert_eq!(
        restored.import(&mut BufReader::new(file)).unwrap(),
        saved.records
    );
    // The first commit was the old records; what number each later one had is in what it wrote.
    let last = saved.durable.0 - 1;
    let (_, model) = live(&mut restored);
    let value = |session: u64| {
        let key = key(session);
        let value = model.get(&(key.slot, key.session, key.kind, Vec::new()));
        value.map(|bytes| u64::from_be_bytes(bytes[..].try_into().unwrap()))
    };
    assert_eq!((value(1), value(2)), (Some(last), Some(last)));
    for place in 0..CHANGING {
        let newest = (1..=last).rev().find(|n| n % CHANGING == place);
        assert_eq!(value(100 + place), newest, "{place} of {last}");
    }
    let changing = last.min(CHANGING) + 2;
    assert_eq!(model.len() as u64, OLD + changing);
}

/// Lets nothing through until it is told to.
struct Gated {
    reached: SyncSender<()>,
    open: Receiver<()>,
    /// What becomes of what is written.
    fate: Option<io::ErrorKind>,
}

/// The other side of it; dropped, it is open.
struct Gate {
    reached: Receiver<()>,
    _open: SyncSender<()>,
}

impl Gate {
    fn reached(&self) {
        self.reached.recv_timeout(PATIENCE).expect("it begins");
    }
}

impl Write for Gated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.reached.try_send(());
        // Once it is open it stays so.
        let _ = self.open.recv();
        match self.fate {
            Some(kind) => Err(kind.into()),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gated(fate: Option<io::ErrorKind>) -> (Gated, Gate) {
    let (told, reached) = sync_channel(1);
    let (gate, open) = sync_channel(0);
    let out = Gated {
        reached: told,
        open,
        fate,
    };
    let _open = gate;
    (out, Gate { reached, _open })
}

#[test]
fn one_is_made_at_a_time_and_commits_and_checkpoints_go_on_around_it() {
    let dir = tempfile::tempdir().unwrap();
    let (writer, durable) = serve(JournalSled::open(dir.path(), &options()).unwrap());
    let (handle, mut builder) = (writer.handle(), GroupBuilder::new(Seq(1)));
    let mut commit = |session| {
        let group = put(&mut builder, session, b"x");
        let last = group.last();
        handle.submit(group).unwrap();
        while durable.recv_timeout(PATIENCE).unwrap() < last {}
    };
    commit(1);
    let (out, gate) = gated(None);
    let first = back_up(&handle, out);
    gate.reached();
    let covered = handle.stats().health.checkpoint;
    commit(2);
    let second = ended(&back_up(&handle, Vec::new()));
    assert!(matches!(second, Err(Unsaved::Busy)), "{second:?}");
    for session in 3..100 {
        commit(session);
    }
    assert_eq!(handle.stats().health.checkpoint, covered);
    drop(gate);
    assert_eq!(ended(&first).unwrap().durable, Seq(1));
    let until = Instant::now() + PATIENCE;
    while handle.stats().health.checkpoint < Seq(99) {
        assert!(Instant::now() < until, "checkpoints go on");
        std::thread::yield_now();
    }
    assert_eq!(ended(&back_up(&handle, Vec::new())).unwrap().records, 99);
}

#[test]
fn one_that_cannot_be_written_leaves_the_store_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (writer, durable) = serve(JournalSled::open(dir.path(), &options()).unwrap());
    let (handle, mut builder) = (writer.handle(), GroupBuilder::new(Seq(1)));
    handle.submit(put(&mut builder, 1, b"x")).unwrap();
    assert_eq!(durable.recv_timeout(PATIENCE).unwrap(), Seq(1));
    let (out, gate) = gated(Some(io::ErrorKind::StorageFull));
    let first = back_up(&handle, out);
    drop(gate);
    let failed = ended(&first);
    assert!(
        matches!(failed, Err(Unsaved::Store(StoreError::Io { .. }))),
        "{failed:?}"
    );
    handle.submit(put(&mut builder, 2, b"y")).unwrap();
    assert_eq!(durable.recv_timeout(PATIENCE).unwrap(), Seq(2));
    writer.shutdown();
    let mut store = JournalSled::open(dir.path(), &options()).unwrap();
    assert_eq!(live(&mut store).1.len(), 2);
}

#[test]
fn the_end_of_the_store_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = JournalSled::open(dir.path(), &options()).unwrap();
    let mut builder = GroupBuilder::new(Seq(1));
    builder.begin(true);
    for session in 0..1_000 {
        builder.insert(&key(session), b"x").unwrap();
    }
    store.append(&builder.take().unwrap()).unwrap();
    store.sync().unwrap();
    let (writer, _durable) = serve(store);
    let handle = writer.handle();
    let (out, gate) = gated(None);
    let first = back_up(&handle, out);
    gate.reached();
    let closing = std::thread::spawn(move || writer.shutdown());
    // It stands before its first byte; whatever it does with those that may follow, it does not end well unless it was done.
    drop(gate);
    let outcome = ended(&first);
    assert!(
        matches!(outcome, Err(Unsaved::Ended) | Ok(_)),
        "{outcome:?}"
    );
    closing.join().unwrap();
    let late = ended(&back_up(&handle, Vec::new()));
    assert!(matches!(late, Err(Unsaved::Ended)), "{late:?}");
}

#[test]
fn a_directory_that_is_there_is_not_touched_and_half_a_backup_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("saved");
    let draft = Draft::begin(&to).unwrap();
    draft
        .records()
        .unwrap()
        .write_all(b"something that is no export")
        .unwrap();
    // What was written is no export.
    assert!(matches!(
        draft.finish(&[0; 16]),
        Err(BackupError::Store(StoreError::Corrupt { .. }))
    ));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    std::fs::create_dir(&to).unwrap();
    assert!(matches!(Draft::begin(&to), Err(BackupError::Exists { .. })));
}
