//! A node that does Diameter before whoever does it wrong: the stimuli, peers that vanish, and what asks for too much.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use strowger_interop::Result;
use strowger_interop::diameter::ground::Ground;
use strowger_interop::diameter::link::Identity;
use strowger_interop::diameter::probe;

const MOST: &str = "limits.message_bytes = 16777212";

fn ground(dir: &tempfile::TempDir, last: u8) -> Result<Ground> {
    let ground = Ground::new(dir.path(), Ipv4Addr::new(127, 0, 46, last))?;
    let nobody = SocketAddr::from(([127, 0, 46, last], 1));
    Ok(ground
        .realm(
            "redirected.example",
            &[],
            "action = \"redirect\"\nredirect_hosts = [\"aaa://elsewhere.example:3868\"]",
        )
        .peer("away", "host.away.example", Some(nobody), false)
        .realm("away.example", &["away"], "action = \"relay\""))
}

/// Runs all rows against a node, in the clear or over TLS.
fn stimuli(last: u8, tls: bool) -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let ground = ground(&dir, last)?;
    let node = ground.start()?;
    let mut target = ground.target(tls);
    target.redirected = Some("redirected.example".to_owned());
    target.away = Some("away.example".to_owned());
    let mut problems = Vec::new();
    for rows in [probe::headers, probe::ways, probe::sessions, probe::avps] {
        problems.extend(probe::run(&target, rows)?);
    }
    drop(node);
    // One that redirects has all applications in common with everybody.
    let ground = Ground::new(dir.path(), Ipv4Addr::new(127, 0, 46, last))?;
    let node = ground.start()?;
    for check in [probe::capabilities, probe::uninvited] {
        let problem = check(&ground.target(tls)).err();
        problems.extend(problem.map(|problem| problem.to_string()));
    }
    assert!(
        problems.is_empty(),
        "{}\n{}",
        problems.join("\n"),
        node.log_tail()
    );
    Ok(())
}

#[test]
fn every_stimulus_is_answered_as_the_rfc_says() -> Result {
    stimuli(1, false)
}

#[test]
fn every_stimulus_is_answered_as_the_rfc_says_over_tls() -> Result {
    stimuli(2, true)
}

#[test]
fn one_request_too_many_is_told_so_and_the_connection_goes_on() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let ground = Ground::new(dir.path(), Ipv4Addr::new(127, 0, 46, 5))?
        .set("limits.incoming_per_peer = 1\ntimers.answer = \"1s\"");
    let _node = ground.start()?;
    probe::crowded(&ground.target(false))
}

#[test]
fn a_connection_that_loses_the_election_is_told_so_and_the_other_goes_on() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let there = SocketAddr::from(([127, 0, 46, 7], 3868));
    let listener = TcpListener::bind(there).expect("a listener");
    let peer = Identity::new("zz.hand.example", "hand.example");
    let ground = Ground::new(dir.path(), Ipv4Addr::new(127, 0, 46, 6))?.peer(
        "both",
        &peer.host,
        Some(there),
        false,
    );
    let _node = ground.start()?;
    probe::elected(&ground.target(false), &listener, &peer)
}

#[test]
fn messages_that_ask_for_too_much_cost_little_and_disturb_nobody() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    for (last, most) in [(3, ""), (4, MOST)] {
        let ground = ground(&dir, last)?.set(most);
        let node = ground.start_as(&format!("node{last}"), "none")?;
        let before = node.resident_kib()?;
        // One message of the largest size may be in the buffers of reader and writer.
        let bound = before + 4 * 16 * 1024;
        probe::resources(&ground.target(false), || {
            let now = node.resident_kib()?;
            assert!(now < bound, "{now} KiB are in use, {before} were before");
            Ok(())
        })?;
        ground.expect_no_complaint(&format!("node{last}"))?;
    }
    Ok(())
}
