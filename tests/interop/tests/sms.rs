//! A node with the SMS gateway before ESMEs and SMSCs that are scripted: what is wrong, too much, too slow, and what dies.
//!
//! Small here; `cargo xtask acceptance` runs the same in full size.

use std::net::Ipv4Addr;
use std::time::Duration;
use strowger_interop::Result;
use strowger_interop::runs::sms::kill::{self, Kill};
use strowger_interop::runs::sms::stops::{self, Stops};
use strowger_interop::runs::sms::waiting::{self, Waiting};
use strowger_interop::runs::sms::{later, overload, receipts, timers, upstream, windows};
use strowger_interop::sms::ground::{Ground, HOST};
use strowger_interop::sms::pdu::status;
use strowger_interop::sms::probe::{self, Cut, Target};

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

/// Runs all rows of the probe.
fn probed(host: u8, tls: bool, cut: Cut) -> Result {
    let dir = dir();
    let ground = Ground::new(dir.path(), Ipv4Addr::new(127, 0, host, 1))?
        // Refusals come from one address here.
        .set("limits.refused_binds = 1000\ntimers.bind_refusal = \"10ms\"\ntimers.session_init = \"2s\"")
        .account("probe", "12", "");
    let more = probe::ACCOUNTS.iter().enumerate();
    let ground = more.fold(ground, |ground, (n, (name, keys))| {
        ground.account(name, &format!("99{n}"), keys)
    });
    let node = ground.start()?;
    let target = Target {
        at: ground.at(tls),
        tls: tls
            .then(|| {
                Ok::<_, strowger_interop::RunError>((
                    ground.authority.client("probe.example")?,
                    HOST.to_owned(),
                ))
            })
            .transpose()?,
        account: "probe".to_owned(),
    };
    let problems = probe::run(&target, &probe::all("probe"), cut);
    assert!(
        problems.is_empty(),
        "{}\n{}",
        problems.join("\n"),
        node.log_tail()
    );
    probe::accounts(&target)?;
    probe::unbinds(&target, 20)?;
    probe::silence(&target, Duration::from_secs(5))?;
    ground.expect_no_complaint("node")
}

#[test]
fn every_wrong_pdu_is_answered_as_the_standard_says() -> Result {
    probed(140, false, Cut::Whole)
}

#[test]
fn every_wrong_pdu_is_answered_alike_when_it_comes_byte_by_byte() -> Result {
    probed(141, false, Cut::Bytes)
}

#[test]
fn every_wrong_pdu_is_answered_alike_over_tls() -> Result {
    probed(142, true, Cut::Whole)
}

#[test]
fn no_more_is_sent_than_the_window_allows() -> Result {
    for (n, window) in [1, 10, 100].into_iter().enumerate() {
        windows::kept(window, 143 + u8::try_from(n).unwrap_or(0), dir().path())?;
    }
    Ok(())
}

#[test]
fn one_that_sends_and_does_not_read_is_not_read() -> Result {
    windows::unread(146, dir().path()).map(drop)
}

#[test]
fn a_receiver_that_stalls_gets_every_message_whole() -> Result {
    windows::slow(10_000, Duration::from_secs(2), 147, dir().path()).map(drop)
}

#[test]
fn an_account_gets_its_rate_and_no_more() -> Result {
    windows::throttled(300, 1, Duration::from_secs(4), 148, dir().path())?;
    windows::throttled(300, 3, Duration::from_secs(4), 149, dir().path()).map(drop)
}

#[test]
fn an_account_does_not_wait_for_another_that_floods() -> Result {
    windows::hot(Duration::from_secs(2), 150, dir().path()).map(drop)
}

#[test]
fn peers_that_fall_silent_are_let_go() -> Result {
    timers::silent(151, dir().path())?;
    timers::idle(152, dir().path()).map(drop)
}

#[test]
fn what_is_in_flight_when_a_connection_breaks_has_one_outcome() -> Result {
    timers::broken(153, dir().path()).map(drop)
}

#[test]
fn a_node_that_is_told_to_stop_answers_and_unbinds() -> Result {
    timers::stopped(154, dir().path()).map(drop)
}

#[test]
fn receipts_of_every_form_find_their_message() -> Result {
    receipts::forms(155, dir().path()).map(drop)
}

#[test]
fn a_throttled_link_pauses_and_keeps_order() -> Result {
    upstream::paused(status::RTHROTTLED, 156, dir().path())?;
    upstream::paused(status::RMSGQFUL, 157, dir().path()).map(drop)
}

#[test]
fn what_fails_for_a_time_is_tried_again_by_the_schedule() -> Result {
    upstream::retried(158, dir().path()).map(drop)
}

#[test]
fn what_fails_for_good_is_told_by_a_receipt() -> Result {
    upstream::refused(159, dir().path()).map(drop)
}

#[test]
fn nothing_that_was_taken_is_lost_when_the_node_is_killed() -> Result {
    let run = Kill {
        count: 1_000,
        rounds: 3,
        seed: 1,
        host: 160,
    };
    kill::submits(run, dir().path()).map(drop)
}

#[test]
fn nothing_that_was_taken_is_lost_when_the_node_is_stopped() -> Result {
    let run = Stops {
        count: 500,
        rounds: 2,
        seed: 1,
        host: 167,
    };
    stops::midway(run, dir().path()).map(drop)
}

#[test]
fn requests_of_http_are_told_to_come_again_while_the_node_is_overloaded() -> Result {
    overload::refused(Duration::from_secs(4), 166, dir().path()).map(drop)
}

#[test]
fn receipts_wait_for_their_esme_over_a_kill() -> Result {
    later::receipts(100, 161, dir().path()).map(drop)
}

#[test]
fn scheduled_messages_are_sent_on_time_over_a_kill() -> Result {
    later::scheduled(162, dir().path()).map(drop)
}

#[test]
fn retries_are_on_time_over_a_kill() -> Result {
    later::retries(100, 163, dir().path()).map(drop)
}

#[test]
fn messages_that_wait_are_there_after_a_kill() -> Result {
    let run = Waiting {
        count: 5_000,
        // What is fixed weighs more with so few.
        limit: 8 * 1024,
        serving: Duration::from_secs(10),
        host: 164,
    };
    waiting::waiting(run, dir().path()).map(drop)
}
