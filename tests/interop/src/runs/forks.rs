//! Calls to a user with three phones through the proxy: all ring, one answers, the others are given up.

use super::load::{Load, WARM};
use super::spec;
use crate::error::{Result, RunError, ensure, io};
use crate::node::{Node, NodeSpec};
use crate::peer::{Link, Peer, Phase};
use crate::sipp::{Sipp, Totals};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Ports of the phones; the first one answers.
const PHONES: [u16; 3] = [5071, 5072, 5073];
/// A phone rings at least half as long before it is answered.
const RINGS: Duration = Duration::from_millis(200);
/// What a call may need beyond the planned time, and what the last transaction may linger.
const OVERTIME: Duration = Duration::from_secs(60);

/// The same calls twice on one node: the second time must end with at most 5 % more memory than the first.
///
/// # Errors
/// What did not hold.
pub fn cancelled_losers(load: Load, dir: &Path) -> Result<String> {
    let mut spec = spec(load.host, dir, "forks");
    spec.whole = Some(config(&spec));
    let node = Node::start(&spec)?;
    register(&spec)?;
    let mut phones = phones(&spec)?;
    let calls = u64::from(load.rate) * u64::from(load.seconds);
    let (mut resident, mut retransmissions) = ([0; 2], 0);
    for kib in &mut resident {
        let totals = call(load, &spec, &mut phones)?;
        totals.expect_clean(calls)?;
        retransmissions += totals.get("Retransmissions");
        expect_ends(&phones, calls)?;
        for phone in &mut phones {
            phone.calls.clear();
        }
        let only_registered = |status: &serde_json::Value| {
            let count = |kind: &str| status["counts"][kind].as_u64();
            count("activities") == Some(1) && count("entities") == Some(1)
        };
        node.wait_status(OVERTIME, only_registered)?;
        *kib = node.resident_kib()?;
    }
    let [first, second] = resident;
    ensure(calls < WARM || second * 100 <= first * 105, || {
        format!("memory grew from {first} to {second} KiB over the second run")
    })?;
    Ok(format!(
        "{calls} calls to 3 contacts twice at {}/s, one answered and two given up each, 0 failed, {retransmissions} \
         retransmissions, resident {first} then {second} KiB",
        load.rate
    ))
}

fn config(spec: &NodeSpec) -> String {
    let mut config = format!(
        "[node]\ndata_dir = \"{}\"\n\n[adaptors.sip]\ntype = \"sip\"\n\n\
         [adaptors.sip.settings.listeners.udp]\ntransport = \"udp\"\nbind = \"{}\"\n",
        spec.data.display(),
        spec.sip,
    );
    for service in ["registrar", "proxy"] {
        config += &format!(
            "\n[services.{service}]\nkind = \"{service}\"\ndurability = \"strict\"\n\n\
             [services.{service}.settings]\nauthentication = false\ndomains = [\"{}\"]\n",
            spec.sip.ip()
        );
    }
    config
}

fn phones(spec: &NodeSpec) -> Result<Vec<Peer>> {
    PHONES
        .into_iter()
        .map(|port| {
            let me = SocketAddr::from((spec.sip.ip(), port));
            let mut phone = Peer::new(Link::udp(me)?, me);
            phone.rings = true;
            Ok(phone)
        })
        .collect()
}

/// One user, with a contact for each phone.
fn register(spec: &NodeSpec) -> Result {
    let host = spec.sip.ip();
    let socket = UdpSocket::bind((host, 0)).map_err(io("bind the registering socket"))?;
    let me = socket.local_addr().map_err(io("ask for its address"))?;
    let contacts = PHONES.map(|port| format!("<sip:service@{host}:{port}>"));
    let register = format!(
        "REGISTER sip:{host} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKregister\r\nMax-Forwards: 70\r\n\
         From: <sip:service@{host}>;tag=r\r\nTo: <sip:service@{host}>\r\nCall-ID: forks@{host}\r\nCSeq: 1 REGISTER\r\n\
         Contact: {}\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n",
        contacts.join(", ")
    );
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .and_then(|()| socket.send_to(register.as_bytes(), spec.sip))
        .map_err(io("register"))?;
    let mut buffer = [0; 4096];
    let n = socket.recv(&mut buffer).map_err(io("read the answer"))?;
    let answer = String::from_utf8_lossy(&buffer[..n]);
    ensure(answer.starts_with("SIP/2.0 200"), || {
        format!("REGISTER was answered {answer}")
    })
}

/// SIPp calls, and the phones ring on a thread each: one would be late for the others.
fn call(load: Load, spec: &NodeSpec, phones: &mut [Peer]) -> Result<Totals> {
    let host = spec.sip.ip().to_string();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenario = here.with_file_name("load/sipp/caller.xml");
    let (rate, calls) = (
        load.rate.to_string(),
        (load.rate * load.seconds).to_string(),
    );
    let within = Duration::from_secs(load.seconds.into()) + OVERTIME;
    let over = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let threads: Vec<_> = phones
            .iter_mut()
            .enumerate()
            .map(|(nth, phone)| scope.spawn(move || ring(phone, nth == 0, over)))
            .collect();
        let caller = Sipp::start(&[
            &spec.sip.to_string(),
            "-sf",
            &scenario.to_string_lossy(),
            "-i",
            &host,
            "-p",
            "5080",
            "-r",
            &rate,
            "-m",
            &calls,
        ]);
        let totals = caller.and_then(|caller| caller.finish(within));
        over.store(true, Ordering::Relaxed);
        for thread in threads {
            thread
                .join()
                .map_err(|_| RunError::Broken("the thread of a phone has died".into()))?;
        }
        totals
    })
}

/// Rings until all is over and nothing is expected any more.
fn ring(phone: &mut Peer, answers: bool, over: &AtomicBool) {
    let (mut known, mut looked) = (Vec::new(), Instant::now());
    let mut until = None;
    while until.is_none_or(|until| Instant::now() < until) {
        phone.poll(Duration::from_millis(5));
        if answers && looked.elapsed() > RINGS / 2 {
            phone.answer_known(&mut known);
            looked = Instant::now();
        }
        if until.is_none() && over.load(Ordering::Relaxed) {
            until = Some(Instant::now() + RINGS * 5);
        }
    }
}

/// One phone had all calls, the others were given up with each.
fn expect_ends(phones: &[Peer], calls: u64) -> Result {
    for (nth, phone) in phones.iter().enumerate() {
        let end = match nth {
            0 => Phase::Ended,
            _ => Phase::Failed(487),
        };
        let ended = phone.count(end) as u64;
        ensure(ended == calls && phone.calls.len() as u64 == calls, || {
            format!(
                "phone {nth}: of {calls} calls {ended} ended with {end:?}: {}",
                super::kill::phases(phone)
            )
        })?;
    }
    Ok(())
}
