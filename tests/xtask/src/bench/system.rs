//! The systems that `bench sip` measures, and how each is started and known to be ready.
//!
//! All of them listen at [`UNDER_TEST`]; relays send to [`CALLED`]. One runs at a time.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::bench::wire::{Identity, Wire, answers, start_tunnel};
use crate::error::{Error, Result, at};
use crate::packages;
use crate::process::Running;
use crate::shell::root;
use crate::tools::{self, KAMAILIO, PYTHON, SIPP};

pub(crate) const UNDER_TEST: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), 15060);
pub(crate) const CALLER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 3), 15061);
pub(crate) const CALLED: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 4), 15062);
pub(crate) const PROBE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 5), 15063);

const READY_WITHIN: Duration = Duration::from_secs(20);
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// How long an answer to the readiness question may take before it is asked again.
const ANSWER_WITHIN: Duration = Duration::from_millis(200);

/// The B2BUA in Python that ours are compared with, besides the first system of the role.
pub(crate) const SIPPY: &str = "sippy-b2bua";

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
    Sippy,
    /// Of this program.
    Copy,
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
        System {
            name: SIPPY,
            role: Role::Pass,
            program: Program::Sippy,
        },
        System {
            name: "copy",
            role: Role::Pass,
            program: Program::Copy,
        },
        // What it passes on needs no record of its own, so this is the class that docs/proxy.md advises.
        ours("proxy-none", Role::Pass, "proxy", "none"),
    ]
}

/// A system that answers, and what stands before it.
pub(crate) struct Started {
    pub(crate) running: Running,
    pub(crate) tunnel: Option<Running>,
}

impl System {
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.program, Program::Strowger { .. })
    }

    /// Whether it is the one that is measured at rates of its own.
    pub(crate) fn is_sippy(&self) -> bool {
        matches!(self.program, Program::Sippy)
    }

    /// Whether it is no server, but what each of them has to do at least.
    pub(crate) fn is_copy(&self) -> bool {
        matches!(self.program, Program::Copy)
    }

    /// What is missing of it, with how to install it.
    pub(crate) fn missing(&self) -> Option<String> {
        match self.program {
            Program::Kamailio { .. } => tools::missing(&[KAMAILIO]),
            Program::Sipp => tools::missing(&[SIPP]),
            Program::Sippy => packages::missing(packages::SIPPY),
            Program::Copy | Program::Strowger { .. } => None,
        }
    }

    /// Starts the system in a fresh folder and waits until it answers.
    pub(crate) fn start(&self, binary: &Path, home: &Path, wire: Wire) -> Result<Started> {
        if home.exists() {
            std::fs::remove_dir_all(home).map_err(at("remove", home))?;
        }
        std::fs::create_dir_all(home).map_err(at("create", home))?;
        // A leftover instance would be measured instead, silently: Kamailio shares a taken port.
        if UdpSocket::bind(UNDER_TEST).is_err() || TcpListener::bind(UNDER_TEST).is_err() {
            return Err(Error::AddressTaken {
                address: UNDER_TEST.into(),
            });
        }
        let identity = (wire == Wire::Tls)
            .then(|| Identity::make(home))
            .transpose()?;
        let tunnel = identity
            .as_ref()
            .map(|identity| start_tunnel(identity, home))
            .transpose()?;
        let mut command = self.command(binary, home, wire, identity.as_ref())?;
        let mut running = Running::start(self.name, &mut command, &home.join("system.log"))?;
        let asks = !matches!(self.program, Program::Sipp | Program::Copy);
        let ready = running.wait_ready(READY_WITHIN, |_| {
            wire.listens(UNDER_TEST) && (!asks || answers(wire, ANSWER_WITHIN))
        });
        if let Err(error) = ready {
            // Asked, not killed: Kamailio's children outlive a parent that is killed, and keep the address.
            let _ = running.stop(STOP_WITHIN);
            return Err(error);
        }
        Ok(Started { running, tunnel })
    }

    /// Whether it can be measured over this transport: Debian's SIPp has no TLS, Sippy and what copies nothing but UDP.
    pub(crate) fn speaks(&self, wire: Wire) -> bool {
        match self.program {
            Program::Sipp => wire != Wire::Tls,
            Program::Sippy | Program::Copy => wire == Wire::Udp,
            Program::Kamailio { .. } | Program::Strowger { .. } => true,
        }
    }

    fn command(
        &self,
        binary: &Path,
        home: &Path,
        wire: Wire,
        identity: Option<&Identity>,
    ) -> Result<Command> {
        Ok(match &self.program {
            Program::Kamailio { config } => kamailio(config, home, wire, identity)?,
            Program::Sipp => {
                let mut command = Command::new("sipp");
                command.args(["-sn", "uas", "-nostdin", "-t", wire.sipp_mode()]);
                command.args(["-i", &UNDER_TEST.ip().to_string()]);
                command
                    .args(["-p", &UNDER_TEST.port().to_string()])
                    .current_dir(home);
                command
            }
            Program::Sippy => sippy(home),
            Program::Copy => copy()?,
            Program::Strowger {
                service,
                durability,
            } => strowger(binary, home, (service, durability), wire, identity)?,
        })
    }
}

/// Shared memory is set high: with the default, exhaustion looks like a limit of the rate.
fn kamailio(config: &str, home: &Path, wire: Wire, identity: Option<&Identity>) -> Result<Command> {
    let transport = wire.name();
    let mut text = format!(
        "#!KAMAILIO\n\
         listen={transport}:{UNDER_TEST}\n\
         #!substdef \"!CALLED!sip:{CALLED};transport={transport}!g\"\n"
    );
    if wire == Wire::Udp {
        text.push_str("disable_tcp=yes\n");
    }
    if let Some(identity) = identity {
        text.push_str(&format!(
            "enable_tls=yes\nloadmodule \"tls.so\"\n\
             modparam(\"tls\", \"tls_method\", \"TLSv1.2+\")\n\
             modparam(\"tls\", \"certificate\", \"{}\")\nmodparam(\"tls\", \"private_key\", \"{}\")\n",
            identity.certificate.display(),
            identity.key.display(),
        ));
    }
    let common = load_folder().join("kamailio").join(config);
    text.push_str(&format!("include_file \"{}\"\n", common.display()));
    let file = home.join("kamailio.cfg");
    std::fs::write(&file, text).map_err(at("write", &file))?;
    let mut command = Command::new("kamailio");
    command.args([
        "-DD", "-E", "-m", "4096", "-M", "16", "-x", "fm", "-X", "fm", "-f",
    ]);
    command.arg(file);
    command
        .arg("-P")
        .arg(home.join("kamailio.pid"))
        .arg("-Y")
        .arg(home);
    Ok(command)
}

/// Its smallest B2BUA, which passes everything on; it writes no log, as the others do not.
fn sippy(home: &Path) -> Command {
    let packages = packages::python();
    let mut command = Command::new(PYTHON.program);
    command
        .env("PYTHONPATH", &packages)
        .env("SIPLOG_BEND", "none")
        .arg(packages.join("bin/b2bua_simple"))
        .args(["-f", "-l", &UNDER_TEST.ip().to_string()])
        .args(["-p", &UNDER_TEST.port().to_string()])
        .args(["-n", &CALLED.to_string()])
        .current_dir(home);
    command
}

/// This program once more.
fn copy() -> Result<Command> {
    let program = std::env::current_exe().map_err(at("find", "this program"))?;
    let mut command = Command::new(program);
    command.args(["bench", "copy"]);
    Ok(command)
}

/// The node with one listener at [`UNDER_TEST`] and one service; everything else is the default.
fn strowger(
    binary: &Path,
    home: &Path,
    (service, durability): (&str, &str),
    wire: Wire,
    identity: Option<&Identity>,
) -> Result<Command> {
    let transport = wire.name();
    let tls = identity.map_or_else(String::new, |identity| {
        format!(
            "[adaptors.sip.settings.listeners.bench.tls]\n\
             certificate = \"{certificate}\"\nkey = \"{}\"\nserver_roots = [\"{certificate}\"]\n\n",
            identity.key.display(),
            certificate = identity.certificate.display(),
        )
    });
    let settings = match service {
        "uas" => "ringing = \"0s\"".to_owned(),
        "proxy" => format!(
            "authentication = false\nrecord_route = true\n\
             routes = [{{ prefix = \"service\", open = true, to = [\"sip:{CALLED};transport={transport}\"] }}]"
        ),
        _ => format!(
            "routes = [{{ prefix = \"\", target = \"sip:{CALLED};transport={transport}\" }}]"
        ),
    };
    let text = format!(
        "[node]\n\
         data_dir = \"data\"\n\n\
         [adaptors.sip]\n\
         type = \"sip\"\n\n\
         [adaptors.sip.settings.listeners.bench]\n\
         transport = \"{transport}\"\n\
         bind = \"{UNDER_TEST}\"\n\n\
         {tls}\
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
