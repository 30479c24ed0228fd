//! A child process commits and says what it was told is durable; it is killed at a random moment, and what it said must
//! be there. Once as a kill leaves the directory, and once as a power cut does.

use crate::suite::{Model, Random, live};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;
use strowger_disks::Cut;
use strowger_journal::{GroupBuilder, Key, Seq, Store};
use strowger_store::{JournalSled, StoreOptions, Writer, WriterEvent, WriterOptions};

/// Where the child works.
const DIR: &str = "STROWGER_STORE_CHILD";
/// How often each test ends a child; more in a long run.
const ROUNDS: &str = "STROWGER_CRASH_ROUNDS";
/// Longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
#[ignore = "run by the other tests, in a child process"]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let mut store = JournalSled::open(Path::new(&dir), &options()).unwrap();
    let next = store.recover(&mut |_| {}).unwrap().last_seq.next();
    let (send, durable) = sync_channel(1024);
    let on_event = move |event| match event {
        WriterEvent::Durable(seq) => drop(send.send(seq)),
        WriterEvent::LowSpace(_) => {}
        WriterEvent::Fatal(error) => panic!("{error}"),
    };
    let options = WriterOptions {
        group_delay: Duration::from_micros(200),
        ..WriterOptions::default()
    };
    let writer = Writer::spawn(Box::new(store), options, Box::new(on_event)).unwrap();
    let handle = writer.handle();
    let mut builder = GroupBuilder::new(next);
    let mut waiting = VecDeque::new();
    let mut out = std::io::stdout();
    // The parent ends this process long before; the bound is for a parent that died.
    for _ in 0..100_000 {
        while waiting.len() < 40 {
            waiting.push_back(commit(&mut builder));
        }
        if let Some(group) = builder.take() {
            handle.submit(group).unwrap();
        }
        let seq = durable.recv_timeout(PATIENCE).unwrap();
        while waiting.pop_front_if(|oldest| *oldest <= seq).is_some() {}
        writeln!(out, "durable {seq}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn what_was_durable_survives_kill() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    std::fs::create_dir(&dir).unwrap();
    let mut random = Random::new(1);
    let mut known = Seq::NONE;
    for round in 0..rounds() {
        let mut command = child_command(&dir);
        known = known.max(run_and_kill(&mut command, &mut random, round));
        known = check(&dir, known, &format!("kill, round {round}"));
    }
    assert!(known > Seq(1000), "the children did something: {known}");
}

#[test]
fn what_was_durable_survives_a_power_cut() {
    cut_power(2, None);
}

#[test]
fn what_was_durable_survives_a_power_cut_that_leaves_some_of_the_rest() {
    cut_power(3, Some(11));
}

fn cut_power(seed: u64, leak: Option<u64>) {
    let place = tempfile::tempdir().expect("works");
    let (mut dir, mut after) = (place.path().join("a"), place.path().join("b"));
    let mut random = Random::new(seed);
    let mut known = Seq::NONE;
    for round in 0..rounds() {
        let cut = Cut::new(
            &dir,
            &place.path().join("shadow"),
            leak.map(|leak| leak + round),
        )
        .expect("works");
        let mut command = child_command(&dir);
        cut.preload(&mut command).expect("works");
        known = known.max(run_and_kill(&mut command, &mut random, round));
        cut.restore(&after).expect("works");
        // Recovery here works on what the cut left; the next child starts from the same.
        known = check(
            &after,
            known,
            &format!("power cut, seed {seed}, leak {leak:?}, round {round}"),
        );
        std::mem::swap(&mut dir, &mut after);
    }
    assert!(known > Seq(1000), "the children did something: {known}");
}

fn rounds() -> u64 {
    let given = std::env::var_os(ROUNDS).and_then(|text| text.to_str()?.parse().ok());
    given.unwrap_or(8)
}

fn options() -> StoreOptions {
    StoreOptions {
        segment_bytes: 64 * 1024,
        checkpoint_bytes: 200 * 1024,
        checkpoint_interval: Duration::from_millis(30),
        cache_bytes: 1024 * 1024,
        reserve_bytes: 4096,
        low_water_bytes: 0,
        space_interval: Duration::ZERO,
    }
}

fn child_command(dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["crash::child", "--exact", "--ignored", "--nocapture"]);
    command
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Lets the child run until a random moment, from before it has opened the store; gives the last commit it reported.
fn run_and_kill(command: &mut Command, random: &mut Random, round: u64) -> Seq {
    let mut child = command.spawn().expect("starts");
    let (lines, reader) = read_lines(&mut child);
    let mut known = Seq::NONE;
    if round % 4 == 3 {
        // Somewhere while it opens, with luck.
        let _ = take_until(
            &lines,
            Duration::from_micros(random.below(60_000)),
            1,
            &mut known,
        );
    } else {
        let ended = take_until(&lines, PATIENCE, 1 + random.below(120), &mut known);
        if ended == Err(RecvTimeoutError::Disconnected) || known == Seq::NONE {
            let _ = child.kill();
            let output = child.wait_with_output().expect("ended");
            panic!(
                "the child failed: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    child.kill().expect("kills");
    child.wait().expect("ended");
    // What it managed to say counts too.
    while let Ok(seq) = lines.recv() {
        known = known.max(seq);
    }
    reader.join().expect("the reader ends");
    known
}

/// Takes reports until there were `most`, or until the time is over.
fn take_until(
    lines: &Receiver<Seq>,
    time: Duration,
    most: u64,
    known: &mut Seq,
) -> Result<(), RecvTimeoutError> {
    for _ in 0..most {
        *known = lines.recv_timeout(time)?;
    }
    Ok(())
}

fn read_lines(child: &mut Child) -> (Receiver<Seq>, std::thread::JoinHandle<()>) {
    let out = child.stdout.take().expect("piped");
    let (send, lines) = sync_channel(100_000);
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Some(seq) = line
                .strip_prefix("durable ")
                .and_then(|number| number.parse().ok())
            {
                let _ = send.send(Seq(seq));
            }
        }
    });
    (lines, reader)
}

/// Opens what is left, and compares it with what the commits up to its last one make. Gives that one.
fn check(dir: &Path, known: Seq, what: &str) -> Seq {
    let mut store =
        JournalSled::open(dir, &options()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let (recovered, found) = live(&mut store);
    assert!(
        recovered.last_seq >= known,
        "{what}: {known} was durable, {} is there",
        recovered.last_seq
    );
    let expected = model(recovered.last_seq);
    for (key, value) in &expected {
        assert_eq!(
            found.get(key),
            Some(value),
            "{what}: record {key:?} at {}",
            recovered.last_seq
        );
    }
    assert_eq!(
        found.len(),
        expected.len(),
        "{what}: records that should be gone"
    );
    recovered.last_seq
}

/// What commit `seq` does: every session is created, updated twice and, but for some, removed; 50 commits apart.
fn change(seq: u64) -> Option<(u64, u64)> {
    let stage = seq % 4;
    let session = (seq / 4).checked_sub(stage * 50)?;
    Some((session, stage))
}

fn value(session: u64, stage: u64) -> Vec<u8> {
    let length = if session.is_multiple_of(16) {
        9_000
    } else {
        200 + session * 7 % 400
    };
    (0..length).map(|i| (i ^ session ^ stage) as u8).collect()
}

const fn stays(session: u64) -> bool {
    session.is_multiple_of(5)
}

fn commit(builder: &mut GroupBuilder) -> Seq {
    let seq = builder.begin(true);
    if let Some((session, stage)) = change(seq.0) {
        for kind in 0..3 {
            let key = Key {
                slot: session as u8,
                session,
                kind,
                sub: b"r",
            };
            match stage {
                0 => builder.insert(&key, &value(session, stage)),
                3 if !stays(session) => builder.remove(&key),
                _ => builder.update(&key, &value(session, stage)),
            }
            .expect("fits");
        }
    }
    seq
}

fn model(last: Seq) -> Model {
    let mut model = Model::new();
    for (session, stage) in (1..=last.0).filter_map(change) {
        for kind in 0..3 {
            let key = (session as u8, session, kind, b"r".to_vec());
            if stage == 3 && !stays(session) {
                model.remove(&key);
            } else {
                model.insert(key, value(session, stage));
            }
        }
    }
    model
}
