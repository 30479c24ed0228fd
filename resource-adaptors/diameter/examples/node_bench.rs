//! What a request with its answer costs two Diameter nodes alone: bytes in, bytes out, no sockets, no container.
//!
//! `cargo run --release -p strowger-diameter --example node_bench [TRANSACTIONS]`, or under
//! `valgrind --tool=callgrind --toggle-collect=node_bench::exchange` for instructions. Both nodes are counted, the writing of
//! the answer is not a service's work but a copy of bytes. It counts allocations by itself, so its times are a little above
//! those of a node.

#![expect(clippy::print_stdout, reason = "its report goes to its reader")]
#![expect(
    clippy::disallowed_methods,
    reason = "it measures on the machine's own clock"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use strowger_diameter::proto::dict::{Dictionary, base};
use strowger_diameter::proto::node::{
    Application, Config, Ends, Link, Outgoing, Output, PeerConfig, Stack,
};
use strowger_diameter::proto::time::Ms;
use strowger_diameter::proto::wire::{Builder, Message};

static CALLS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[expect(
    unsafe_code,
    reason = "an allocator that counts is unsafe by its trait"
)]
// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Requests that wait at one time.
const WINDOW: usize = 100;

fn main() {
    let count = std::env::args().nth(1).and_then(|n| n.parse().ok());
    let count: usize = count.unwrap_or(1_000_000);
    let (mut client, mut server, links) = connected();
    let request = request();
    let answer = answer(&request);
    exchange(&mut client, &mut server, links, &request, &answer, 10_000);
    let allocations = CALLS.load(Ordering::Relaxed);
    let start = Instant::now();
    let answered = exchange(&mut client, &mut server, links, &request, &answer, count);
    let took = start.elapsed();
    let allocations = CALLS.load(Ordering::Relaxed) - allocations;
    assert_eq!(answered, count);
    println!(
        "{count} requests of {} bytes: {:.3} us and {:.2} allocations each, both nodes",
        request.len(),
        took.as_secs_f64() * 1e6 / count as f64,
        allocations as f64 / count as f64,
    );
}

/// Sends `count` requests, so many at a time that [`WINDOW`] wait, and takes their answers.
#[inline(never)]
fn exchange(
    client: &mut Stack,
    server: &mut Stack,
    (ours, theirs): (Link, Link),
    request: &Bytes,
    answer: &Bytes,
    count: usize,
) -> usize {
    let mut answered = 0;
    let mut wire = Vec::with_capacity(WINDOW * 512);
    for turn in 0..count / WINDOW {
        let now = Ms(100 + turn as u64 / 10);
        for _ in 0..WINDOW {
            client.request(now, Outgoing::new(Bytes::copy_from_slice(request)));
        }
        drain(client, &mut wire);
        server.received(now, theirs, &wire);
        wire.clear();
        while let Some(output) = server.poll() {
            if let Output::Request { key, .. } = output {
                server.answer(now, key, Bytes::copy_from_slice(answer));
            } else if let Output::Send { bytes, .. } = output {
                wire.extend_from_slice(&bytes);
            }
        }
        client.received(now, ours, &wire);
        answered += drain(client, &mut wire);
        client.expire(now);
        server.expire(now);
    }
    answered
}

/// Collects what is to be sent; how many answers there were.
fn drain(stack: &mut Stack, wire: &mut Vec<u8>) -> usize {
    wire.clear();
    let mut answers = 0;
    while let Some(output) = stack.poll() {
        if let Output::Send { bytes, .. } = output {
            wire.extend_from_slice(&bytes);
        } else if let Output::Answer { .. } = output {
            answers += 1;
        }
    }
    answers
}

fn config(host: &str) -> Config {
    let mut config = Config::new(host, "bench");
    config.applications = vec![Application {
        id: 4,
        vendor: 0,
        accounting: false,
    }];
    config
}

/// Two nodes with an open connection.
fn connected() -> (Stack, Stack, (Link, Link)) {
    let there = "127.0.0.1:3868".parse().ok();
    let mut ours = config("client.bench");
    ours.peers = vec![PeerConfig::new("server.bench", there)];
    let mut theirs = config("server.bench");
    theirs.peers = vec![PeerConfig::new("client.bench", None)];
    let dictionary = Arc::new(Dictionary::standard());
    let mut client = Stack::new(ours, dictionary.clone(), [1; 4], Ms(0), 0);
    let mut server = Stack::new(theirs, dictionary, [2; 4], Ms(0), 0);
    let ends = || Ends {
        peer: ([127, 0, 0, 1], 3868).into(),
        local: [127, 0, 0, 1].into(),
        secure: None,
    };
    client.expire(Ms(8));
    let mut link = None;
    while let Some(output) = client.poll() {
        if let Output::Connect { link: its, .. } = output {
            link = Some(its);
        }
    }
    let (Some(link), Some(theirs)) = (link, server.accepted(Ms(8), ends())) else {
        panic!("no connection");
    };
    client.connected(Ms(8), link, ends());
    let mut wire = Vec::new();
    drain(&mut client, &mut wire);
    server.received(Ms(8), theirs, &wire);
    drain(&mut server, &mut wire);
    client.received(Ms(8), link, &wire);
    drain(&mut client, &mut wire);
    (client, server, (link, theirs))
}

fn request() -> Bytes {
    let mut builder = Builder::request(272, 4);
    builder.avp(&base::SESSION_ID, "client.bench;1876543210;523;0afec6");
    builder.identities("client.bench", "bench");
    builder.avp(&base::DESTINATION_REALM, "bench");
    builder.avp(&base::AUTH_APPLICATION_ID, 4);
    builder.put(461, 0, 0x40, b"32251@3gpp.org");
    builder.put(416, 0, 0x40, &1_u32.to_be_bytes());
    builder.put(415, 0, 0x40, &0_u32.to_be_bytes());
    builder.put(55, 0, 0x40, &0xe000_0000_u32.to_be_bytes());
    builder.avp(&base::USER_NAME, "4930123456@bench");
    builder.avp(&base::ORIGIN_STATE_ID, 1_700_000_000_u32);
    builder.finish(0, 0).unwrap_or_default()
}

fn answer(request: &Bytes) -> Bytes {
    let Ok(request) = Message::parse(request.clone()) else {
        panic!("unsound request");
    };
    let mut builder = Builder::answer(&request);
    builder.avp(&base::RESULT_CODE, 2001_u32);
    builder.identities("server.bench", "bench");
    builder.avp(&base::AUTH_APPLICATION_ID, 4);
    builder.put(416, 0, 0x40, &1_u32.to_be_bytes());
    builder.put(415, 0, 0x40, &0_u32.to_be_bytes());
    builder.finish(0, 0).unwrap_or_default()
}
