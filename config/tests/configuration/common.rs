//! An adaptor and two services with settings, as a binary would hand them in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use strowger_config::{
    Claim, Components, Finding, KeyPath, Loaded, Refusal, Rejected, Settings, Sources,
};

/// Settings of an adaptor.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Radio {
    /// Attempts per message.
    #[schemars(range(min = 1, max = 7), extend("x-unit" = "attempts", "x-reload" = "live"))]
    pub(crate) attempts: u8,
    /// Password of the account.
    #[schemars(extend("x-reload" = "restart-adaptor", "x-secret" = true))]
    pub(crate) password: String,
    /// Timers.
    pub(crate) timers: Timers,
    /// Addresses that it listens on.
    pub(crate) listeners: BTreeMap<String, Ear>,
}

/// An address that it listens on.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ear {
    /// Transport protocol.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub(crate) transport: Transport,
    /// Address and port to bind.
    #[schemars(
        with = "String",
        extend("format" = "socket-address", "x-reload" = "restart-adaptor")
    )]
    pub(crate) bind: SocketAddr,
    /// Connections at once.
    #[serde(default)]
    #[schemars(
        range(max = 100),
        extend("x-unit" = "connections", "x-reload" = "live")
    )]
    pub(crate) connections: u32,
    /// Address and port that peers are told.
    #[serde(default)]
    #[schemars(
        with = "Option<String>",
        extend("format" = "socket-address", "x-reload" = "restart-adaptor")
    )]
    pub(crate) advertise: Option<SocketAddr>,
}

fn ear() -> Ear {
    Ear {
        transport: Transport::Udp,
        bind: SocketAddr::from(([127, 0, 0, 1], 5060)),
        connections: 7,
        advertise: None,
    }
}

/// Transport protocol.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Transport {
    Udp,
    Tcp,
}

/// Timers of the adaptor.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Timers {
    /// Retransmission interval.
    #[serde(with = "strowger_config::duration")]
    #[schemars(with = "strowger_config::duration::Text", extend("x-reload" = "live"))]
    pub(crate) t1: std::time::Duration,
}

/// Settings of a service.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Answer {
    /// How it answers.
    #[schemars(extend("x-reload" = "live"))]
    pub(crate) mode: Mode,
    /// Greetings, in order.
    #[schemars(extend("x-reload" = "live"))]
    pub(crate) greetings: Vec<String>,
    /// Guests, by name.
    #[schemars(extend("x-file" = true, "x-reload" = "live"))]
    pub(crate) guests: BTreeMap<String, Guest>,
}

/// Someone who is expected.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Guest {
    /// The room.
    #[schemars(range(min = 1, max = 9), extend("x-unit" = "rooms", "x-reload" = "live"))]
    pub(crate) room: u8,
}

/// How it answers.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// At once.
    #[default]
    Direct,
    /// After a while.
    Delayed,
}

impl Default for Radio {
    fn default() -> Self {
        Self {
            attempts: 3,
            password: String::new(),
            timers: Timers::default(),
            listeners: BTreeMap::from([("udp".into(), ear())]),
        }
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            t1: std::time::Duration::from_millis(500),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a greeting has no words")]
struct EmptyGreeting;

pub(crate) fn components() -> Components {
    let refusals = |answer: &Answer| {
        let empty = |(n, greeting): (usize, &String)| {
            greeting.is_empty().then(|| Refusal {
                key: Some(
                    ["greetings".to_owned(), n.to_string()]
                        .into_iter()
                        .collect::<KeyPath>(),
                ),
                error: Box::new(EmptyGreeting),
            })
        };
        answer
            .greetings
            .iter()
            .enumerate()
            .filter_map(empty)
            .collect()
    };
    let claims = |radio: &Radio| {
        let claim = |(name, ear): (&String, &Ear)| Claim {
            key: ["listeners", name, "bind"].into_iter().collect(),
            transport: match ear.transport {
                Transport::Udp => "udp",
                Transport::Tcp => "tcp",
            },
            bind: ear.bind,
        };
        radio.listeners.iter().map(claim).collect()
    };
    let radio = Settings::<Radio>::of("sip", "A radio by the name of the built-in adaptor.");
    Components::default()
        .adaptor(radio.listening(claims))
        .adaptor(Settings::<Timers>::of("ss7", "Another adaptor."))
        .service(
            Settings::<Answer>::of("uas", "Answers.")
                .uses("sip")
                .refusing(refusals),
        )
        .service(
            Settings::<Answer>::of("b2bua", "Connects.")
                .uses("sip")
                .may_use("ss7"),
        )
        .specification("subscriber")
}

/// Loads files given as texts, in order, with variables and flags. One that begins with `# beside` is `beside.toml`, which
/// others may name.
pub(crate) fn load(
    files: &[&str],
    variables: &[(&str, &str)],
    flags: &[&str],
) -> Result<Loaded, Rejected> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut sources = Sources::default();
    for (n, text) in files.iter().enumerate() {
        if let Some(beside) = text.strip_prefix("# beside\n") {
            std::fs::write(dir.path().join("beside.toml"), beside).expect("a file can be written");
            continue;
        }
        let path: PathBuf = dir.path().join(format!("{n}.toml"));
        std::fs::write(&path, text).expect("a file can be written");
        sources = sources.file(path);
    }
    sources = variables.iter().fold(sources, |sources, (name, value)| {
        sources.variable(*name, *value)
    });
    sources = flags
        .iter()
        .fold(sources, |sources, flag| sources.flag(*flag));
    strowger_config::load(&sources, &components())
}

/// One line per finding: code, place (file names shortened to their base name), message and hint.
pub(crate) fn lines(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let place = finding
            .place
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let place = place.rsplit('/').next().unwrap_or_default().to_owned();
        let hint = finding
            .hint
            .as_deref()
            .map(|hint| format!(" | {hint}"))
            .unwrap_or_default();
        format!(
            "{} [{place}] {}{hint}\n",
            finding.problem.code(),
            finding.problem
        )
    };
    findings.iter().map(line).collect()
}
