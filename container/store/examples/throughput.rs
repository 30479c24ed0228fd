//! How fast the store commits and recovers on this disk:
//! `cargo run --release -p strowger-store --example throughput [DIRECTORY] [SECONDS]`.
//!
//! Transactions of three records, 1.07 kB together; sessions are created, updated twice and deleted. N of them are in
//! flight: each is begun when one before it is durable. CPU is user and system time of the whole process, checkpoints
//! included.
#![expect(clippy::print_stdout, reason = "it is there to print figures")]

use std::collections::VecDeque;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};
use strowger_journal::{GroupBuilder, Key, Seq, Store};
use strowger_store::{JournalSled, StoreOptions, Writer, WriterEvent, WriterHandle, WriterOptions};

const SIZES: [usize; 3] = [200, 270, 600];

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args
        .next()
        .map_or_else(|| PathBuf::from("target/throughput"), PathBuf::from);
    let seconds = args.next().map_or(Ok(5), |text| text.parse())?;
    println!("   N  group delay      tx/s   p50 ms   p99 ms  CPU us/tx  tx/sync  written/byte");
    for (in_flight, delay) in [
        (1, 0),
        (1, 1),
        (4, 1),
        (64, 0),
        (64, 1),
        (1000, 0),
        (1000, 1),
    ] {
        let _ = std::fs::remove_dir_all(&dir);
        measure(
            &dir,
            in_flight,
            Duration::from_millis(delay),
            Duration::from_secs(seconds),
        )?;
    }
    println!("\n1600 transactions/s, one by one:");
    println!("group delay   p50 ms  tx/sync  writer CPU us/tx  us/sync");
    for delay in [0, 1, 2, 5, 10] {
        let _ = std::fs::remove_dir_all(&dir);
        pace(
            &dir,
            Duration::from_millis(delay),
            Duration::from_secs(seconds),
        )?;
    }
    println!();
    recover(&dir)
}

/// Commits for a while and prints one line.
fn measure(
    dir: &Path,
    in_flight: usize,
    group_delay: Duration,
    time: Duration,
) -> Result<(), Box<dyn Error>> {
    let mut store = JournalSled::open(dir, &StoreOptions::default())?;
    let next = store.recover(&mut |_| {})?.last_seq.next();
    let (send, durable) = sync_channel(4096);
    let options = WriterOptions {
        group_delay,
        ..WriterOptions::default()
    };
    let on_event = move |event| match event {
        WriterEvent::Durable(seq) => drop(send.send(seq)),
        WriterEvent::LowSpace(_) => {}
        WriterEvent::Fatal(error) => println!("fatal: {error}"),
    };
    let writer = Writer::spawn(Box::new(store), options, Box::new(on_event))?;
    let (cpu, written, begun) = (cpu_time()?, written_bytes()?, Instant::now());
    let latencies = drive(&writer.handle(), &durable, next, in_flight, time);
    let (elapsed, cpu) = (begun.elapsed(), cpu_time()? - cpu);
    let stats = writer.handle().stats();
    let written = (written_bytes()? - written) as f64 / stats.bytes as f64;
    let mut sorted = latencies;
    sorted.sort_unstable();
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{in_flight:>4}  {:>8} ms  {:>8.0}  {:>7.2}  {:>7.2}  {:>9.1}  {:>7.1}  {written:>12.1}",
        group_delay.as_millis(),
        sorted.len() as f64 / elapsed.as_secs_f64(),
        at(0.5),
        at(0.99),
        cpu.as_secs_f64() * 1e6 / sorted.len() as f64,
        stats.commits as f64 / stats.syncs as f64,
    );
    writer.shutdown();
    Ok(())
}

/// Commits at a fixed rate, as a node under light load does, and prints one line.
fn pace(dir: &Path, group_delay: Duration, time: Duration) -> Result<(), Box<dyn Error>> {
    const GAP: Duration = Duration::from_micros(625);
    let store = JournalSled::open(dir, &StoreOptions::default())?;
    let (send, durable) = sync_channel(65536);
    let options = WriterOptions {
        group_delay,
        ..WriterOptions::default()
    };
    let on_event = move |event| {
        if let WriterEvent::Durable(seq) = event {
            let _ = send.send((seq, Instant::now()));
        }
    };
    let writer = Writer::spawn(Box::new(store), options, Box::new(on_event))?;
    let handle = writer.handle();
    let mut builder = GroupBuilder::new(Seq(1));
    let begun = Instant::now();
    let mut submitted = Vec::new();
    while begun.elapsed() < time {
        let due = begun + GAP * submitted.len() as u32;
        std::thread::park_timeout(due.saturating_duration_since(Instant::now()));
        begin_transaction(&mut builder, submitted.len() as u64);
        submitted.push(Instant::now());
        if let Some(group) = builder.take() {
            handle.submit(group)?;
        }
    }
    let cpu = writer_cpu()?.as_secs_f64() * 1e6;
    let stats = handle.stats();
    writer.shutdown();
    let mut waiting = submitted.iter().enumerate().peekable();
    let mut latencies = Vec::new();
    for (seq, at) in durable.try_iter() {
        while let Some((_, from)) = waiting.next_if(|(index, _)| *index < seq.0 as usize) {
            latencies.push(at - *from);
        }
    }
    latencies.sort_unstable();
    println!(
        "{:>8} ms  {:>7.2}  {:>7.1}  {:>16.1}  {:>7.1}",
        group_delay.as_millis(),
        latencies
            .get(latencies.len() / 2)
            .copied()
            .unwrap_or_default()
            .as_secs_f64()
            * 1e3,
        stats.commits as f64 / stats.syncs as f64,
        cpu / stats.commits as f64,
        cpu / stats.syncs as f64,
    );
    Ok(())
}

/// Keeps `in_flight` transactions under way; gives how long each took.
fn drive(
    writer: &WriterHandle,
    durable: &Receiver<Seq>,
    next: Seq,
    in_flight: usize,
    time: Duration,
) -> Vec<Duration> {
    let mut builder = GroupBuilder::new(next);
    let mut waiting: VecDeque<Instant> = VecDeque::new();
    let mut latencies = Vec::new();
    let (begun, mut oldest) = (Instant::now(), next);
    let mut step = 0_u64;
    while begun.elapsed() < time {
        while waiting.len() < in_flight {
            begin_transaction(&mut builder, step);
            step += 1;
            waiting.push_back(Instant::now());
        }
        if let Some(group) = builder.take() {
            writer
                .submit(group)
                .expect("the queue has room for what is in flight");
        }
        if let Some(spare) = writer.spare() {
            builder.recycle(spare);
        }
        let Ok(seq) = durable.recv() else { break };
        let now = Instant::now();
        while oldest <= seq {
            let Some(from) = waiting.pop_front() else {
                break;
            };
            latencies.push(now - from);
            oldest = oldest.next();
        }
    }
    latencies
}

/// One transaction of three records: the sessions are created, updated twice and removed.
fn begin_transaction(builder: &mut GroupBuilder, step: u64) {
    let payload = [0xA5_u8; 600];
    builder.begin(true);
    let (session, stage) = (step / 4, step % 4);
    for (kind, size) in SIZES.iter().enumerate() {
        let key = Key {
            slot: session as u8,
            session,
            kind: kind as u8,
            sub: b"leg",
        };
        let done = match stage {
            0 => builder.insert(&key, &payload[..*size]),
            1 | 2 => builder.update(&key, &payload[..*size]),
            _ => builder.remove(&key),
        };
        done.expect("fits");
    }
}

/// Fills a store with live records, and times its recovery from the journal and from a checkpoint.
fn recover(dir: &Path) -> Result<(), Box<dyn Error>> {
    let _ = std::fs::remove_dir_all(dir);
    let options = StoreOptions {
        checkpoint_interval: Duration::MAX,
        checkpoint_bytes: 1 << 40,
        ..StoreOptions::default()
    };
    let mut store = JournalSled::open(dir, &options)?;
    let mut builder = GroupBuilder::new(Seq(1));
    let payload = [0xA5_u8; 600];
    for session in 0..200_000_u64 {
        builder.begin(true);
        for (kind, size) in SIZES.iter().enumerate() {
            let key = Key {
                slot: session as u8,
                session,
                kind: kind as u8,
                sub: b"leg",
            };
            builder.insert(&key, &payload[..*size])?;
        }
        if builder.len() > 1 << 20
            && let Some(group) = builder.take()
        {
            store.append(&group)?;
            store.sync()?;
            builder.recycle(group.into());
        }
    }
    if let Some(group) = builder.take() {
        store.append(&group)?;
        store.sync()?;
    }
    drop(store);
    for source in ["journal", "checkpoint"] {
        let begun = Instant::now();
        let mut store = JournalSled::open(dir, &options)?;
        let opened = begun.elapsed();
        let found = store.recover(&mut |_| {})?;
        let took = begun.elapsed() - opened;
        println!(
            "recovery from the {source}: {} records, opened in {:.2} s, read in {:.2} s, {:.0} records/s, {} MiB resident",
            found.records,
            opened.as_secs_f64(),
            took.as_secs_f64(),
            found.records as f64 / took.as_secs_f64(),
            resident_mib()?,
        );
        let begun = Instant::now();
        store.checkpoint()?;
        println!(
            "checkpoint of what was not in one: {:.2} s, {} MiB resident",
            begun.elapsed().as_secs_f64(),
            resident_mib()?,
        );
    }
    std::fs::remove_dir_all(dir)?;
    Ok(())
}

/// User and system time of this process.
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').ok_or("no process name")?.1;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|text| text.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// Bytes that this process has sent to the disk.
fn written_bytes() -> Result<u64, Box<dyn Error>> {
    let io = std::fs::read_to_string("/proc/self/io")?;
    let line = io
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes: "))
        .ok_or("no count")?;
    Ok(line.trim().parse()?)
}

/// Memory of this process that is in use now.
fn resident_mib() -> Result<u64, Box<dyn Error>> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm
        .split_whitespace()
        .nth(1)
        .ok_or("no resident size")?
        .parse()?;
    Ok(pages * 4096 / (1024 * 1024))
}

/// Processor time of the writer's thread.
fn writer_cpu() -> Result<Duration, Box<dyn Error>> {
    for task in std::fs::read_dir("/proc/self/task")? {
        let path = task?.path();
        if std::fs::read_to_string(path.join("comm"))?.trim() == "writer" {
            let stat = std::fs::read_to_string(path.join("schedstat"))?;
            let nanoseconds = stat.split_whitespace().next().ok_or("no time")?.parse()?;
            return Ok(Duration::from_nanos(nanoseconds));
        }
    }
    Err("no writer".into())
}
