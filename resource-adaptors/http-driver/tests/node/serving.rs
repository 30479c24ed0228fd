//! Requests that are served: connections that are kept, answers that come late or never, limits, and stopping.

use crate::bench::{Bench, Raw, address, counter, until};
use std::time::{Duration, Instant};
use strowger_node::control::{Reply, Request};
use strowger_node::{Exit, Running};

const GET: &str = "GET /what?a=%20b HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn requests_on_one_connection_are_answered_in_order() {
    let bench = Bench::new("");
    let node = bench.start();
    let mut raw = Raw::to(address(&node, "http"));
    let answer = raw.ask(GET);
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, "GET 1 a=%20b")
    );
    assert!(answer.head.to_ascii_lowercase().contains("\r\ndate: "));
    // Sent ahead: answered one after the other.
    let bodies = ["one", "", "three"];
    for body in bodies {
        let length = body.len();
        raw.send(format!(
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
    }
    for body in bodies {
        assert_eq!(raw.answer().unwrap().text(), body);
    }
    raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: t\r\n\r\n");
    assert_eq!(raw.answer().unwrap().text(), "abcde");
    raw.send("HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(raw.head().contains(" 200 "));
    assert_eq!(raw.ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n").status, 204);
    assert_eq!(
        raw.ask("GET /fails HTTP/1.1\r\nHost: a\r\n\r\n").status,
        500
    );
    let last = raw.ask("GET /what HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(last.closes() && raw.ends());
    let mut old = Raw::to(address(&node, "http"));
    assert_eq!(old.ask("GET /what HTTP/1.0\r\n\r\n").status, 200);
    assert!(old.ends());
    assert_eq!(counter(&node, "http.connections_accepted"), 2);
    until(|| counter(&node, "http.connections") == 0);
}

#[test]
fn a_request_that_nobody_answers_is_told_to_try_again() {
    let bench = Bench::new(
        "[adaptors.http.settings]\nrequest_deadline = \"200ms\"\nretry_after = \"3s\"\n",
    );
    let node = bench.start();
    let mut raw = Raw::to(address(&node, "http"));
    let answer = raw.ask("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 3"), "{}", answer.head);
    assert_eq!(raw.ask(GET).status, 200, "the connection is still good");
}

#[test]
fn a_client_that_goes_is_not_waited_for() {
    let bench = Bench::new("");
    let node = bench.start();
    let mut raw = Raw::to(address(&node, "http"));
    raw.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    until(|| node.status().unwrap().counts.activities == 1);
    drop(raw);
    until(|| node.status().unwrap().counts.activities == 0);
    assert_eq!(counter(&node, "http.clients_gone"), 1);
}

#[test]
fn connections_and_requests_in_flight_are_bounded() {
    let bench = Bench::with(
        "[adaptors.http.settings.listeners.http]\nbind = \"127.0.0.1:0\"\nconnections = 3\n\
         [adaptors.http.settings.listeners.few]\nbind = \"127.0.0.1:0\"\nconnections_per_ip = 1\n\
         [adaptors.http.settings.limits]\nrequests = 1\n",
    );
    let node = bench.start();
    let at = address(&node, "http");
    let mut held: Vec<Raw> = (0..3).map(|_| Raw::to(at)).collect();
    for raw in &mut held {
        assert_eq!(raw.ask(GET).status, 200);
    }
    let mut refused = Raw::to(at);
    assert_eq!(refused.answer().unwrap().status, 503);
    assert!(refused.ends());
    held[0].send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    until(|| node.status().unwrap().counts.activities == 1);
    let busy = held[1].ask(GET);
    assert_eq!(busy.status, 503);
    assert!(busy.head.contains("retry-after"), "{}", busy.head);
    assert_eq!(held[0].answer().unwrap().text(), "at last");
    assert_eq!(held[2].ask(GET).status, 200);
    drop(held);
    until(|| Raw::to(at).answered(GET));

    let few = address(&node, "few");
    let mut one = Raw::to(few);
    assert_eq!(one.ask(GET).status, 200);
    assert_eq!(Raw::to(few).answer().unwrap().status, 503);
    assert!(counter(&node, "http.connections_refused") >= 2);
}

#[test]
fn a_node_that_stops_answers_what_it_has() {
    let bench = Bench::new("");
    let node = bench.start();
    let at = address(&node, "http");
    let mut idle = Raw::to(at);
    assert_eq!(idle.ask(GET).status, 200);
    let mut busy = Raw::to(at);
    busy.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    until(|| node.status().unwrap().counts.activities == 1);
    node.stop();
    assert!(idle.ends(), "who waits for nothing is let go");
    let answer = busy.answer().unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "at last"));
    assert!(busy.ends());
    assert_eq!(node.wait(), Exit::Clean);
    assert!(std::net::TcpStream::connect(at).is_err());
}

#[test]
fn a_node_that_is_cut_off_ends_soon_and_tells_those_who_wait() {
    let bench = Bench::new("");
    let node = bench.start();
    let mut raw = Raw::to(address(&node, "http"));
    raw.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    until(|| node.status().unwrap().counts.activities == 1);
    let began = Instant::now();
    node.stop();
    node.stop();
    assert_eq!(node.wait(), Exit::Clean);
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(raw.answer().unwrap().status, 503);
}

#[test]
fn live_settings_are_taken_over_without_a_restart() {
    let bench = Bench::new("[adaptors.http.settings.limits]\nbody_bytes = 10\n");
    let node = bench.start();
    let at = address(&node, "http");
    let long = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n12345678901";
    assert_eq!(Raw::to(at).ask(long).status, 413);
    bench.rewrite(
        "[adaptors.http.settings.listeners.http]\nbind = \"127.0.0.1:0\"\n\
         [adaptors.http.settings.limits]\nbody_bytes = 20\n",
    );
    reload(&node);
    until(|| Raw::to(at).ask(long).status == 200);
}

fn reload(node: &Running) {
    let reply = node.ask(Request::Reload { check: false });
    assert!(matches!(reply, Some(Reply::Reloaded(_))), "{reply:?}");
}

#[test]
fn who_is_not_heard_any_more_is_not_on_a_connection_that_stands_either() {
    let listener = "[adaptors.http.settings.listeners.http]\nbind = \"127.0.0.1:0\"\n";
    let bench = Bench::with(listener);
    let node = bench.start();
    let at = address(&node, "http");
    let mut raw = Raw::to(at);
    assert_eq!(raw.ask(GET).status, 200);
    bench.rewrite(&format!("{listener}[sources]\ndeny = [\"127.0.0.1\"]\n"));
    reload(&node);
    until(|| Raw::to(at).ends());
    let before = counter(&node, "http.connections_denied");
    raw.send(GET);
    assert!(raw.answer().is_none() && raw.ends());
    assert_eq!(counter(&node, "http.connections_denied"), before + 1);
}

#[test]
fn who_guesses_is_banned_and_others_are_served() {
    const GUESS: &str = "GET /guessed HTTP/1.1\r\nHost: a\r\n\r\n";
    let listener = "[adaptors.http.settings.listeners.http]\nbind = \"127.0.0.1:0\"\n";
    let bench = Bench::with(&format!("{listener}[sources]\nban_after = 3\n"));
    let node = bench.start();
    let at = address(&node, "http");
    let (bad, good) = ([127, 0, 0, 5], [127, 0, 0, 6]);
    let mut guesser = Raw::from(bad, at);
    for _ in 0..3 {
        assert_eq!(guesser.ask(GUESS).status, 403);
    }
    assert_eq!(counter(&node, "http.credentials_wrong"), 3);
    assert_eq!(node.status().unwrap().sources.banned, 1);
    // Neither on the connection that stands nor on another one.
    guesser.send(GET);
    assert!(guesser.answer().is_none() && guesser.ends());
    let mut again = Raw::from(bad, at);
    again.send(GET);
    assert!(again.answer().is_none());
    assert_eq!(Raw::from(good, at).ask(GET).status, 200);
}

#[test]
fn a_node_that_is_short_of_space_refuses_new_requests_at_the_edge() {
    // More than any disk has: the node refuses new work from its first sync on.
    let bench = Bench::new("[store]\nlow_water = \"1000000GiB\"\n");
    let node = bench.start();
    let at = address(&node, "http");
    until(|| {
        let answer = Raw::to(at).ask(GET);
        answer.status == 503 && answer.head.contains("retry-after: 1")
    });
    let asked = counter(&node, "http.requests");
    assert_eq!(Raw::to(at).ask(GET).status, 503);
    assert_eq!(
        counter(&node, "http.requests"),
        asked,
        "the shard was not asked"
    );
}

impl Raw {
    fn answered(mut self, request: &str) -> bool {
        self.send(request);
        self.answer().is_some_and(|answer| answer.status == 200)
    }
}
