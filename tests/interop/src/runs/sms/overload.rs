//! More arrives than a node works off: new requests of HTTP are told to come again, with the time when, and are taken as soon as
//! the load is over.
//!
//! What arrives is HTTP, too, since each queue is judged for itself: those who ask by HTTP are not refused for what others send by SMPP
//! as long as their turn comes in time.

use super::{ACCOUNT, PREFIX, SOON, stop};
use crate::error::{Result, RunError, ensure};
use crate::node::pause;
use crate::sms::ground::Ground;
use crate::sms::http::{Answer, Client};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Connections that ask without end, each as soon as it is answered: more than a turn takes in, so that some always wait.
const FLOODS: usize = 128;

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
    let flood = Flood::start(at)?;
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

/// Threads that ask.
struct Flood {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Flood {
    fn start(at: SocketAddr) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for _ in 0..FLOODS {
            let (over, mut client) = (Arc::clone(&over), Client::connect(at)?);
            threads.push(thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    // A refusal may end the connection.
                    if ask(&mut client).is_err()
                        && let Ok(another) = Client::connect(at)
                    {
                        client = another;
                    }
                }
            }));
        }
        Ok(Self { over, threads })
    }

    fn stop(self) -> Result {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            let broken = |_| RunError::Broken("a thread of the load panicked".into());
            thread.join().map_err(broken)?;
        }
        Ok(())
    }
}

fn http(at: SocketAddr) -> String {
    format!(
        "[overload]\ntarget = \"1ms\"\ninterval = \"5ms\"\n\
         [adaptors.http]\ntype = \"http\"\n[adaptors.http.settings]\nretry_after = \"7s\"\n\
         [adaptors.http.settings.listeners.http]\nbind = \"{at}\"\n\
         [services.sms-gateway.settings.http.users.shop]\ntoken = \"t0ken\"\nsender = \"12345\"\n"
    )
}

/// For nobody who is bound.
const BODY: &str = r#"{"to": "9900000002", "text": "hello"}"#;

/// On a connection of its own: a refusal may end it.
fn post(at: SocketAddr) -> Result<Answer> {
    ask(&mut Client::connect(at)?)
}

fn ask(client: &mut Client) -> Result<Answer> {
    let headers = "Authorization: Bearer t0ken\r\nContent-Type: application/json\r\n";
    client.ask("POST", "/v1/messages", headers, BODY)
}
