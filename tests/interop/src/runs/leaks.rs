//! Many calls of every kind at once, after which nothing is left: no activity, entity, timer or name, and as many have ended
//! as have begun.

use super::{TAKES_ALL, expect_empty, spec};
use crate::error::{Result, RunError, ensure, io};
use crate::node::{Node, NodeSpec};
use crate::script;
use crate::sipp::Sipp;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// What SIPp may need beyond its planned time.
const OVERTIME: Duration = Duration::from_secs(120);

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Calls {
    /// Altogether, as many of each kind.
    pub calls: u32,
    /// Calls of a kind in a second.
    pub rate: u32,
    /// Octet of the loopback address.
    pub host: u8,
}

/// Who is called, and by which scenarios of SIPp's or of ours.
struct Kind {
    user: &'static str,
    calling: Scenario,
    /// None where the node itself answers.
    called: Option<Scenario>,
}

#[derive(Clone, Copy)]
enum Scenario {
    Own(&'static str),
    File(&'static str),
    /// A side of a call in `tests/interop/calls`.
    Call(&'static str, &'static str),
}

const KINDS: &[Kind] = &[
    // Answered by the node.
    Kind {
        user: "service",
        calling: Scenario::Own("uac"),
        called: None,
    },
    // Through the B2BUA: answered, given up, refused.
    Kind {
        user: "joined",
        calling: Scenario::Own("uac"),
        called: Some(Scenario::Own("uas")),
    },
    Kind {
        user: "cancelled",
        calling: Scenario::File("cancel-calling"),
        called: Some(Scenario::File("cancel-called")),
    },
    Kind {
        user: "2486",
        calling: Scenario::File("refused-calling"),
        called: Some(Scenario::File("refused-called")),
    },
    // Through the proxy.
    Kind {
        user: "passed",
        calling: Scenario::Call("plain", "caller"),
        called: Some(Scenario::Call("plain", "callee")),
    },
    // To nobody.
    Kind {
        user: "stranger",
        calling: Scenario::Call("nobody", "caller"),
        called: None,
    },
];

/// All of them on one node.
///
/// # Errors
/// What did not hold.
pub fn nothing_left(size: Calls, dir: &Path) -> Result<String> {
    let mut spec = spec(size.host, dir, "leaks");
    spec.whole = Some(configuration(&spec));
    let node = Node::start(&spec)?;
    let each = size.calls / KINDS.len() as u32;
    let mut running = Vec::new();
    for (kind, nth) in KINDS.iter().zip(0..) {
        if let Some(scenario) = kind.called {
            let called = start(&spec, scenario, called_at(nth), each, &[])?;
            running.push((kind.user, "called", called));
        }
    }
    let rate = size.rate.to_string();
    for (kind, nth) in KINDS.iter().zip(0..) {
        let how = [&*spec.sip.to_string(), "-s", kind.user, "-r", &rate];
        let calling = start(&spec, kind.calling, 5080 + nth, each, &how)?;
        running.push((kind.user, "calling", calling));
    }
    let planned = Duration::from_secs(u64::from(each / size.rate));
    let mut problems = String::new();
    for (user, side, sipp) in running {
        let ended = sipp.finish(planned + OVERTIME);
        if let Err(problem) = ended.and_then(|totals| totals.expect_clean(u64::from(each))) {
            let _ = writeln!(problems, "{user} ({side}): {problem}");
        }
    }
    ensure(problems.is_empty(), || problems)?;
    expect_empty(&node, SETTLED_WITHIN)?;
    let status = node.status()?;
    for what in ["names", "events", "suspended", "outputs", "connections"] {
        let left = status["counts"][what].as_u64();
        ensure(left == Some(0), || format!("{left:?} {what} are left"))?;
    }
    let kernel = &status["kernel"];
    let left = |begun: &str, ended: &str| Some(kernel[begun].as_u64()? - kernel[ended].as_u64()?);
    // Each service has an activity for as long as it is active.
    let services = status["counts"]["service_activities"].as_u64();
    let all = left("activities_started", "activities_ended") == services
        && left("entities_created", "entities_removed") == Some(0);
    ensure(all && kernel["rollbacks"] == 0, || {
        format!("not all that began has ended: {kernel}")
    })?;
    Ok(format!(
        "{} calls of {} kinds, {} activities and {} entities, nothing left; resident {} KiB",
        each * KINDS.len() as u32,
        KINDS.len(),
        kernel["activities_started"],
        kernel["entities_created"],
        node.resident_kib()?
    ))
}

fn called_at(nth: u16) -> u16 {
    5070 + nth
}

fn configuration(spec: &NodeSpec) -> String {
    let ip = spec.sip.ip();
    let mut config = format!(
        "{TAKES_ALL}[node]\ndata_dir = \"{}\"\n[adaptors.sip]\n[adaptors.sip.settings.listeners.udp]\n\
         transport = \"udp\"\nbind = \"{}\"\n[services.uas]\n[services.uas.settings]\nusers = [\"service\"]\n",
        spec.data.display(),
        spec.sip
    );
    let (mut joined, mut passed) = (String::new(), String::new());
    for (kind, nth) in KINDS.iter().zip(0..) {
        let (user, port) = (kind.user, called_at(nth));
        // Writing to a String does not fail.
        let _ = match (kind.called, user) {
            (None, _) => Ok(()),
            (_, "passed") => write!(
                passed,
                "{{ prefix = \"{user}\", to = [\"sip:{ip}:{port}\"], open = true }},"
            ),
            _ => write!(
                joined,
                "{{ user = \"{user}\", target = \"sip:{ip}:{port}\" }},"
            ),
        };
    }
    let _ = write!(
        config,
        "[services.b2bua]\n[services.b2bua.settings]\nroutes = [{joined}]\n\
         [services.proxy]\n[services.proxy.settings]\nauthentication = false\n\
         leave = [\"service\", \"joined\", \"cancelled\", \"2486\", \"stranger\"]\nroutes = [{passed}]\n"
    );
    config
}

fn start(spec: &NodeSpec, scenario: Scenario, port: u16, calls: u32, how: &[&str]) -> Result<Sipp> {
    let (ip, port, calls) = (
        spec.sip.ip().to_string(),
        port.to_string(),
        calls.to_string(),
    );
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (kind, which) = match scenario {
        Scenario::Own(name) => ("-sn", name.to_owned()),
        Scenario::File(name) => {
            let file = here.join("scenarios").join(name).with_extension("xml");
            ("-sf", file.display().to_string())
        }
        Scenario::Call(name, side) => {
            let text = fs::read_to_string(here.join("calls").join(name).with_extension("call"))
                .map_err(io("read a script of calls"))?;
            let xml =
                script::scenario(&text, side).map_err(|line| RunError::Broken(line.into()))?;
            let file = spec.data.with_file_name(format!("{name}-{side}.xml"));
            fs::write(&file, xml).map_err(io("write a scenario"))?;
            ("-sf", file.display().to_string())
        }
    };
    let common = ["-i", &*ip, "-p", &*port, "-m", &*calls, "-d", "200"];
    Sipp::start(&[how, &[kind, &which], &common].concat())
}
