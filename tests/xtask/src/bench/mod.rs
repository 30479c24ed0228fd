//! `cargo xtask bench`: figures that the project states, each made by a command that anybody can repeat.

mod all;
pub(crate) mod budget;
mod callgrind;
mod copy;
mod dhat;
pub(crate) mod example;
mod kernel;
mod load;
pub(crate) mod machine;
mod options;
mod probe;
mod profiles;
mod report;
mod sip;
mod system;
mod usage;
mod wire;

use crate::error::{Error, Result};
use crate::tools::{
    CC, FREEDIAMETER, FREEDIAMETER_EXTENSIONS, FREEDIAMETER_HEADERS, KANNEL, OPENSSL_HEADERS,
    PKG_CONFIG, Peer, SIPP, ensure_peers,
};

/// What freeDiameter with extensions of ours takes.
const CHARGING: [Peer; 4] = [
    CC,
    FREEDIAMETER,
    FREEDIAMETER_EXTENSIONS,
    FREEDIAMETER_HEADERS,
];

/// The checks in full size, by name or all: loads, kills, power cuts. They take more than half an hour.
pub(crate) fn acceptance(args: &[String]) -> Result<()> {
    ensure_peers(&[SIPP])?;
    ensure_peers(&CHARGING)?;
    example::run_with_node("strowger-interop", "acceptance", args)
}

/// Whether rows are measured that need such a peer: `--without A,B` leaves them out.
fn has(args: &[String], peer: &str) -> bool {
    let mut without = args.iter().skip_while(|arg| *arg != "--without").skip(1);
    !without
        .next()
        .is_some_and(|names| names.split(',').any(|name| name == peer))
}

/// Charging: a node that does Diameter beside freeDiameter and the crate `diameter`.
fn diameter(args: &[String]) -> Result<()> {
    if has(args, "freediameter") {
        ensure_peers(&CHARGING)?;
    }
    example::build_node()?;
    example::build_program("strowger-interop", "strowger-partner", &[])?;
    if has(args, "crate") {
        ensure_peers(&[OPENSSL_HEADERS, PKG_CONFIG])?;
        let feature = ["--features", "crate-diameter"];
        example::build_program("strowger-interop", "strowger-crate-peer", &feature)?;
    }
    example::run("strowger-interop", "diameter", args)
}

/// SMS: a node with the gateway beside the server of the crate `smpp34` and Kannel.
fn sms(args: &[String]) -> Result<()> {
    if has(args, "kannel") {
        ensure_peers(&[KANNEL])?;
    }
    example::build_node()?;
    example::run("strowger-interop", "sms", args)
}

/// Runs the named benchmark.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let (which, rest) = args
        .split_first()
        .map_or(("", args), |(which, rest)| (which, rest));
    match which {
        "all" => all::run(rest),
        "sip" => sip::run(rest),
        // What `sip` starts to measure it.
        "copy" => copy::run(),
        "kernel" => kernel::run(),
        "usage" => usage::run(),
        "store" => example::run("strowger-store", "throughput", rest),
        "profiles" => profiles::run(rest),
        "diameter" => diameter(rest),
        "sms" => sms(rest),
        "memory" => example::run_with_node("strowger-interop", "memory", rest),
        name => Err(Error::UnknownTask {
            name: format!("bench {name}").trim_end().to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_are_left_out_by_name() {
        let args = ["--quick", "--without", "crate,kannel"].map(str::to_owned);
        assert!(!super::has(&args, "kannel"));
        assert!(super::has(&args, "freediameter"));
        assert!(super::has(&args[..1], "kannel"));
    }
}
