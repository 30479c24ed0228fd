//! The adaptor against a container that only writes down what it is asked: what becomes of activities, events, records,
//! connections and commands.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod durable;
mod host;
mod outcome;
mod packages;
mod streams;
mod transports;

use bytes::Bytes;
use host::{Did, Host};
use strowger::id::{ActivityId, ComponentId, RaIx};
use strowger::ra::{Input, ListenerIx, Protocol, RaCx};
use strowger_sip::ra::SipProtocol;
use strowger_sip::{Command, Settings};

const PEER: &str = "192.0.2.9:5070";

/// One adaptor entity in that container.
struct Bench {
    protocol: SipProtocol,
    host: Host,
}

impl Bench {
    /// Active, with services that receive everything.
    fn new() -> Self {
        let mut bench = Self::inactive();
        bench.host.receivers = strowger_sip::api::decls()
            .iter()
            .map(|decl| decl.id())
            .collect();
        bench.input(Input::Active);
        bench
    }

    /// Active with these settings, in TOML.
    fn with(settings: &str) -> Self {
        let settings = toml::from_str(settings).unwrap();
        let mut bench = Self::inactive_with(&settings);
        bench.host.receivers = strowger_sip::api::decls()
            .iter()
            .map(|decl| decl.id())
            .collect();
        bench.input(Input::Active);
        bench
    }

    fn inactive() -> Self {
        Self::inactive_with(&Settings::default())
    }

    fn inactive_with(settings: &Settings) -> Self {
        assert_eq!(SipProtocol::verify(settings), Ok(()));
        Self {
            protocol: SipProtocol::new(settings),
            host: Host::new(),
        }
    }

    fn input(&mut self, input: Input<'_, Command>) {
        self.protocol
            .handle(&mut RaCx::new(&mut self.host, RaIx(0)), input);
    }

    /// A datagram from the peer. Listener 1 is `udp`: listeners stand in the order of their names.
    fn receive(&mut self, text: String) {
        let (listener, from) = (ListenerIx(1), PEER.parse().unwrap());
        self.input(Input::Datagram {
            listener,
            from,
            bytes: Bytes::from(text),
        });
    }

    fn command(&mut self, command: Command) {
        self.input(Input::Command {
            command,
            service: None,
        });
    }

    fn pass(&mut self, ms: u64) {
        let end = self.host.mono + ms * 1_000_000;
        while let Some(next) = self
            .protocol
            .deadline()
            .map(|mono| mono.0)
            .filter(|next| *next <= end)
        {
            self.host.mono = self.host.mono.max(next);
            self.input(Input::Timeout);
        }
        self.host.mono = end;
    }

    fn did(&mut self) -> Vec<Did> {
        std::mem::take(&mut self.host.did)
    }

    /// What was done, in short: `480`, `fire sip-invite`, `end`, ...
    fn short(&mut self) -> Vec<String> {
        self.did().iter().map(Did::short).collect()
    }

    /// The activity of the last call, and our tag in it.
    fn up(&mut self) -> (ActivityId, String) {
        self.receive(request("INVITE", "i1", "", 1));
        let activity = self.host.last_activity;
        self.command(Command::Answer {
            dialog: activity,
            reply: status(200),
        });
        let tag = self.host.last_sent.split("To: ").nth(1).unwrap();
        let tag = tag
            .split(";tag=")
            .nth(1)
            .unwrap()
            .split("\r\n")
            .next()
            .unwrap()
            .to_owned();
        self.receive(request("ACK", "a1", &tag, 1));
        self.did();
        (activity, tag)
    }
}

fn status(status: u16) -> strowger_sip::proto::ua::Reply {
    strowger_sip::proto::ua::Reply {
        status,
        ..Default::default()
    }
}

fn draft(uri: &'static str) -> strowger_sip::proto::ua::Draft {
    strowger_sip::proto::ua::Draft {
        method: Bytes::from_static(b"INVITE"),
        uri: Bytes::from_static(uri.as_bytes()),
        from: Bytes::from_static(b"<sip:alice@a.example>"),
        to: Bytes::from_static(b"<sip:bob@b.example>"),
        body: Bytes::from_static(b"offer"),
        max_forwards: 70,
        ..Default::default()
    }
}

fn request(method: &str, branch: &str, to_tag: &str, cseq: u32) -> String {
    let to_tag = if to_tag.is_empty() {
        String::new()
    } else {
        format!(";tag={to_tag}")
    };
    format!(
        "{method} sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@a.example>;tag=al\r\nTo: <sip:bob@b.example>{to_tag}\r\nCall-ID: call-1\r\n\
         CSeq: {cseq} {method}\r\nEvent: presence\r\nContact: <sip:alice@{PEER}>\r\nContent-Length: 0\r\n\r\n"
    )
}

fn kind<E: strowger::event::Event>() -> ComponentId {
    E::TYPE.id()
}
