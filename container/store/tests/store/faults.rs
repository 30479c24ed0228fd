//! A disk that fails or fills up: what is reported, and that nothing acknowledged is lost.

use crate::damage::{fill, options};
use crate::suite::{live, put};
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use strowger_journal::{GroupBuilder, Seq, Store, StoreError};
use strowger_store::disk::{Disk, DiskFile, SystemDisk};
use strowger_store::{JournalSled, StoreOptions};

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const MIB: u64 = 1024 * 1024;

/// The system's disk, with a fault on a chosen operation and free space as told.
#[derive(Debug, Clone, Default)]
pub(crate) struct FaultyDisk(Arc<Plan>);

#[derive(Debug, Default)]
struct Plan {
    operations: AtomicU64,
    /// The operation that fails, counted over creating, writing, syncing and truncating; 0 for none.
    fail_at: AtomicU64,
    errno: AtomicU64,
    /// Free space; 0 for what the system says.
    free: AtomicU64,
}

#[derive(Debug)]
struct FaultyFile(Box<dyn DiskFile>, FaultyDisk);

impl FaultyDisk {
    /// Lets the operation after `after` more fail, with an errno.
    pub(crate) fn fail_after(&self, after: u64, errno: i32) {
        self.0.errno.store(errno as u64, Relaxed);
        self.0
            .fail_at
            .store(self.0.operations.load(Relaxed) + after + 1, Relaxed);
    }

    pub(crate) fn set_free(&self, bytes: u64) {
        self.0.free.store(bytes, Relaxed);
    }

    fn step(&self) -> io::Result<()> {
        let number = self.0.operations.fetch_add(1, Relaxed) + 1;
        if self.0.fail_at.load(Relaxed) == number {
            return Err(io::Error::from_raw_os_error(
                self.0.errno.load(Relaxed) as i32
            ));
        }
        Ok(())
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path, reserve: u64) -> io::Result<Box<dyn DiskFile>> {
        self.step()?;
        Ok(Box::new(FaultyFile(
            SystemDisk.create(path, reserve)?,
            self.clone(),
        )))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        SystemDisk.sync_dir(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        match self.0.free.load(Relaxed) {
            0 => SystemDisk.free_bytes(path),
            told => Ok(told),
        }
    }
}

impl DiskFile for FaultyFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = self.1.step() {
            // What a failed write leaves behind is anybody's guess: here, half of it.
            self.0
                .write_at(bytes.get(..bytes.len() / 2).unwrap_or_default(), offset)?;
            return Err(error);
        }
        self.0.write_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.1.step()?;
        self.0.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.1.step()?;
        self.0.truncate(length)
    }
}

#[test]
fn an_error_of_any_operation_is_final_and_loses_nothing_acknowledged() {
    for (errno, code) in [(EIO, "STO-002"), (ENOSPC, "STO-001")] {
        // A segment holds 27 such commits, so that every kind of operation has its turn.
        for after in (0..12).chain(48..64) {
            let place = tempfile::tempdir().unwrap();
            let disk = FaultyDisk::default();
            let mut store =
                JournalSled::open_on(place.path(), &options(), Arc::new(disk.clone())).unwrap();
            disk.fail_after(after, errno);
            let mut builder = GroupBuilder::new(Seq(1));
            let mut known = Seq::NONE;
            let error = loop {
                let group = put(&mut builder, known.0 + 1, &[7; 100]);
                match store.append(&group).and_then(|()| store.sync()) {
                    Ok(durable) => known = durable,
                    Err(error) => break error,
                }
                assert!(known < Seq(100), "the fault strikes");
            };
            assert_eq!(error.code(), code, "operation {after}: {error}");
            drop(store);
            // What the system shows now may not be on the disk: all is written once more.
            let doubt = place.path().join("DOUBT");
            assert!(doubt.exists(), "operation {after}");
            let mut store = JournalSled::open(place.path(), &options()).unwrap();
            assert!(!doubt.exists(), "operation {after}");
            let last = live(&mut store).0.last_seq;
            assert!(
                last == known || last == known.next(),
                "operation {after}: {known} known, {last} found"
            );
        }
    }
}

#[test]
fn a_disk_that_fails_while_opening_fails_the_opening() {
    for after in 0..4 {
        let place = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::default();
        disk.fail_after(after, EIO);
        let error = JournalSled::open_on(place.path(), &options(), Arc::new(disk)).unwrap_err();
        assert!(
            matches!(error, StoreError::Io { .. }),
            "operation {after}: {error}"
        );
        JournalSled::open(place.path(), &options()).unwrap();
    }
}

/// A supervisor tries such a start again; what the database would say of it might be anything.
#[test]
fn a_full_disk_is_told_before_the_database_is_opened() {
    let place = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    disk.set_free(1);
    let opened = JournalSled::open_on(place.path(), &options(), Arc::new(disk));
    assert_eq!(opened.err().unwrap().code(), "STO-001");
}

#[test]
fn space_is_not_looked_at_for_every_commit() {
    let place = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    let options = StoreOptions {
        low_water_bytes: 100 * MIB,
        space_interval: Duration::from_secs(3600),
        ..options()
    };
    disk.set_free(1000 * MIB);
    let mut store = JournalSled::open_on(place.path(), &options, Arc::new(disk.clone())).unwrap();
    disk.set_free(MIB);
    fill(&mut store, 1);
    store.tend().unwrap();
    assert!(!store.health().low_space, "seen when it was opened");
}

#[test]
fn short_space_is_reported_and_the_reserve_given_up_and_restored() {
    let place = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    let options = StoreOptions {
        reserve_bytes: 40 * MIB,
        low_water_bytes: 100 * MIB,
        ..options()
    };
    disk.set_free(1000 * MIB);
    let mut store = JournalSled::open_on(place.path(), &options, Arc::new(disk.clone())).unwrap();
    let reserve = place.path().join("reserve");
    fill(&mut store, 100);
    store.tend().unwrap();
    assert!(reserve.exists());
    assert!(!store.health().low_space);

    disk.set_free(99 * MIB);
    store.tend().unwrap();
    assert!(store.health().low_space);
    disk.set_free(101 * MIB);
    store.tend().unwrap();
    assert!(
        store.health().low_space,
        "a little more is not enough to say that all is well"
    );
    disk.set_free(120 * MIB);
    store.tend().unwrap();
    assert!(!store.health().low_space);

    // Below the reserve it goes, and two checkpoints free the journal.
    let before = store.health().journal_bytes;
    disk.set_free(39 * MIB);
    store.tend().unwrap();
    assert!(!reserve.exists());
    let settled = (0..200).any(|_| {
        let again = store.tend().unwrap().again;
        std::thread::park_timeout(again.unwrap_or_default().min(Duration::from_millis(50)));
        store.health().checkpoint == Seq(100) && store.health().journal_bytes < before / 2
    });
    assert!(settled, "{:?}, {before} bytes before", store.health());

    disk.set_free(1000 * MIB);
    store.tend().unwrap();
    assert!(reserve.exists());
    assert_eq!(live(&mut store).1.len(), 100);
}

/// A disk of our own, which ends with the test.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Nothing where this user may not mount.
    fn mount(mebibytes: u64) -> Option<Self> {
        let place = tempfile::tempdir().expect("a directory");
        let mounted = run(
            &[
                "mount",
                "-t",
                "tmpfs",
                "-o",
                &format!("size={mebibytes}m"),
                "tmpfs",
            ],
            place.path(),
        );
        mounted.then_some(Self(place))
    }

    fn grow(&self, mebibytes: u64) {
        let options = format!("remount,size={mebibytes}m");
        assert!(run(&["mount", "-o", &options], self.0.path()), "grows");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run(&["umount", "--lazy"], self.0.path());
    }
}

fn run(command: &[&str], path: &Path) -> bool {
    let (program, args) = command.split_first().expect("a program");
    let output = Command::new(program).args(args).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn a_disk_that_fills_up_stops_the_store_and_a_larger_one_starts_it_again() {
    let Some(disk) = SmallDisk::mount(64) else {
        writeln!(
            io::stderr(),
            "not tried: this user may not mount a small tmpfs"
        )
        .unwrap();
        return;
    };
    let dir = disk.0.path().join("store");
    let options = StoreOptions {
        segment_bytes: MIB,
        checkpoint_bytes: 2 * MIB,
        reserve_bytes: 8 * MIB,
        low_water_bytes: 20 * MIB,
        ..options()
    };
    let mut store = JournalSled::open(&dir, &options).unwrap();
    let (mut builder, mut known, mut told) = (GroupBuilder::new(Seq(1)), Seq::NONE, None);
    let error = loop {
        let group = put(&mut builder, known.0 + 1, &vec![known.0 as u8; 20_000]);
        let written = store.append(&group).and_then(|()| store.sync());
        match written.and_then(|durable| store.tend().map(|_| durable)) {
            Ok(durable) => known = durable,
            Err(error) => break error,
        }
        if store.health().low_space {
            told.get_or_insert(known);
        }
    };
    assert_eq!(error.code(), "STO-001", "{error}");
    assert!(
        told.is_some_and(|told| told < known),
        "short space was told before it ran out"
    );
    assert!(!dir.join("reserve").exists());
    std::mem::forget(store);
    // The process would have ended here, and its lock with it.
    let after = disk.0.path().join("after");
    disk.grow(256);
    crate::damage::copy(&dir, &after);
    let mut store = JournalSled::open(&after, &options).unwrap();
    let (recovered, found) = live(&mut store);
    assert!(recovered.last_seq >= known);
    assert_eq!(found.len() as u64, recovered.last_seq.0);
    store.tend().unwrap();
    assert!(!store.health().low_space);
}
