//! The phones that flows have, each started with an address, an account and a way to the node.

use super::phone::{Phone, Told};
use super::program::Program;
use super::stage::{SOON, Stage};
use super::tools;
use crate::error::{Result, io};
use crate::node::pause;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Events that nobody has asked for yet; a phone that tells more waits.
const EVENTS: usize = 1000;
/// How long a phone may take to start: a browser that is read from a busy disk has taken more than 20 s.
const STARTS: Duration = Duration::from_secs(60);
/// The port of baresip's control connection.
const CONTROL: u16 = 4444;

/// Who a phone is and how it reaches the node.
#[derive(Clone, Debug)]
pub(super) struct Account<'a> {
    /// The user of its address of record, and of its credentials.
    pub(super) user: &'a str,
    /// The domain of its address of record.
    pub(super) domain: String,
    /// `udp`, `tcp` or `tls`.
    pub(super) transport: &'static str,
    /// Registers as soon as it runs.
    pub(super) registers: bool,
    /// Of its credentials.
    pub(super) password: Option<&'a str>,
    /// Takes calls by itself.
    pub(super) answers: bool,
    /// More of the script's own settings.
    pub(super) more: Value,
}

impl<'a> Account<'a> {
    /// One that does not register and takes calls.
    pub(super) fn new(user: &'a str, stage: &Stage, transport: &'static str) -> Self {
        Self {
            user,
            domain: stage.ip(1).to_string(),
            transport,
            registers: false,
            password: None,
            answers: true,
            more: json!({}),
        }
    }

    /// Where the node listens for it.
    fn node(&self, stage: &Stage) -> String {
        let port = if self.transport == "tls" { 5061 } else { 5060 };
        format!("{}:{port}", stage.ip(1))
    }
}

/// A pjsua2 phone at `last` of the flow's network.
pub(super) fn pjsua(stage: &Stage, last: u8, account: &Account<'_>) -> Result<Phone> {
    let mut here = json!({
        "address": stage.ip(last).to_string(),
        "transport": account.transport,
        "uri": format!("sip:{}@{}", account.user, account.domain),
        "proxy": format!("sip:{};transport={};lr", account.node(stage), account.transport),
        "log": stage.dir().join(format!("{}-messages.log", account.user)),
        "answer": account.answers,
    });
    let made = stage.certificates()?;
    for (key, file) in [
        ("ca", "ca.pem"),
        ("certificate", "client.pem"),
        ("key", "client.key"),
    ] {
        here[key] = made.path(file).into();
    }
    if account.registers {
        here["registrar"] = format!("sip:{}", account.domain).into();
    }
    if let Some(password) = account.password {
        here["user"] = account.user.into();
        here["password"] = password.into();
    }
    for (key, value) in account.more.as_object().into_iter().flatten() {
        here[key] = value.clone();
    }
    let mut command = Command::new("python3");
    command
        .env("PYTHONPATH", tools::python()?)
        .arg(tools::script("pjsua.py"))
        .arg(here.to_string());
    script(stage, account.user, &mut command)
}

/// JsSIP in Node.js.
pub(super) fn jssip(stage: &Stage, account: &Account<'_>) -> Result<Phone> {
    web(stage, "jssip-node.js", account)
}

/// SIP.js in Node.js.
pub(super) fn sipjs(stage: &Stage, account: &Account<'_>) -> Result<Phone> {
    web(stage, "sipjs.mjs", account)
}

/// JsSIP in a page of a browser of its own.
pub(super) fn browser(stage: &Stage, account: &Account<'_>) -> Result<Phone> {
    web(stage, "browser.mjs", account)
}

/// A script in Node.js that speaks SIP over WebSocket.
fn web(stage: &Stage, name: &str, account: &Account<'_>) -> Result<Phone> {
    let port = if account.transport == "wss" {
        5063
    } else {
        5062
    };
    let made = stage.certificates()?;
    let mut command = Command::new("node");
    let mut here = json!({
        "socket": format!("{}://{}:{port}", account.transport, stage.ip(1)),
        "uri": format!("sip:{}@{}", account.user, account.domain),
        "register": account.registers,
        "answer": account.answers,
    });
    if account.transport == "wss" {
        command.env("NODE_EXTRA_CA_CERTS", made.path("ca.pem"));
        here["pins"] = made.pin().into();
        here["keys"] = stage.dir().join("keys.log").display().to_string().into();
    }
    if let Some(password) = account.password {
        here["user"] = account.user.into();
        here["password"] = password.into();
    }
    command
        .env("NODE_PATH", tools::node_modules()?)
        .arg(tools::script(name))
        .arg(here.to_string());
    script(stage, account.user, &mut command)
}

/// A phone that is a script, once it says that it is ready.
pub(super) fn script(stage: &Stage, name: &str, command: &mut Command) -> Result<Phone> {
    let (program, input, output) = Program::talk(name, command, stage.dir())?;
    let (tell, events) = sync_channel(EVENTS);
    std::thread::spawn(move || {
        for line in BufReader::new(output)
            .lines()
            .map_while(std::io::Result::ok)
        {
            // Libraries print lines of their own before a script can keep them from it.
            if let Ok(value) = serde_json::from_str(&line)
                && tell.send(value).is_err()
            {
                return;
            }
        }
    });
    let mut phone = Phone::new(program, Box::new(input), events).patient(STARTS);
    phone.expect("ready")?;
    Ok(phone.patient(SOON))
}

/// A baresip phone at `last` of the flow's network. It has one call at a time.
pub(super) fn baresip(stage: &Stage, last: u8, account: &Account<'_>) -> Result<Phone> {
    let ip = stage.ip(last);
    let home = stage.dir().join(account.user);
    fs::create_dir_all(&home).map_err(io("make a directory for baresip"))?;
    let write = |name: &str, bytes: &[u8]| {
        fs::write(home.join(name), bytes).map_err(io("write baresip's configuration"))
    };
    write("silence.wav", &silence())?;
    write("contacts", b"")?;
    let mut config = format!(
        "poll_method epoll\ncall_max_calls 8\nnet_interface {ip}\nsip_listen {ip}:5060\n\
         module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\nmodule menu.so\n\
         module ctrl_tcp.so\nmodule_tmp uuid.so\nmodule_tmp account.so\nmodule_app contact.so\n\
         ctrl_tcp_listen {ip}:{CONTROL}\naudio_source aufile,{0}/silence.wav\n\
         audio_player aufile,{0}/heard.wav\naudio_alert aufile,{0}/alert.wav\n",
        home.display()
    );
    let mut line = format!(
        "<sip:{}@{};transport={}>;answermode={}",
        account.user,
        account.domain,
        account.transport,
        if account.answers { "auto" } else { "manual" },
    );
    let node = account.node(stage);
    let _ = write!(
        line,
        ";outbound=\"sip:{node};transport={}\"",
        account.transport
    );
    if let Some(password) = account.password {
        let _ = write!(line, ";auth_pass={password}");
    }
    line.push_str(if account.registers {
        ";regint=120"
    } else {
        ";regint=0"
    });
    if account.transport == "tls" {
        let made = stage.certificates()?;
        let _ = write!(
            config,
            "sip_cafile {}\nsip_verify_server yes\nsip_certificate {}\n",
            made.path("ca.pem"),
            made.path("client-and-key.pem")
        );
    }
    write("config", config.as_bytes())?;
    write("accounts", line.as_bytes())?;
    let mut command = Command::new("baresip");
    command.args(["-s", "-v", "-f"]).arg(&home);
    let mut program = stage.start(account.user, &mut command)?;
    program.says("baresip is ready", SOON)?;
    let control = connect(&program, ip)?;
    let reader = control.try_clone().map_err(io("read from baresip"))?;
    let (tell, events) = sync_channel(EVENTS);
    if account.registers {
        // It may have registered before anybody could be told, so its log is what tells.
        let outcome = [("[1 binding]", "registered"), ("reg: sip:", "register")];
        let found = program.says_one(&outcome.map(|(text, _)| text), SOON)?;
        let _ = tell.send(json!({"event": outcome[found].1}));
    }
    std::thread::spawn(move || read_netstrings(BufReader::new(reader), &tell));
    Ok(Phone::new(program, Box::new(Baresip { control }), events))
}

fn connect(program: &Program, ip: Ipv4Addr) -> Result<TcpStream> {
    let deadline = Instant::now() + SOON;
    loop {
        match TcpStream::connect((ip, CONTROL)) {
            Ok(stream) => return Ok(stream),
            Err(error) if Instant::now() > deadline => {
                return Err(program.broken(&format!("has no control connection: {error}")));
            }
            Err(_) => pause(),
        }
    }
}

/// Commands as netstrings of baresip's own.
#[derive(Debug)]
struct Baresip {
    control: TcpStream,
}

impl Told for Baresip {
    fn tell(&mut self, command: &Value) -> std::io::Result<()> {
        let text = |key: &str| command[key].as_str().unwrap_or_default();
        let (name, params) = match text("do") {
            "call" => ("dial", text("to")),
            "answer" => ("accept", ""),
            "transfer" => ("transfer", text("to")),
            other => (other, ""),
        };
        let said = json!({"command": name, "params": params, "token": name}).to_string();
        write!(self.control, "{}:{said},", said.len())
    }
}

/// Reads `LENGTH:TEXT,` until the end.
fn read_netstrings(mut from: impl BufRead, tell: &SyncSender<Value>) {
    loop {
        let mut length = Vec::new();
        if !matches!(from.read_until(b':', &mut length), Ok(n) if n > 0) {
            return;
        }
        let digits = String::from_utf8_lossy(&length);
        let Ok(length) = digits.trim_end_matches(':').parse::<u16>() else {
            return;
        };
        let mut text = vec![0; usize::from(length) + 1];
        if from.read_exact(&mut text).is_err() {
            return;
        }
        text.pop();
        if let Ok(value) = serde_json::from_slice::<Value>(&text)
            && let Some(event) = translate(&value)
            && tell.send(event).is_err()
        {
            return;
        }
    }
}

/// What baresip calls an event, in the words of all phones.
fn translate(value: &Value) -> Option<Value> {
    let event = match value["type"].as_str() {
        Some("CALL_INCOMING") => "incoming",
        Some("CALL_RINGING" | "CALL_PROGRESS") => "ringing",
        Some("CALL_ESTABLISHED") => "confirmed",
        Some("CALL_CLOSED") => "ended",
        Some("CALL_REMOTE_SDP") => "media",
        Some("CALL_TRANSFER") => "transfer-asked",
        Some("CALL_TRANSFER_FAILED") => "transfer-failed",
        Some(_) => return None,
        None if value["ok"] == false => "failed",
        None => "done",
    };
    Some(
        json!({"event": event, "call": "a", "peer": value["peeruri"], "state": value["param"], "token": value["token"]}),
    )
}

/// Two minutes of silence, 8000 samples of 16 bits a second: baresip ends a call whose file has ended.
fn silence() -> Vec<u8> {
    const BYTES: u32 = 120 * 8000 * 2;
    let mut wav = Vec::with_capacity(44 + BYTES as usize);
    wav.extend(b"RIFF");
    wav.extend((BYTES + 36).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    for short in [1_u16, 1] {
        wav.extend(short.to_le_bytes());
    }
    for long in [8000_u32, 16000] {
        wav.extend(long.to_le_bytes());
    }
    for short in [2_u16, 16] {
        wav.extend(short.to_le_bytes());
    }
    wav.extend(b"data");
    wav.extend(BYTES.to_le_bytes());
    wav.resize(44 + BYTES as usize, 0);
    wav
}
