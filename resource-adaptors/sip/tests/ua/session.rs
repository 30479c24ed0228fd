//! Session timers: RFC 4028 7 to 10.

use super::*;
use strowger_sip::proto::dialog::{Keeper, Refresher, SessionAsk};

const ASK: SessionAsk = SessionAsk {
    interval: 600,
    min: 90,
    refresher: Refresher::Any,
    keeper: Keeper::Adaptor,
};
const S: u64 = 1_000;

fn accepting(ask: SessionAsk) -> Reply {
    Reply {
        session: Some(ask),
        ..reply(200)
    }
}

impl Bench {
    /// A call from the peer with those lines, answered so and acknowledged; our tag and the 200.
    fn timed_in(&mut self, extra: &str, ask: SessionAsk) -> (Key, String, Message) {
        self.receive(request("INVITE", "i1", "", 1, extra));
        let Some(Event::Call { dialog, tx }) = self.events.pop() else {
            panic!("no call")
        };
        self.ua.respond(self.now, tx, &accepting(ask)).unwrap();
        self.drain();
        let ok = self.take_sent().remove(0);
        let tag = String::from_utf8_lossy(ok.to_tag().unwrap()).into_owned();
        self.receive(request("ACK", "a1", &tag, 1, ""));
        self.seen();
        (dialog, tag, ok)
    }

    /// A call to the peer, whose 200 has those lines; the INVITE.
    fn timed_out(&mut self, ask: SessionAsk, extra: &str) -> (Key, Message) {
        let draft = Draft {
            session: Some(ask),
            ..draft("offer")
        };
        let dialog = self.ua.invite(self.now, 500, 9, &draft).unwrap();
        self.drain();
        let invite = self.take_sent().remove(0);
        self.receive(response(&invite, 200, "bo", extra));
        assert_eq!(self.lines(), ["ACK"]);
        self.seen();
        (dialog, invite)
    }
}

/// Lines of the caller, and what the 200 says: interval, refresher, whether it requires the timer (RFC 4028 table 2).
#[test]
fn the_answer_to_a_caller_follows_table_2() {
    let cases = [
        ("", Refresher::Any, "600;refresher=uas", false),
        (
            "Session-Expires: 300\r\n",
            Refresher::Remote,
            "300;refresher=uas",
            false,
        ),
        (
            "Supported: timer\r\n",
            Refresher::Any,
            "600;refresher=uac",
            true,
        ),
        (
            "Supported: timer\r\n",
            Refresher::Local,
            "600;refresher=uas",
            false,
        ),
        (
            "k: timer\r\nx: 300;refresher=uac\r\n",
            Refresher::Local,
            "300;refresher=uac",
            true,
        ),
        (
            "Supported: timer\r\nSession-Expires: 900;refresher=uas\r\n",
            Refresher::Remote,
            "600;refresher=uas",
            false,
        ),
        (
            "Supported: timer\r\nSession-Expires: 1800\r\nMin-SE: 1200\r\n",
            Refresher::Any,
            "1200;refresher=uac",
            true,
        ),
    ];
    for (lines, refresher, want, required) in cases {
        let mut bench = Bench::new();
        let (_, _, ok) = bench.timed_in(lines, SessionAsk { refresher, ..ASK });
        assert_eq!(text(&ok, "Session-Expires"), want, "{lines}");
        assert_eq!(ok.lists(HeaderId::Require, b"timer"), required, "{lines}");
    }
}

#[test]
fn a_caller_that_requires_a_timer_gets_one() {
    let mut bench = Bench::new();
    let lines = "Require: timer\r\nSession-Expires: 120;refresher=uac\r\n";
    bench.receive(request("INVITE", "i1", "", 1, lines));
    let Some(Event::Call { tx, .. }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    let ok = bench.take_sent().remove(0);
    assert_eq!(text(&ok, "Session-Expires"), "120;refresher=uac");
}

#[test]
fn an_interval_below_the_least_is_refused() {
    let mut bench = Bench::new();
    let short = "Supported: timer\r\nSession-Expires: 60\r\n";
    bench.receive(request("INVITE", "i1", "", 1, short));
    let refusal = bench.take_sent().remove(0);
    assert_eq!(line(&refusal), "422 INVITE");
    assert_eq!(text(&refusal, "Min-SE"), "90");
    // One who does not know the extension cannot make sense of 422 (RFC 4028 9).
    bench.receive(request("INVITE", "i2", "", 2, "Session-Expires: 60\r\n"));
    assert_eq!(bench.seen(), ["call"]);
}

#[test]
fn what_the_peer_is_to_refresh_ends_when_it_does_not() {
    let mut bench = Bench::new();
    let (dialog, tag, _) = bench.timed_in("Supported: timer\r\n", ASK);
    bench.until(500 * S);
    // A refresh, which no service takes.
    bench.receive(request("UPDATE", "u1", &tag, 2, "Supported: timer\r\n"));
    let Some(Event::InDialog { tx: Some(tx), .. }) = bench.events.pop() else {
        panic!("no UPDATE")
    };
    bench.ua.respond_unserved(bench.now, tx).unwrap();
    bench.drain();
    let ok = bench.take_sent().remove(0);
    assert_eq!(text(&ok, "Session-Expires"), "600;refresher=uac");
    bench.seen();
    // 32 seconds before its end (RFC 4028 10).
    bench.until((500 + 568) * S - 1);
    assert!(bench.lines().is_empty() && bench.ua.dialog(dialog).is_some());
    bench.until((500 + 568) * S);
    assert_eq!(bench.seen(), ["expired", "save"]);
    assert_eq!(bench.lines(), ["BYE"]);
}

#[test]
fn a_call_whose_session_expires_may_be_left_to_the_service() {
    let mut bench = Bench::new();
    bench.ua.reconfigure(UaConfig {
        session: Sessions {
            end_expired: false,
            ..Sessions::default()
        },
        ..config()
    });
    bench.timed_in("Supported: timer\r\n", ASK);
    bench.until(10_000 * S);
    assert_eq!(bench.seen(), ["expired", "save"]);
    assert_eq!(bench.lines(), Vec::<String>::new());
}

#[test]
fn ours_are_refreshed_by_update_where_the_peer_takes_it() {
    let mut bench = Bench::new();
    let lines = "Allow: INVITE, UPDATE\r\nSession-Expires: 600;refresher=uac\r\n";
    let (_, invite) = bench.timed_out(ASK, lines);
    assert_eq!(text(&invite, "Session-Expires"), "600");
    assert_eq!(text(&invite, "Supported"), "timer");
    bench.until(300 * S - 1);
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.until(300 * S);
    let update = bench.take_sent().remove(0);
    assert_eq!(line(&update), "UPDATE");
    assert_eq!(text(&update, "Session-Expires"), "600;refresher=uac");
    assert!(update.body().is_empty());
    let again = "Session-Expires: 600;refresher=uac\r\n";
    bench.receive(response(&update, 200, "", again));
    assert!(
        !bench.seen().contains(&"200".to_owned()),
        "nobody asked for it"
    );
    // From the refresh on, half of the interval again.
    bench.until(599 * S);
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.until(600 * S);
    assert_eq!(bench.lines(), ["UPDATE"]);
}

#[test]
fn ours_are_refreshed_by_invite_with_the_same_description_otherwise() {
    let mut bench = Bench::new();
    let (_, invite) = bench.timed_out(ASK, "Session-Expires: 600;refresher=uac\r\n");
    bench.until(300 * S);
    let refresh = bench.take_sent().remove(0);
    assert_eq!(line(&refresh), "INVITE");
    assert_eq!(refresh.body(), invite.body());
    bench.receive(response(&refresh, 491, "", ""));
    assert_eq!(bench.lines(), ["ACK"]);
    // Again, 2.1 to 4 seconds later.
    bench.until(302 * S);
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.until(304 * S);
    let refresh = bench.take_sent().remove(0);
    bench.receive(response(
        &refresh,
        200,
        "",
        "Session-Expires: 600;refresher=uac\r\n",
    ));
    assert_eq!(bench.lines(), ["ACK"]);
    assert!(bench.seen().iter().all(|event| event == "save"));
}

#[test]
fn a_refresh_without_an_answer_ends_the_call() {
    let mut bench = Bench::new();
    let lines = "Allow: UPDATE\r\nSession-Expires: 600;refresher=uac\r\n";
    bench.timed_out(ASK, lines);
    bench.until(332 * S);
    assert_eq!(bench.lines().last().unwrap(), "BYE");
}

#[test]
fn a_service_that_refreshes_itself_is_told_to() {
    let mut bench = Bench::new();
    let ask = SessionAsk {
        keeper: Keeper::Service,
        ..ASK
    };
    let (dialog, _) = bench.timed_out(ask, "Session-Expires: 600;refresher=uac\r\n");
    bench.until(300 * S);
    assert_eq!(bench.seen(), ["refresh"]);
    bench
        .ua
        .request_within(bench.now, dialog, &within("UPDATE", ""))
        .unwrap();
    bench.drain();
    let update = bench.take_sent().remove(0);
    assert_eq!(text(&update, "Session-Expires"), "600;refresher=uac");
    bench.receive(response(
        &update,
        200,
        "",
        "Session-Expires: 600;refresher=uac\r\n",
    ));
    bench.seen();
    bench.until(599 * S);
    assert_eq!(bench.seen(), Vec::<String>::new());
    bench.until(600 * S);
    assert_eq!(bench.seen(), ["refresh"]);
    bench.until(900 * S);
    assert_eq!(bench.seen(), ["expired", "save"]);
}

#[test]
fn a_peer_that_answers_without_a_timer_has_none() {
    let mut bench = Bench::new();
    bench.timed_out(ASK, "");
    bench.until(10_000 * S);
    assert_eq!(bench.lines(), Vec::<String>::new());
    assert_eq!(bench.seen(), Vec::<String>::new());
}

#[test]
fn after_422_the_call_is_made_again_with_the_interval_asked_for() {
    let mut bench = Bench::new();
    let asking = Draft {
        session: Some(ASK),
        ..draft("offer")
    };
    bench.ua.invite(bench.now, 500, 9, &asking).unwrap();
    bench.drain();
    let first = bench.take_sent().remove(0);
    bench.receive(response(&first, 180, "early", ""));
    bench.receive(response(&first, 422, "early", "Min-SE: 1200\r\n"));
    let sent = bench.take_sent();
    assert_eq!(sent.iter().map(line).collect::<Vec<_>>(), ["ACK", "INVITE"]);
    let second = &sent[1];
    assert_eq!(text(second, "Session-Expires"), "1200");
    assert_eq!(text(second, "Min-SE"), "1200");
    assert_eq!(text(second, "CSeq"), "2 INVITE");
    assert_eq!(
        (second.call_id(), second.from_tag()),
        (first.call_id(), first.from_tag())
    );
    assert_eq!(second.to_tag(), None);
    assert_eq!(bench.seen(), ["180"], "not the 422");
    // One that asks for no more than what was tried is the end of it.
    bench.receive(response(second, 422, "x", "Min-SE: 1200\r\n"));
    assert_eq!(bench.seen(), ["422", "ended"]);
}

#[test]
fn what_passes_between_the_legs_is_watched() {
    let mut bench = Bench::new();
    let ask = SessionAsk {
        keeper: Keeper::Watch,
        ..ASK
    };
    bench.receive(request(
        "INVITE",
        "i1",
        "",
        1,
        "Supported: timer\r\nSession-Expires: 300\r\n",
    ));
    let Some(Event::Call { tx, .. }) = bench.events.pop() else {
        panic!("no call")
    };
    let (_, invite) = bench.timed_out(ask, "Session-Expires: 300;refresher=uac\r\n");
    assert!(
        !has(&invite, HeaderId::SessionExpires),
        "the service's to pass on"
    );
    let relayed = Reply {
        lines: Bytes::from_static(b"Require: timer\r\nSession-Expires: 300;refresher=uac\r\n"),
        ..accepting(ask)
    };
    bench.ua.respond(bench.now, tx, &relayed).unwrap();
    bench.drain();
    let ok = bench.take_sent().remove(0);
    assert_eq!(text(&ok, "Session-Expires"), "300;refresher=uac");
    let tag = String::from_utf8_lossy(ok.to_tag().unwrap()).into_owned();
    bench.receive(request("ACK", "a1", &tag, 1, ""));
    bench.seen();
    bench.until(299 * S);
    assert_eq!(bench.seen(), Vec::<String>::new());
    bench.until(300 * S);
    assert_eq!(bench.seen(), ["expired", "save", "expired", "save"]);
    assert_eq!(bench.lines(), ["BYE", "BYE"]);
}

#[test]
fn a_session_goes_on_in_the_next_process() {
    let mut bench = Bench::new();
    let lines = "Allow: UPDATE\r\nSession-Expires: 600;refresher=uac\r\n";
    let (dialog, _) = bench.timed_out(ASK, lines);
    bench.until(100 * S);
    let ahead = 1_700_000_000_000;
    let (record, session) = (
        bench.ua.record(dialog).unwrap(),
        bench.ua.session_record(dialog, ahead).unwrap(),
    );
    // The next process counts its milliseconds from another start, 50 seconds later.
    let mut next = Bench::seeded(99);
    let key = next.ua.restore(700, &record).unwrap().unwrap();
    next.ua.restore_session(key, &session, ahead + 150 * S);
    next.ua.restored(next.now);
    next.drain();
    next.until(150 * S - 1);
    assert_eq!(next.lines(), Vec::<String>::new());
    next.until(150 * S);
    assert_eq!(next.lines(), ["UPDATE"]);
}

/// RFC 4028 7.4: a service's own re-INVITE and UPDATE are made again, too, and the service hears of the end only.
#[test]
fn after_422_within_a_call_the_request_is_made_again_with_the_interval_asked_for() {
    for method in ["INVITE", "UPDATE"] {
        let mut bench = Bench::new();
        let (dialog, _) = bench.timed_out(ASK, "Session-Expires: 600;refresher=uac\r\n");
        let own = Draft {
            method: Bytes::copy_from_slice(method.as_bytes()),
            ..draft("offer")
        };
        bench.ua.request_within(bench.now, dialog, &own).unwrap();
        bench.drain();
        let first = bench.take_sent().remove(0);
        assert_eq!(text(&first, "Session-Expires"), "600;refresher=uac");
        let tag = "bo";
        bench.receive(response(&first, 422, tag, "Min-SE: 1200\r\n"));
        let second = bench.take_sent().pop().unwrap();
        assert_eq!(line(&second), method);
        assert_eq!(text(&second, "Session-Expires"), "1200;refresher=uac");
        assert_eq!(text(&second, "Min-SE"), "1200");
        assert_eq!(second.body(), first.body());
        assert_eq!(
            second.cseq().unwrap().number,
            first.cseq().unwrap().number + 1
        );
        let ok = "Session-Expires: 1200;refresher=uac\r\nContact: <sip:bob@b.example>\r\n";
        bench.receive(response(&second, 200, tag, ok));
        let seen = bench.seen();
        assert!(
            seen.contains(&"200".to_owned()) && !seen.contains(&"422".to_owned()),
            "{seen:?}"
        );
    }
}
