//! Clients that take their time: to send a head, to send content, to read an answer, to say anything at all.

use crate::bench::{Bench, Raw, address, counter, until};
use std::time::{Duration, Instant};

const SETTINGS: &str = r#"
[adaptors.http.settings.limits]
head_time = "400ms"
body_time = "400ms"
write_time = "400ms"
idle = "400ms"
"#;

const GET: &str = "GET /what HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn a_head_and_content_that_drip_are_ended_in_their_time() {
    let bench = Bench::new(SETTINGS);
    let node = bench.start();
    let at = address(&node, "http");
    for start in [
        "GET /what HTTP/1.1\r\nHost: a\r\nX: ",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n",
    ] {
        let mut raw = Raw::to(at);
        raw.stream
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let began = Instant::now();
        assert!(raw.send(start));
        let answer = loop {
            if let Some(answer) = raw.answer() {
                break answer;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "{start}");
            raw.send("x");
        };
        assert_eq!(answer.status, 408, "{start}");
        assert!(answer.closes());
        assert!(began.elapsed() >= Duration::from_millis(380), "{start}");
    }
    assert_eq!(counter(&node, "http.heads_too_slow"), 1);
    assert_eq!(counter(&node, "http.refused.408"), 1);
}

#[test]
fn who_says_nothing_is_let_go() {
    let bench = Bench::new(SETTINGS);
    let node = bench.start();
    let at = address(&node, "http");
    let mut fresh = Raw::to(at);
    let mut kept = Raw::to(at);
    assert_eq!(kept.ask(GET).status, 200);
    assert!(fresh.ends() && kept.ends());
    // As long as it has something to say it stays.
    let mut busy = Raw::to(at);
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(900) {
        assert_eq!(busy.ask(GET).status, 200);
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn who_does_not_read_an_answer_is_let_go() {
    let bench = Bench::new(SETTINGS);
    let node = bench.start();
    let mut raw = Raw::to(address(&node, "http"));
    raw.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    until(|| counter(&node, "http.replies") == 1);
    until(|| counter(&node, "http.connections") == 0);
    assert!(raw.answer().is_none(), "not the whole of it");
}

#[test]
fn many_who_drip_keep_nobody_out() {
    let bench = Bench::new(
        "connections = 600\nconnections_per_ip = 500\n\
         [adaptors.http.settings.limits]\nhead_time = \"8s\"\n",
    );
    let node = bench.start();
    let at = address(&node, "http");
    let mut drips: Vec<Raw> = (0..450).map(|_| Raw::to(at)).collect();
    for drip in &mut drips {
        assert!(drip.send("GET /what HTTP/1.1\r\nX"));
    }
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut good = Raw::to(at);
    while began.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        assert_eq!(good.ask(GET).status, 200);
        slowest = slowest.max(asked.elapsed());
        for drip in &mut drips {
            drip.send("x");
        }
    }
    // Whoever had to wait for a place would wait for the drips to be ended.
    assert!(slowest < Duration::from_secs(7), "{slowest:?}");
    for drip in &mut drips {
        assert_eq!(drip.answer().map(|answer| answer.status), Some(408));
    }
    until(|| counter(&node, "http.connections") == 1);
}
