//! The runs of this crate in sizes for every day; `cargo xtask acceptance` makes them as large as the documented figures.

use std::path::Path;
use std::time::Duration;
use strowger_interop::runs::Transport::{Tcp, Udp};
use strowger_interop::runs::disaster::{Disaster, disaster};
use strowger_interop::runs::fulldisk::{self, FullDisk};
use strowger_interop::runs::hostile::{self, Abandoned, Idle, Storm};
use strowger_interop::runs::idle::{Sleeping, idle};
use strowger_interop::runs::kill::{self, Kill};
use strowger_interop::runs::kills::{self, Kills};
use strowger_interop::runs::leaks::{self, Calls};
use strowger_interop::runs::load::{self, Load};
use strowger_interop::runs::million::{Million, million};
use strowger_interop::runs::overload::{self, Overload};
use strowger_interop::runs::prepaid::{self, Prepaid};
use strowger_interop::runs::registrations::{self, Registrations};
use strowger_interop::runs::reload::{self, Reload};
use strowger_interop::runs::subscribers::{self, Subscribers};
use strowger_interop::runs::{forks, pieces, profiles, scenarios, torture, transparency};
use strowger_interop::{Result, RunError};

const SEED: u64 = 0x5717_0a6e;

fn run(run: impl FnOnce(&Path) -> Result<String>) -> Result {
    let dir = tempfile::tempdir().map_err(|e| RunError::Broken(e.to_string().into()))?;
    run(dir.path()).map(drop)
}

fn small(host: u8) -> Load {
    Load {
        rate: 20,
        seconds: 5,
        hold_ms: 500,
        host,
    }
}

fn kill_on(host: u8, transport: strowger_interop::runs::Transport) -> Kill {
    Kill {
        transport,
        host,
        powercut: false,
    }
}

#[test]
fn uas_answers_sipp_over_udp() -> Result {
    run(|dir| load::uas(small(21), Udp, dir))
}

#[test]
fn uas_answers_sipp_over_tcp() -> Result {
    run(|dir| load::uas(small(22), Tcp, dir))
}

#[test]
fn b2bua_joins_two_sipps_over_udp() -> Result {
    run(|dir| load::b2bua(small(23), Udp, dir))
}

#[test]
fn b2bua_joins_two_sipps_over_tcp() -> Result {
    run(|dir| load::b2bua(small(24), Tcp, dir))
}

#[test]
fn calls_over_ipv6() -> Result {
    run(|dir| load::over_ipv6(small(27), dir))
}

fn changes_on(host: u8) -> Reload {
    Reload {
        rate: 20,
        seconds: 6,
        measured: false,
        host,
    }
}

#[test]
fn calls_do_not_notice_a_reload_and_a_mistake_changes_nothing() -> Result {
    run(|dir| reload::reloaded(changes_on(184), dir))
}

#[test]
fn every_call_ends_after_a_sigterm() -> Result {
    run(|dir| reload::drained(changes_on(189), dir))
}

#[test]
fn calls_do_not_notice_that_another_service_is_deactivated() -> Result {
    run(|dir| reload::deactivated(changes_on(185), dir))
}

#[test]
fn established_calls_outlive_the_process_over_udp() -> Result {
    run(|dir| kill::established(100, &kill_on(25, Udp), dir))
}

#[test]
fn established_calls_outlive_the_process_over_tcp() -> Result {
    run(|dir| kill::established(50, &kill_on(26, Tcp), dir))
}

#[test]
fn overdue_call_is_ended_at_the_restart() -> Result {
    run(|dir| kill::overdue(&kill_on(27, Udp), dir))
}

#[test]
fn no_acknowledged_call_is_lost_when_killed_under_load() -> Result {
    run(|dir| kill::random(3, 50, SEED, &kill_on(28, Udp), dir))
}

#[test]
fn nothing_acknowledged_is_lost_when_killed_under_calls_charges_and_messages() -> Result {
    let size = Kills {
        kills: 3,
        seed: SEED,
        calls: 20,
        hold: Duration::from_secs(3),
        charges: 10,
        messages: 40,
        serving: Duration::from_secs(10),
        host: 218,
    };
    run(|dir| kills::together(size, dir))
}

#[test]
fn idle_activities_outlive_the_process() -> Result {
    let size = Sleeping {
        count: 5_000,
        limit: 1 << 20,
        serving: Duration::from_secs(10),
        host: 221,
    };
    run(|dir| idle(size, dir))
}

#[test]
fn calls_of_a_run_that_looks_at_memory_leave_nothing() -> Result {
    let size = Million {
        calls: 200,
        rate: 40,
        // A run so short measures warming up.
        slope: f64::INFINITY,
        host: 222,
    };
    run(|dir| million(size, dir))
}

#[test]
fn under_three_times_the_load_calls_go_on_and_some_new_ones_are_refused() -> Result {
    let size = Overload {
        held: 200,
        flood: Duration::from_secs(3),
        refused: 200,
        recovered_within: Duration::from_secs(30),
        measured: false,
        host: 141,
    };
    run(|dir| overload::tripled(size, dir))
}

#[test]
fn messages_and_handshakes_that_do_not_end_cost_their_connections() -> Result {
    run(|dir| hostile::slow(50, 142, dir))
}

#[test]
fn idle_connections_over_tls_are_bounded_and_closed() -> Result {
    let size = Idle {
        connections: 300,
        beyond: 20,
        host: 143,
    };
    run(|dir| hostile::idle(size, dir))
}

#[test]
fn messages_that_are_dear_to_read_are_refused() -> Result {
    run(|dir| hostile::bombs(5, 144, dir))
}

#[test]
fn calls_that_nobody_acknowledges_are_bounded_and_given_up() -> Result {
    let size = Abandoned {
        invites: 10_000,
        dialogs: 2_000,
        t1: Duration::from_millis(50),
        growth: 20,
        host: 145,
    };
    run(|dir| hostile::abandoned(size, dir))
}

#[test]
fn answers_of_strangers_are_not_taken() -> Result {
    run(|dir| hostile::spoofed(1_000, 146, dir))
}

#[test]
fn guessed_passwords_are_refused_and_cost_nothing() -> Result {
    run(|dir| hostile::guesses(200, 147, dir))
}

#[test]
fn who_is_denied_is_not_heard_and_who_brings_too_much_is_refused() -> Result {
    run(|dir| hostile::unheard(230, dir))
}

#[test]
fn who_guesses_is_banned_and_others_are_served() -> Result {
    run(|dir| hostile::banned(231, dir))
}

#[test]
fn strangers_cannot_tell_users_apart_nor_send_on_through_the_proxy() -> Result {
    run(|dir| hostile::probes(hostile::Calls::Proxy, 181, dir))
}

#[test]
fn strangers_cannot_tell_users_apart_nor_send_on_through_the_b2bua() -> Result {
    run(|dir| hostile::probes(hostile::Calls::B2bua, 182, dir))
}

#[test]
fn malformed_datagrams_at_speed_cost_no_call() -> Result {
    let size = Storm {
        calls: 100,
        datagrams: 10_000,
        host: 183,
    };
    run(|dir| hostile::storm(size, dir))
}

#[test]
fn nothing_is_left_of_many_calls() -> Result {
    let size = Calls {
        calls: 2_040,
        rate: 20,
        host: 148,
    };
    run(|dir| leaks::nothing_left(size, dir))
}

#[test]
fn messages_cut_at_every_byte_are_answered_as_if_whole() -> Result {
    run(|dir| pieces::at_every_byte(149, dir))
}

#[test]
fn torture_messages_are_answered_or_dropped() -> Result {
    run(|dir| torture::datagrams(29, dir))
}

#[test]
fn no_acknowledged_call_is_lost_in_a_power_cut() -> Result {
    let cut = Kill {
        powercut: true,
        ..kill_on(30, Udp)
    };
    run(|dir| kill::random(3, 50, SEED, &cut, dir))
}

#[test]
fn a_call_with_late_offer_new_offers_and_info_over_udp() -> Result {
    run(|dir| scenarios::pair("everything", "2001", 31, Udp, dir))
}

#[test]
fn a_call_with_late_offer_new_offers_and_info_over_tcp() -> Result {
    run(|dir| scenarios::pair("everything", "2001", 32, Tcp, dir))
}

#[test]
fn a_call_is_given_up_while_it_rings() -> Result {
    run(|dir| scenarios::pair("cancel", "2001", 33, Udp, dir))
}

#[test]
fn a_call_is_refused_as_the_callee_refuses_it() -> Result {
    for (user, host) in [("2302", 34), ("2486", 35), ("2603", 36)] {
        run(|dir| scenarios::pair("refused", user, host, Udp, dir))?;
    }
    Ok(())
}

#[test]
fn calls_over_a_lossy_network_leave_nothing() -> Result {
    run(|dir| scenarios::lossy(37, dir))
}

#[test]
fn a_node_that_stops_refuses_new_calls_and_finishes_those_that_are_up() -> Result {
    run(|dir| scenarios::drain(38, dir))
}

#[test]
fn malformed_datagrams_are_answered_or_dropped() -> Result {
    run(|dir| strowger_interop::runs::malformed::datagrams(39, dir))
}

#[test]
fn registrations_are_refreshed_and_outlive_the_process() -> Result {
    let size = Registrations {
        users: 200,
        rate: 100,
        rounds: 2,
        host: 42,
    };
    run(|dir| registrations::refreshed(size, dir))
}

#[test]
fn passwords_change_while_users_are_registered() -> Result {
    let size = Registrations {
        users: 20,
        rate: 50,
        rounds: 1,
        host: 49,
    };
    run(|dir| registrations::rotated(size, dir))
}

#[test]
fn subscribers_are_called_as_the_file_of_the_example_says() -> Result {
    let size = Subscribers {
        calls: 5,
        host: 211,
    };
    run(|dir| subscribers::handled(size, dir))
}

#[test]
fn calls_registrations_and_subscriptions_outlive_the_process() -> Result {
    let size = Disaster {
        quiet: 40,
        held: 5,
        offering: 5,
        ringing: 5,
        users: 200,
        watchers: 20,
        rate: 50,
        down: Duration::from_secs(5),
        host: 44,
    };
    run(|dir| disaster(size, dir))
}

#[test]
fn one_of_three_phones_answers_and_the_others_are_given_up() -> Result {
    let load = Load {
        seconds: 3,
        ..small(46)
    };
    run(|dir| forks::cancelled_losers(load, dir))
}

#[test]
fn what_is_passed_on_is_passed_byte_for_byte() -> Result {
    run(|dir| transparency::bytes(140, dir))
}

#[test]
fn prepaid_calls_cost_what_they_lasted_also_over_a_kill() -> Result {
    run(|dir| {
        let size = Prepaid {
            calls: 200,
            rate: 20,
            hold: 2_500,
            kills: 1,
            seed: SEED,
            host: 41,
        };
        prepaid::charged(size, dir)
    })
}

#[test]
fn freediameter_is_told_what_prepaid_calls_lasted() -> Result {
    run(|dir| {
        let size = Prepaid {
            calls: 40,
            rate: 10,
            hold: 2_500,
            kills: 0,
            seed: SEED,
            host: 42,
        };
        prepaid::against_freediameter(size, 23_700, dir)
    })
}

#[test]
fn a_full_disk_refuses_new_calls_and_loses_none() -> Result {
    let size = FullDisk {
        rate: 20,
        held: 20,
        full: Duration::from_secs(3),
        host: 212,
    };
    run(|dir| fulldisk::filled(size, dir))
}

#[test]
fn a_store_that_fails_serves_again_when_there_is_space() -> Result {
    let size = FullDisk {
        rate: 100,
        held: 20,
        full: Duration::from_secs(15),
        host: 213,
    };
    run(|dir| fulldisk::failed(size, dir))
}

#[test]
fn imported_profiles_are_there_after_a_kill() -> Result {
    run(|dir| {
        profiles::provisioned(2_000, 214, dir)?;
        Ok(String::new())
    })
}
