//! What one message costs a node: CPU time, rate and latency of datagrams through the toy adaptor and service of the
//! tests, in each class of durability.
//!
//! `cargo run --release -p strowger-node --example datagrams [SECONDS] [IN-FLIGHT]`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for developers"
)]

#[path = "../tests/bench/mod.rs"]
mod bench;
#[path = "../tests/toy/mod.rs"]
mod toy;

use bench::Bench;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse().unwrap());
    let (seconds, in_flight) = (args.next().unwrap_or(3), args.next().unwrap_or(64));
    println!(
        "{in_flight} messages in flight, {seconds} s each; CPU is user+system of node and generator less the generator's"
    );
    for class in ["none", "relaxed", "strict"] {
        let bench = Bench::new(&format!("[services.parrot]\ndurability = \"{class}\"\n"));
        let node = bench.start();
        let to = bench.address(&node, "udp");
        let (done, own, mut times) = generate(to, in_flight, Duration::from_secs(seconds as u64));
        let (all, messages) = (done.cpu, times.len());
        times.sort_unstable();
        let at = |q: f64| times[((messages - 1) as f64 * q) as usize].as_secs_f64() * 1e3;
        let cpu = (all - own).as_secs_f64() * 1e6 / messages as f64;
        let status = node.status().unwrap();
        println!(
            "{class:<8} {:>9.0} messages/s   {cpu:>6.2} µs CPU each   p50 {:.2} ms   p99 {:.2} ms   {} syncs, {} entities",
            messages as f64 / done.time.as_secs_f64(),
            at(0.5),
            at(0.99),
            status.store.syncs,
            status.counts.entities,
        );
    }
}

struct Done {
    time: Duration,
    cpu: Duration,
}

fn cpu(who: UsageWho) -> Duration {
    let usage = getrusage(who).unwrap();
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros.try_into().unwrap())
}

/// Keeps so many messages in flight, each on a talk of its own; gives totals, its own CPU time and all latencies.
fn generate(
    to: std::net::SocketAddr,
    in_flight: usize,
    time: Duration,
) -> (Done, Duration, Vec<Duration>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(to).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let (own, all, begun) = (
        cpu(UsageWho::RUSAGE_THREAD),
        cpu(UsageWho::RUSAGE_SELF),
        Instant::now(),
    );
    let mut sent: Vec<Instant> = Vec::new();
    let mut times = Vec::new();
    for n in 0..in_flight {
        socket.send(format!("{n} word").as_bytes()).unwrap();
        sent.push(Instant::now());
    }
    let mut buffer = [0; 2_048];
    while begun.elapsed() < time {
        let length = socket.recv(&mut buffer).unwrap();
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        let n: usize = text.split_once(' ').unwrap().0.parse().unwrap();
        times.push(sent[n].elapsed());
        sent[n] = Instant::now();
        socket.send(format!("{n} word").as_bytes()).unwrap();
    }
    let done = Done {
        time: begun.elapsed(),
        cpu: cpu(UsageWho::RUSAGE_SELF) - all,
    };
    (done, cpu(UsageWho::RUSAGE_THREAD) - own, times)
}
