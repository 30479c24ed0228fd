//! Files on a disk that fails, and processes that die.

use super::*;
use bytes::Bytes;
use std::cell::Cell;
use std::collections::BTreeMap;
use tempfile::TempDir;

/// What goes wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// The disk takes so many bytes of each write.
    room: Cell<Option<usize>>,
    sync_fails: Cell<bool>,
}

impl Faults {
    pub(super) fn before_write(&self, file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
        let Some(room) = self.room.get().filter(|room| *room < bytes.len()) else {
            return Ok(());
        };
        file.write_all_at(&bytes[..room], at)?;
        Err(io::ErrorKind::StorageFull.into())
    }
    pub(super) fn before_sync(&self) -> io::Result<()> {
        match self.sync_fails.get() {
            true => Err(io::Error::other("the disk is broken")),
            false => Ok(()),
        }
    }
}

fn settings(directory: &TempDir) -> FileSettings {
    FileSettings {
        directory: directory.path().to_owned(),
        ..FileSettings::default()
    }
}

fn open(settings: &FileSettings) -> Files {
    Files::open(settings, 1_000).unwrap()
}

fn record(n: u64) -> Down {
    let id = RecordId {
        origin: 7,
        number: n,
    };
    Down {
        id,
        line: Bytes::from(format!(
            r#"{{"id":"{id}","kind":"test","record":{{"n":{n}}}}}"#
        )),
    }
}

fn records(numbers: impl IntoIterator<Item = u64>) -> Vec<Down> {
    numbers.into_iter().map(record).collect()
}

/// How often each record is in the files, by its number; and all of it is whole.
fn count(directory: &Path) -> BTreeMap<u64, u32> {
    let mut counts = BTreeMap::new();
    for name in names(directory) {
        if !name.contains(FINISHED) {
            continue;
        }
        let text = fs::read_to_string(directory.join(&name)).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "{name}: {text}");
        for line in text.lines() {
            let id = whole(format!("{line}\n").as_bytes());
            let id = id.unwrap_or_else(|| panic!("{name}: {line}"));
            *counts.entry(id.number).or_default() += 1;
        }
    }
    counts
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[track_caller]
fn assert_each_once(directory: &TempDir, numbers: impl IntoIterator<Item = u64>) {
    let expected: BTreeMap<u64, u32> = numbers.into_iter().map(|n| (n, 1)).collect();
    assert_eq!(count(directory.path()), expected);
}

#[test]
fn what_is_there_is_not_written_again_by_this_process_or_the_next() {
    let directory = TempDir::new().unwrap();
    let settings = settings(&directory);
    let mut files = open(&settings);
    assert_eq!(files.write(&records(0..10), &settings).unwrap(), 10);
    assert_eq!(files.write(&records(5..15), &settings).unwrap(), 5);
    drop(files);
    let mut files = open(&settings);
    assert_eq!(
        files.write(&records([3, 14, 15, 15]), &settings).unwrap(),
        1
    );
    assert_each_once(&directory, 0..16);
    assert_eq!(names(directory.path()).len(), 2, "one file, and the lock");
}

#[test]
fn a_line_that_is_not_whole_is_cut_off() {
    let torn: [&[u8]; 5] = [
        br#"{"id":"00000007-00000000000000"#,
        b"{\"id\":\"00000007-0000000000000003\",\"rec\0\0\0\0\0\0}\n",
        b"\0\0\0\0\0\0\0\n{\"id\":\"00000007-0000000000000003\"}\n",
        b"{",
        b"\n",
    ];
    for torn in torn {
        let directory = TempDir::new().unwrap();
        let settings = settings(&directory);
        let mut files = open(&settings);
        files.write(&records(0..3), &settings).unwrap();
        let part = files.part.as_ref().unwrap();
        part.file.write_all_at(torn, part.length).unwrap();
        drop(files);
        let mut files = open(&settings);
        assert_eq!(files.write(&records(2..5), &settings).unwrap(), 2);
        assert_each_once(&directory, 0..5);
    }
}

#[test]
fn a_file_is_finished_when_it_is_long_and_need_not_be_there_any_more() {
    let directory = TempDir::new().unwrap();
    let settings = FileSettings {
        rotate_bytes: 4_096,
        ..settings(&directory)
    };
    let mut files = open(&settings);
    for n in 0..40 {
        files
            .write(&records(n * 10..n * 10 + 10), &settings)
            .unwrap();
    }
    let all = names(directory.path());
    let finished: Vec<&String> = all.iter().filter(|name| name.ends_with(FINISHED)).collect();
    assert!(finished.len() > 4, "{all:?}");
    assert!(
        finished[0].starts_with("records-20")
            && finished[0].ends_with("-00000007-0000000000000000.jsonl")
    );
    assert_each_once(&directory, 0..400);
    // Somebody takes the finished ones away, and the process dies: they are known all the same.
    for name in finished {
        fs::remove_file(directory.path().join(name)).unwrap();
    }
    drop(files);
    let mut files = open(&settings);
    assert_eq!(files.write(&records(0..400), &settings).unwrap(), 0);
}

#[test]
fn a_file_is_finished_when_it_is_old() {
    let directory = TempDir::new().unwrap();
    let mut settings = settings(&directory);
    let mut files = open(&settings);
    files.write(&records(0..3), &settings).unwrap();
    files.look(&settings).unwrap();
    assert!(files.part.is_some());
    settings.rotate_age = Duration::from_nanos(1);
    files.look(&settings).unwrap();
    assert!(files.part.is_none());
    assert_each_once(&directory, 0..3);
}

#[test]
fn the_oldest_are_removed_and_nobody_elses() {
    let directory = TempDir::new().unwrap();
    let mut settings = FileSettings {
        rotate_bytes: 1,
        ..settings(&directory)
    };
    for other in [
        "records-b-20200101T000000Z-00000007-0000000000000000.jsonl",
        "records-mine.jsonl",
    ] {
        fs::write(directory.path().join(other), "").unwrap();
    }
    let mut files = open(&settings);
    for n in 0..10 {
        files.write(&records([n]), &settings).unwrap();
    }
    settings.keep_files = 4;
    files.look(&settings).unwrap();
    assert_each_once(&directory, 6..10);
    settings.keep_bytes = 3 * 70;
    files.look(&settings).unwrap();
    assert_eq!(count(directory.path()).len(), 3);
    settings.keep_age = Duration::from_nanos(1);
    files.look(&settings).unwrap();
    assert_eq!(count(directory.path()).len(), 0);
    assert_eq!(
        names(directory.path()).len(),
        4,
        "{:?}",
        names(directory.path())
    );
}

#[test]
fn a_full_disk_leaves_nothing_half_and_what_waits_is_written_later() {
    for room in [0, 1, 63, 64, 65, 100, 500] {
        let directory = TempDir::new().unwrap();
        let settings = settings(&directory);
        let mut files = open(&settings);
        files.write(&records(0..2), &settings).unwrap();
        files.faults.room.set(Some(room));
        let error = files.write(&records(2..12), &settings).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_each_once(&directory, 0..2);
        files.faults.room.set(None);
        assert_eq!(files.write(&records(2..12), &settings).unwrap(), 10);
        assert_each_once(&directory, 0..12);
    }
}

#[test]
fn what_could_not_be_synced_is_written_again_and_once() {
    let directory = TempDir::new().unwrap();
    let settings = settings(&directory);
    let mut files = open(&settings);
    files.faults.sync_fails.set(true);
    files.write(&records(0..10), &settings).unwrap_err();
    files.faults.sync_fails.set(false);
    assert_eq!(files.write(&records(0..10), &settings).unwrap(), 10);
    assert_each_once(&directory, 0..10);
}

#[test]
fn two_processes_do_not_write_to_the_same_files() {
    let directory = TempDir::new().unwrap();
    let settings = settings(&directory);
    let first = open(&settings);
    assert!(matches!(
        Files::open(&settings, 1),
        Err(FilesError::InUse(_))
    ));
    drop(first);
    open(&settings);
}

/// Batches, faults and deaths in an order that a seed decides; what was not acknowledged is told again.
#[test]
fn each_record_is_there_once_whatever_happens() {
    let mut deaths = 0;
    for seed in 1..7_u64 {
        let mut random = seed;
        let mut next = move |below: u64| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let directory = TempDir::new().unwrap();
        let settings = FileSettings {
            rotate_bytes: 500 + next(3_000),
            ..settings(&directory)
        };
        let mut files = open(&settings);
        let (mut acknowledged, mut n) = (0, 0);
        for _ in 0..100 {
            n = (n + next(30)).max(acknowledged);
            files
                .faults
                .room
                .set((next(4) == 0).then(|| next(900) as usize));
            files.faults.sync_fails.set(next(9) == 0);
            // Some that were acknowledged may be told again, too.
            let from = u64::saturating_sub(acknowledged, next(5));
            if files.write(&records(from..n), &settings).is_ok() {
                acknowledged = n;
            }
            if next(6) == 0 {
                deaths += 1;
                if let Some(part) = &files.part {
                    let at = part.length;
                    let whole = record(n).line;
                    let torn = whole.len().min(next(100) as usize);
                    part.file.write_all_at(&whole[..torn], at).unwrap();
                }
                drop(files);
                files = open(&settings);
            }
        }
        files.faults.room.set(None);
        files.faults.sync_fails.set(false);
        files.write(&records(acknowledged..n), &settings).unwrap();
        assert_each_once(&directory, 0..n);
    }
    assert!(deaths > 20, "{deaths}");
}
