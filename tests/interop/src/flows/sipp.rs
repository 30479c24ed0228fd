//! SIPp on both sides: the calls of `calls/*.call` through the proxy and the B2BUA, all of them at once.
//!
//! Each case has a caller and a callee on addresses of their own and a user of its own, by which the node finds the callee.

use super::stage::{SOON, Stage};
use super::{Client, Flow};
use crate::error::{Result, RunError, ensure, io};
use crate::node::pause;
use crate::script;
use crate::sipp::Sipp;
use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("sipp-proxy-udp", Client::Sipp, "UDP", PROXY_WHAT, |stage| {
        through(
            stage,
            Middle::Proxy,
            "udp",
            &[BOTH, PROXY, DATAGRAMS].concat(),
        )
    }),
    Flow::new("sipp-proxy-tcp", Client::Sipp, "TCP", PROXY_WHAT, |stage| {
        through(stage, Middle::Proxy, "tcp", &[BOTH, PROXY].concat())
    }),
    Flow::new("sipp-b2bua-udp", Client::Sipp, "UDP", B2BUA_WHAT, |stage| {
        through(
            stage,
            Middle::B2bua,
            "udp",
            &[BOTH, B2BUA, DATAGRAMS].concat(),
        )
    }),
    Flow::new("sipp-b2bua-tcp", Client::Sipp, "TCP", B2BUA_WHAT, |stage| {
        through(stage, Middle::B2bua, "tcp", &[BOTH, B2BUA].concat())
    }),
    Flow::new(
        "sipp-registrar-udp",
        Client::Sipp,
        "UDP",
        REGISTRAR_WHAT,
        |stage| play(stage, "udp", &offices(), REGISTRAR),
    ),
    Flow::new(
        "sipp-registrar-tcp",
        Client::Sipp,
        "TCP",
        REGISTRAR_WHAT,
        |stage| play(stage, "tcp", &offices(), REGISTRAR),
    ),
    Flow::new(
        "sipp-builtin-udp",
        Client::Sipp,
        "UDP",
        BUILTIN_WHAT,
        |stage| builtin(stage, "udp"),
    ),
    Flow::new(
        "sipp-builtin-tcp",
        Client::Sipp,
        "TCP",
        BUILTIN_WHAT,
        |stage| builtin(stage, "tcp"),
    ),
    Flow::new(
        "sipp-3pcc-udp",
        Client::Sipp,
        "UDP",
        "two calls through the B2BUA, joined by a controller (its 3pcc)",
        |stage| third_party(stage, "udp"),
    ),
    Flow::new(
        "sipp-session-udp",
        Client::Sipp,
        "UDP",
        "calls through the B2BUA with session timers: refreshed by the node where the phone cannot, ended where it does not",
        sessions,
    )
    .long(),
];

const REGISTRAR_WHAT: &str =
    "REGISTER: digest, stale nonce, wrong password, Path, Service-Route, 423";
const BUILTIN_WHAT: &str =
    "its own uac, regexp and branchc to the answering service; uac to uas through the B2BUA";
const PROXY_WHAT: &str = "the calls of tests/interop/calls through the proxy";
const B2BUA_WHAT: &str = "the calls of tests/interop/calls through the B2BUA";

/// A script, and what stands for `STATUS` in it.
type Case = (&'static str, &'static str);

/// Calls that look alike from outside whoever passes them on.
const BOTH: &[Case] = &[
    ("plain", ""),
    ("reinvite", ""),
    ("update", ""),
    ("hold", ""),
    ("late-offer", ""),
    ("early-media", ""),
    ("prack", ""),
    ("prack-demanded", ""),
    ("cancel-ringing", ""),
    ("cancel-early", ""),
    ("refused", "404"),
    ("refused", "486"),
    ("refused", "500"),
    ("refused", "603"),
    ("glare", ""),
    ("race", ""),
    ("within", ""),
    ("preloaded", ""),
    ("session-refreshed", ""),
    ("session-short", ""),
    ("hops", ""),
    ("demanding", ""),
    ("stray-cancel", ""),
];

const PROXY: &[Case] = &[
    ("cancel-late", ""),
    ("redirected", ""),
    ("forked", ""),
    ("outside", ""),
    ("subscribed", ""),
    ("referred", ""),
    ("untouched", ""),
    ("strict", ""),
    ("spiral", ""),
    ("loop", ""),
];

const B2BUA: &[Case] = &[
    ("cancel-late-b2bua", ""),
    ("redirected-b2bua", ""),
    ("forked-b2bua", ""),
    ("nobody", ""),
];

const REGISTRAR: &[Case] = &[
    ("registered", ""),
    ("wrong-password", ""),
    ("stale", ""),
    ("path", ""),
    ("brief", ""),
    ("stranger", ""),
];

const DATAGRAMS: &[Case] = &[("lossy", "")];

const SESSIONS: &[Case] = &[("session-expired", "")];

/// Calls of each case.
const CALLS: u64 = 3;
const WITHIN: Duration = Duration::from_secs(30);
/// The same of those that are to expire.
const SESSION: Duration = Duration::from_secs(100);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Middle {
    Proxy,
    B2bua,
}

fn through(stage: &Stage, middle: Middle, transport: &str, cases: &[Case]) -> Result<String> {
    play(
        stage,
        transport,
        &configuration(stage, middle, transport, cases.len()),
        cases,
    )
}

/// The shortest sessions that RFC 4028 allows.
fn sessions(stage: &Stage) -> Result<String> {
    let services = configuration(stage, Middle::B2bua, "udp", SESSIONS.len());
    let services = format!("[adaptors.sip.settings.calls]\nsession = \"90s\"\n{services}");
    play_within(SESSION, stage, "udp", &services, SESSIONS)
}

/// Users with a registrar of their own. MD5 is what SIPp knows.
fn offices() -> String {
    let mut text = "[services.registrar]\n[services.registrar.settings]\n\
                    domains = [\"office.example\"]\nalgorithms = [\"MD5\"]\nnonce_lifetime = \"2s\"\n\
                    service_route = \"<sip:way.office.example;lr>\"\n[services.registrar.settings.users]\n"
        .to_owned();
    for user in ["alice", "bob", "carol", "dave", "erin", "mallory"] {
        let _ = writeln!(text, "{user} = {{ password = \"secret\" }}");
    }
    text
}

/// SIPp's own scenarios.
fn builtin(stage: &Stage, transport: &str) -> Result<String> {
    let mode = if transport == "tcp" { "t1" } else { "u1" };
    let phone = stage.ip(11).to_string();
    let node = stage.node(&format!(
        "[services.uas]\n[services.uas.settings]\nusers = [\"service\", \"ua2\"]\n\
         [services.registrar]\n[services.registrar.settings]\nauthentication = false\ndefault_expires = \"10s\"\n\
         min_expires = \"5s\"\nmax_expires = \"10s\"\n[services.b2bua]\n[services.b2bua.settings]\n\
         routes = [{{ user = \"joined\", target = \"sip:{phone};transport={transport}\" }}]\n"
    ))?;
    let sip = stage.sip().to_string();
    let uas = [
        "-sn", "uas", "-i", &phone, "-p", "5060", "-t", mode, "-m", "5",
    ];
    let mut running = vec![("uas", Sipp::start(&uas)?)];
    wait_for_sockets(&[stage.ip(11)], transport)?;
    for (last, scenario, user) in [
        (21, "uac", "service"),
        (22, "regexp", "service"),
        (23, "branchc", "service"),
        (24, "uac", "joined"),
    ] {
        let ip = stage.ip(last).to_string();
        let sipp = Sipp::start(&[
            &sip, "-sn", scenario, "-s", user, "-i", &ip, "-p", "5060", "-t", mode, "-m", "5",
        ])?;
        running.push((scenario, sipp));
    }
    let mut problems = String::new();
    for (scenario, sipp) in running {
        let ended = sipp
            .finish(WITHIN)
            .and_then(|totals| totals.expect_clean(5));
        if let Err(problem) = ended {
            let _ = writeln!(problems, "{scenario}: {problem}");
        }
    }
    ensure(problems.is_empty(), || problems)?;
    stage.end(node)?;
    quiet(stage)?;
    Ok("20 calls".to_owned())
}

/// SIPp's controller calls two phones through the node and hands the offer of one to the other.
fn third_party(stage: &Stage, transport: &str) -> Result<String> {
    let phones = [11, 12].map(|last| stage.ip(last).to_string());
    let node = stage.node(&format!(
        "[services.b2bua]\n[services.b2bua.settings]\nroutes = [\
         {{ user = \"a\", target = \"sip:{};transport={transport}\" }}, \
         {{ user = \"b\", target = \"sip:{};transport={transport}\" }}]\n",
        phones[0], phones[1]
    ))?;
    let (sip, link) = (stage.sip().to_string(), format!("{}:6060", stage.ip(31)));
    let mut running = Vec::new();
    for (ip, scenario) in phones.iter().zip(["3pcc-A", "3pcc-B"]) {
        running.push(Sipp::start(&[
            "-sn", scenario, "-i", ip, "-p", "5060", "-m", "5",
        ])?);
    }
    wait_for_sockets(&[stage.ip(11), stage.ip(12)], transport)?;
    // The second listens for the first.
    for (last, scenario, user) in [(32, "3pcc-C-B", "b"), (31, "3pcc-C-A", "a")] {
        let ip = stage.ip(last).to_string();
        running.push(Sipp::start(&[
            &sip, "-sn", scenario, "-s", user, "-i", &ip, "-p", "5060", "-m", "5", "-3pcc", &link,
        ])?);
        if scenario == "3pcc-C-B" {
            wait_for_sockets(&[stage.ip(last)], transport)?;
        }
    }
    for sipp in running {
        sipp.finish(WITHIN)?.expect_clean(5)?;
    }
    stage.end(node)?;
    quiet(stage)?;
    Ok("5 pairs of calls".to_owned())
}

fn play(stage: &Stage, transport: &str, services: &str, cases: &[Case]) -> Result<String> {
    play_within(WITHIN, stage, transport, services, cases)
}

fn play_within(
    within: Duration,
    stage: &Stage,
    transport: &str,
    services: &str,
    cases: &[Case],
) -> Result<String> {
    let node = stage.node(services)?;
    let mut running = Vec::new();
    // Who is called is there first.
    for side in ["callee", "caller"] {
        let mut listening = Vec::new();
        for (n, case) in cases.iter().enumerate() {
            if script::sides(&read(case.0)?).contains(&side) {
                let sipp = start(stage, n, case, side, transport)?;
                running.push((format!("{} {} ({side})", case.0, case.1), sipp));
                listening.push(place(stage, n, side));
            }
        }
        // Callers may have ended already.
        if side == "callee" {
            wait_for_sockets(&listening, transport)?;
        }
    }
    let mut problems = String::new();
    for (name, sipp) in running {
        let ended = sipp
            .finish(within)
            .and_then(|totals| totals.expect_clean(CALLS));
        if let Err(problem) = ended {
            let _ = writeln!(problems, "{name}: {problem}");
        }
    }
    ensure(problems.is_empty(), || problems)?;
    stage.end(node)?;
    quiet(stage)?;
    Ok(format!(
        "{} calls of {} scripts",
        CALLS * cases.len() as u64,
        cases.len()
    ))
}

/// The user that a case calls. None begins as another does.
fn user(n: usize) -> String {
    format!("c{n:02}")
}

fn configuration(stage: &Stage, middle: Middle, transport: &str, cases: usize) -> String {
    let contact = |n: usize| {
        format!(
            "sip:{}:5060;transport={transport}",
            place(stage, n, "callee")
        )
    };
    let route = |n| match middle {
        Middle::Proxy => format!("{{ prefix = \"{}\", to = [\"{}\"] }}", user(n), contact(n)),
        Middle::B2bua => format!("{{ user = \"{}\", target = \"{}\" }}", user(n), contact(n)),
    };
    let mut routes: Vec<String> = (0..cases).map(route).collect();
    if middle == Middle::Proxy {
        // To itself: under another user, and under the same.
        let own = format!("to = [\"sip:{}\"]", stage.sip());
        routes.push(format!("{{ prefix = \"x\", strip = 1, {own} }}"));
        routes.push(format!("{{ prefix = \"y\", {own} }}"));
    }
    let service = match middle {
        Middle::Proxy => {
            "[services.proxy]\ndurability = \"none\"\n[services.proxy.settings]\n\
             authentication = false\ntrusted = [\"127.0.0.0/8\"]\nrecurse = true\n"
        }
        Middle::B2bua => "[services.b2bua]\n[services.b2bua.settings]\n",
    };
    // Short timers, so that what is lost is soon repeated and nothing lingers for long.
    format!(
        "[adaptors.sip.settings.timers]\nt1 = \"100ms\"\nt2 = \"800ms\"\n{service}routes = [{}]\n",
        routes.join(", ")
    )
}

fn last(n: usize) -> u8 {
    u8::try_from(n).unwrap_or(u8::MAX)
}

/// Where a side of a case is.
fn place(stage: &Stage, n: usize, side: &str) -> Ipv4Addr {
    let first = if side == "caller" { 10 } else { 110 };
    stage.ip(last(first + n))
}

/// Waits until all of them are open, as the kernel tells.
pub(super) fn wait_for_sockets(places: &[Ipv4Addr], transport: &str) -> Result {
    let names = places.iter().map(|ip| {
        let [a, b, c, d] = ip.octets();
        format!(" {:08X}:13C4 ", u32::from_le_bytes([a, b, c, d]))
    });
    let names: Vec<String> = names.collect();
    let deadline = Instant::now() + SOON;
    loop {
        let open = fs::read_to_string(format!("/proc/net/{transport}"))
            .map_err(io("read the list of sockets"))?;
        if names.iter().all(|name| open.contains(name)) {
            return Ok(());
        }
        ensure(Instant::now() < deadline, || {
            "a SIPp does not listen".to_owned()
        })?;
        pause();
    }
}

fn start(stage: &Stage, n: usize, case: &Case, side: &str, transport: &str) -> Result<Sipp> {
    let (script, status) = case;
    let name = format!("{script}{status}-{side}");
    let file = write(stage, case, side)?;
    let log = |kind: &str| {
        stage
            .dir()
            .join(format!("{name}-{kind}.log"))
            .display()
            .to_string()
    };
    let (node, user, calls) = (stage.sip().to_string(), user(n), CALLS.to_string());
    let (errors, messages) = (log("errors"), log("messages"));
    let own = place(stage, n, side).to_string();
    let mut args = vec!["-sf", &*file, "-i", &own, "-p", "5060", "-m", &calls];
    args.extend(["-t", if transport == "tcp" { "t1" } else { "u1" }]);
    args.extend([
        "-recv_timeout",
        "12000",
        "-trace_err",
        "-error_file",
        &errors,
    ]);
    args.extend(["-trace_msg", "-message_file", &messages]);
    if side == "caller" {
        args.extend([
            &*node,
            "-s",
            &user,
            "-r",
            "10",
            "-auth_uri",
            "office.example",
        ]);
    }
    Sipp::start(&args)
}

/// The scenario of one side of a script; answers the file.
pub(super) fn written(stage: &Stage, script: &'static str, side: &str) -> Result<String> {
    write(stage, &(script, ""), side)
}

fn write(stage: &Stage, (script, status): &Case, side: &str) -> Result<String> {
    let file = stage.dir().join(format!("{script}{status}-{side}.xml"));
    let text = read(script)?.replace("STATUS", status);
    let xml = script::scenario(&text, side).map_err(|line| {
        RunError::Broken(format!("{script}.call, {line}: makes no sense").into())
    })?;
    fs::write(&file, xml).map_err(io("write a scenario"))?;
    Ok(file.display().to_string())
}

fn read(script: &str) -> Result<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(here.join("calls").join(format!("{script}.call")))
        .map_err(io("read a script of calls"))
}

/// The node warned of nothing.
fn quiet(stage: &Stage) -> Result {
    let log = fs::read_to_string(stage.dir().join("node.log")).map_err(io("read the log"))?;
    let warning = log.lines().find(|line| line.contains(" WARN "));
    ensure(warning.is_none(), || {
        format!("the node warned: {}", warning.unwrap_or_default())
    })
}
