//! More arrives than a node works off: new requests of HTTP are told to come again, with the time when, and are taken as soon as
//! the load is over.
//!
//! What arrives are responses that answer nothing: no window holds them up, and each costs whoever sends it less than the node.

use super::{ACCOUNT, PREFIX, SOON, stop};
use crate::error::{Result, RunError, ensure, io};
use crate::node::pause;
use crate::sms::ground::Ground;
use crate::sms::http::{Answer, Client};
use crate::sms::link::Link;
use crate::sms::pdu::{Pdu, command};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Connections that send without end.
const FLOODS: usize = 4;
/// Responses that are sent at once.
const BATCH: u32 = 4_096;

/// See the module.
///
/// # Errors
/// What did not hold.
pub fn refused(load: Duration, host: u8, dir: &Path) -> Result<String> {
    let ground = Ground::new(dir, Ipv4Addr::new(127, 0, host, 1))?
        .account(ACCOUNT, PREFIX, "")
        .account("nobody", "99", "");
    let more = http(ground.http());
    let ground = ground.more(&more);
    let node = ground.start()?;
    let at = ground.http();
    ensure(post(at)?.status == 202, || {
        "a message was not taken before the load".to_owned()
    })?;
    let flood = Flood::start(&ground)?;
    let (mut taken, mut refusals, began) = (0, 0, Instant::now());
    while refusals == 0 || began.elapsed() < load {
        ensure(began.elapsed() < load + SOON, || {
            format!(
                "no request was refused in {:?}: {taken} were taken",
                began.elapsed()
            )
        })?;
        let answer = post(at)?;
        match answer.status {
            202 => taken += 1,
            503 => {
                refusals += 1;
                ensure(answer.header("retry-after") == Some("7"), || {
                    format!("503 with {}", answer.head)
                })?;
            }
            other => {
                let text = format!("HTTP {other}: {}", answer.body);
                return Err(RunError::Broken(text.into()));
            }
        }
    }
    flood.stop()?;
    let over = Instant::now();
    while post(at)?.status != 202 {
        ensure(over.elapsed() < SOON, || {
            format!("requests are refused {SOON:?} after the load")
        })?;
        pause();
    }
    let back = over.elapsed();
    stop(&ground, node)?;
    Ok(format!(
        "{refusals} requests answered 503 with Retry-After and {taken} taken during the load; taken again {back:?} after it"
    ))
}

/// Threads that send.
struct Flood {
    over: Arc<AtomicBool>,
    links: Vec<Link>,
    threads: Vec<JoinHandle<()>>,
}

impl Flood {
    fn start(ground: &Ground) -> Result<Self> {
        let mut flood = Self {
            over: Arc::default(),
            links: Vec::new(),
            threads: Vec::new(),
        };
        let batch: Vec<u8> = (0..BATCH).flat_map(unasked).collect();
        for _ in 0..FLOODS {
            let link = ground.esme(ACCOUNT)?;
            let mut stream = link.socket().try_clone().map_err(io("take a connection"))?;
            let (over, batch) = (Arc::clone(&flood.over), batch.clone());
            flood.threads.push(thread::spawn(move || {
                while !over.load(Ordering::Relaxed) && stream.write_all(&batch).is_ok() {}
            }));
            flood.links.push(link);
        }
        Ok(flood)
    }

    /// Ends it; what is under way is lost.
    fn stop(self) -> Result {
        self.over.store(true, Ordering::Relaxed);
        for link in self.links {
            link.hang_up();
        }
        for thread in self.threads {
            let broken = |_| RunError::Broken("a thread of the load panicked".into());
            thread.join().map_err(broken)?;
        }
        Ok(())
    }
}

/// A response to nothing.
fn unasked(sequence: u32) -> Vec<u8> {
    let mut pdu = Pdu::new(command::ENQUIRE_LINK | command::RESP, Vec::new());
    pdu.sequence = sequence + 1_000_000;
    pdu.bytes()
}

fn http(at: SocketAddr) -> String {
    format!(
        "[limits]\noverload_delay = \"5ms\"\n\
         [adaptors.http]\ntype = \"http\"\n[adaptors.http.settings]\nretry_after = \"7s\"\n\
         [adaptors.http.settings.listeners.http]\nbind = \"{at}\"\n\
         [services.sms-gateway.settings.http.users.shop]\ntoken = \"t0ken\"\nsender = \"12345\"\n"
    )
}

/// For nobody who is bound.
const BODY: &str = r#"{"to": "9900000002", "text": "hello"}"#;

/// On a connection of its own: a refusal may end it.
fn post(at: SocketAddr) -> Result<Answer> {
    let headers = "Authorization: Bearer t0ken\r\nContent-Type: application/json\r\n";
    Client::connect(at)?.ask("POST", "/v1/messages", headers, BODY)
}
