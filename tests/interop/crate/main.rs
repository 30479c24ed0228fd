//! The client and the server of the crate `diameter` by themselves: what `bench diameter` compares with.
//!
//! `strowger-crate-peer server ADDRESS` answers CCRs; `strowger-crate-peer client ADDRESS CONNECTIONS WINDOW MILLISECONDS` sends
//! events and prints what became of them. Both do what the crate's examples do, without their logging.

use diameter::avp::flags::M;
use diameter::avp::{Enumerated, Identity, UTF8String, Unsigned32};
use diameter::dictionary::{DEFAULT_DICT_XML, Dictionary};
use diameter::transport::{
    DiameterClient, DiameterClientConfig, DiameterServer, DiameterServerConfig,
};
use diameter::{ApplicationId, CommandCode, DiameterMessage, flags};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore};

type Failed = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match words[..] {
        ["server", at] => runtime.block_on(serve(at)),
        ["client", at, connections, window, millis] => runtime.block_on(load(
            at,
            connections.parse()?,
            window.parse()?,
            Duration::from_millis(millis.parse()?),
        )),
        _ => Err("server ADDRESS | client ADDRESS CONNECTIONS WINDOW MILLISECONDS".into()),
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the line that whoever started it waits for"
)]
async fn serve(at: &str) -> Result<(), Failed> {
    let dictionary = Arc::new(Dictionary::new(&[&DEFAULT_DICT_XML]));
    let config = DiameterServerConfig { native_tls: None };
    let mut server = DiameterServer::new(at, config).await?;
    println!("ready");
    let own = Arc::clone(&dictionary);
    let answer = move |request| {
        let own = Arc::clone(&own);
        async move { Ok(answer_to(&request, own)) }
    };
    Ok(server.listen(answer, dictionary).await?)
}

fn answer_to(request: &DiameterMessage, dictionary: Arc<Dictionary>) -> DiameterMessage {
    let mut answer = DiameterMessage::new(
        request.get_command_code(),
        request.get_application_id(),
        request.get_flags() ^ flags::REQUEST,
        request.get_hop_by_hop_id(),
        request.get_end_to_end_id(),
        dictionary,
    );
    let session = request.get_avp(263).and_then(|avp| avp.get_utf8string());
    if let Some(session) = session {
        answer.add_avp(263, None, M, UTF8String::new(session.value()).into());
    }
    answer.add_avp(268, None, M, Unsigned32::new(2001).into());
    origin(&mut answer, "server.crate.example");
    answer.add_avp(258, None, M, Unsigned32::new(4).into());
    answer.add_avp(416, None, M, Enumerated::new(4).into());
    answer.add_avp(415, None, M, Unsigned32::new(0).into());
    answer
}

fn origin(message: &mut DiameterMessage, host: &str) {
    message.add_avp(264, None, M, Identity::new(host).into());
    message.add_avp(296, None, M, Identity::new("crate.example").into());
}

#[expect(clippy::print_stdout, reason = "what it has measured")]
async fn load(at: &str, connections: u32, window: usize, time: Duration) -> Result<(), Failed> {
    let dictionary = Arc::new(Dictionary::new(&[&DEFAULT_DICT_XML]));
    let (began, cpu) = (Instant::now(), own_micros());
    let mut lines = Vec::new();
    for number in 0..connections {
        let line = line(at.to_owned(), number, window, time, Arc::clone(&dictionary));
        lines.push(tokio::spawn(line));
    }
    let mut times = Vec::new();
    for line in lines {
        times.extend(line.await??);
    }
    let (took, cpu) = (began.elapsed(), own_micros() - cpu);
    times.sort_unstable();
    let quantile = |share: f64| {
        let at = (times.len().saturating_sub(1) as f64 * share) as usize;
        times.get(at).copied().unwrap_or(0)
    };
    println!(
        "answers {} seconds {:.3} p50 {} p99 {} cpu {cpu}",
        times.len(),
        took.as_secs_f64(),
        quantile(0.5),
        quantile(0.99),
    );
    Ok(())
}

/// One connection; the times of its answers in microseconds.
async fn line(
    at: String,
    number: u32,
    window: usize,
    time: Duration,
    dictionary: Arc<Dictionary>,
) -> Result<Vec<u32>, Failed> {
    let config = DiameterClientConfig {
        use_tls: false,
        verify_cert: false,
    };
    let mut client = DiameterClient::new(&at, config);
    let mut handler = client.connect().await?;
    let own = Arc::clone(&dictionary);
    let reader = tokio::spawn(async move { DiameterClient::handle(&mut handler, own).await });
    let times = Arc::new(Mutex::new(Vec::new()));
    let free = Arc::new(Semaphore::new(window));
    let began = Instant::now();
    while began.elapsed() < time {
        let place = Arc::clone(&free).acquire_owned().await?;
        let id = client.get_next_seq_num();
        let request = event(number, id, Arc::clone(&dictionary));
        let sent = Instant::now();
        let response = client.send_message(request).await?;
        let times = Arc::clone(&times);
        tokio::spawn(async move {
            if response.await.is_ok() {
                let micros = u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX);
                times.lock().await.push(micros);
            }
            drop(place);
        });
    }
    drop(free.acquire_many(u32::try_from(window)?).await?);
    reader.abort();
    Ok(std::mem::take(&mut *times.lock().await))
}

/// A CCR with the AVPs that the generator of the other rows sends.
fn event(line: u32, id: u32, dictionary: Arc<Dictionary>) -> DiameterMessage {
    let (command, application) = (CommandCode::CreditControl, ApplicationId::CreditControl);
    let flags = flags::REQUEST | flags::PROXYABLE;
    let mut request = DiameterMessage::new(command, application, flags, id, id, dictionary);
    let session = format!("load{line}.crate.example;1;{id:010}");
    request.add_avp(263, None, M, UTF8String::new(&session).into());
    origin(&mut request, "load.crate.example");
    request.add_avp(283, None, M, Identity::new("crate.example").into());
    request.add_avp(258, None, M, Unsigned32::new(4).into());
    request.add_avp(461, None, M, UTF8String::new("32260@3gpp.org").into());
    request.add_avp(416, None, M, Enumerated::new(4).into());
    request.add_avp(415, None, M, Unsigned32::new(0).into());
    request.add_avp(436, None, M, Enumerated::new(0).into());
    request
}

fn own_micros() -> i64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| {
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds()
    })
}
