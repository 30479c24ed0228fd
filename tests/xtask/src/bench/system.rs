//! The systems that `bench sip` measures, and how each is started and known to be ready.
//!
//! All of them listen at [`UNDER_TEST`]; relays send to [`CALLED`]. One runs at a time.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::bench::machine::udp_bound;
use crate::error::{Error, Result, at};
use crate::process::Running;
use crate::shell::root;

pub(crate) const UNDER_TEST: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), 15060);
pub(crate) const CALLER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 3), 15061);
pub(crate) const CALLED: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 4), 15062);
pub(crate) const PROBE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 5), 15063);

const READY_WITHIN: Duration = Duration::from_secs(20);
/// How long an answer to the readiness question may take before it is asked again.
const ANSWER_WITHIN: Duration = Duration::from_millis(200);

/// What a system does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers it.
    Answer,
    /// Passes it on to a called side.
    Pass,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Answer => "uas",
            Self::Pass => "b2bua",
        }
    }
}

/// One system under test.
#[derive(Debug, Clone)]
pub(crate) struct System {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    program: Program,
}

#[derive(Debug, Clone)]
enum Program {
    Kamailio {
        config: &'static str,
    },
    Sipp,
    Strowger {
        service: &'static str,
        durability: &'static str,
    },
}

/// All systems, those to compare with first in their role.
pub(crate) fn all() -> Vec<System> {
    let ours = |name, role, service, durability| System {
        name,
        role,
        program: Program::Strowger {
            service,
            durability,
        },
    };
    vec![
        System {
            name: "kamailio-uas",
            role: Role::Answer,
            program: Program::Kamailio { config: "uas.cfg" },
        },
        System {
            name: "sipp-uas",
            role: Role::Answer,
            program: Program::Sipp,
        },
        ours("uas-none", Role::Answer, "uas", "none"),
        ours("uas-relaxed", Role::Answer, "uas", "relaxed"),
        ours("uas-strict", Role::Answer, "uas", "strict"),
        System {
            name: "kamailio-relay",
            role: Role::Pass,
            program: Program::Kamailio {
                config: "relay.cfg",
            },
        },
        ours("b2bua-none", Role::Pass, "b2bua", "none"),
        ours("b2bua-relaxed", Role::Pass, "b2bua", "relaxed"),
        ours("b2bua-strict", Role::Pass, "b2bua", "strict"),
    ]
}

impl System {
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.program, Program::Strowger { .. })
    }

    /// Starts the system in a fresh folder and waits until it answers.
    pub(crate) fn start(&self, binary: &Path, home: &Path) -> Result<Running> {
        if home.exists() {
            std::fs::remove_dir_all(home).map_err(at("remove", home))?;
        }
        std::fs::create_dir_all(home).map_err(at("create", home))?;
        // A leftover instance would be measured instead, silently: Kamailio shares a taken port.
        if UdpSocket::bind(UNDER_TEST).is_err() {
            return Err(Error::AddressTaken {
                address: UNDER_TEST.into(),
            });
        }
        let mut command = self.command(binary, home)?;
        let mut running = Running::start(self.name, &mut command, &home.join("system.log"))?;
        let asks = !matches!(self.program, Program::Sipp);
        running.wait_ready(READY_WITHIN, |_| {
            udp_bound(UNDER_TEST) && (!asks || answers())
        })?;
        Ok(running)
    }

    fn command(&self, binary: &Path, home: &Path) -> Result<Command> {
        Ok(match &self.program {
            Program::Kamailio { config } => kamailio(config, home),
            Program::Sipp => {
                let mut command = Command::new("sipp");
                command.args(["-sn", "uas", "-nostdin", "-i", &UNDER_TEST.ip().to_string()]);
                command
                    .args(["-p", &UNDER_TEST.port().to_string()])
                    .current_dir(home);
                command
            }
            Program::Strowger {
                service,
                durability,
            } => strowger(binary, home, service, durability)?,
        })
    }
}

/// Shared memory is set high: with the default, exhaustion looks like a limit of the rate.
fn kamailio(config: &str, home: &Path) -> Command {
    let mut command = Command::new("kamailio");
    command.args([
        "-DD", "-E", "-m", "4096", "-M", "16", "-x", "fm", "-X", "fm", "-f",
    ]);
    command.arg(load_folder().join("kamailio").join(config));
    command
        .arg("-P")
        .arg(home.join("kamailio.pid"))
        .arg("-Y")
        .arg(home);
    command
}

/// The node with one listener at [`UNDER_TEST`] and one service; everything else is the default.
fn strowger(binary: &Path, home: &Path, service: &str, durability: &str) -> Result<Command> {
    let settings = match service {
        "uas" => "ringing = \"0s\"".to_owned(),
        _ => format!("routes = [{{ prefix = \"\", target = \"sip:{CALLED}\" }}]"),
    };
    let text = format!(
        "[node]\n\
         data_dir = \"data\"\n\n\
         [adaptors.sip]\n\
         type = \"sip\"\n\n\
         [adaptors.sip.settings.listeners.udp]\n\
         transport = \"udp\"\n\
         bind = \"{UNDER_TEST}\"\n\n\
         [services.{service}]\n\
         kind = \"{service}\"\n\
         durability = \"{durability}\"\n\n\
         [services.{service}.settings]\n\
         {settings}\n"
    );
    let file = home.join("strowger.toml");
    std::fs::write(&file, text).map_err(at("write", &file))?;
    let mut command = Command::new(binary);
    command
        .args(["run", "--config"])
        .arg(file)
        .current_dir(home);
    Ok(command)
}

/// Where the scenarios and configurations are.
pub(crate) fn load_folder() -> PathBuf {
    root().join("tests/load")
}

/// Asks with OPTIONS; true when anything comes back.
fn answers() -> bool {
    let ask = || -> std::io::Result<()> {
        let socket = UdpSocket::bind((*PROBE.ip(), 0))?;
        socket.set_read_timeout(Some(ANSWER_WITHIN))?;
        let from = socket.local_addr()?;
        let question = format!(
            "OPTIONS sip:{UNDER_TEST} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {from};branch=z9hG4bKready{port}\r\n\
             From: <sip:ready@{from}>;tag=r\r\n\
             To: <sip:{UNDER_TEST}>\r\n\
             Call-ID: ready-{port}\r\n\
             CSeq: 1 OPTIONS\r\n\
             Max-Forwards: 70\r\n\
             Content-Length: 0\r\n\r\n",
            port = from.port(),
        );
        socket.send_to(question.as_bytes(), UNDER_TEST)?;
        socket.recv(&mut [0; 2048]).map(|_| ())
    };
    ask().is_ok()
}
