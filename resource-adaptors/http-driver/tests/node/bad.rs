//! What is no good request, row by row, each on a connection of its own; and that good ones are served in between.

use crate::bench::{Bench, Raw, address, counter};

const SETTINGS: &str = r#"
[adaptors.http.settings.limits]
body_bytes = 1000
head_bytes = 8192
head_fields = 20
"#;

/// What is sent, and the status that it is answered with; 0 for a connection that is closed without a word.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn rows() -> Vec<(&'static str, Vec<u8>, u16)> {
    let row = |name, text: &str, status| (name, text.as_bytes().to_vec(), status);
    let get = |more: &str| format!("GET /echo HTTP/1.1\r\nHost: a\r\n{more}\r\n");
    let post = |more: &str| format!("POST /echo HTTP/1.1\r\nHost: a\r\n{more}");
    let many: String = (0..30).map(|n| format!("X-{n}: 1\r\n")).collect();
    let long = "x".repeat(9_000);
    let longest = "x".repeat(70_000);
    vec![
        row("no HTTP", "hello there, is this SIP?\r\n\r\n", 400),
        (
            "noise",
            vec![0x16, 0x03, 0x01, 0x00, 0xff, b'\r', b'\n', b'\r', b'\n'],
            400,
        ),
        row("no version", "GET /echo\r\nHost: a\r\n\r\n", 400),
        row(
            "a version of the future",
            "GET /echo HTTP/3.0\r\nHost: a\r\n\r\n",
            400,
        ),
        row(
            "HTTP/2 without asking",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            0,
        ),
        row("no host", "GET /echo HTTP/1.1\r\n\r\n", 400),
        row("two hosts", &get("Host: b\r\n"), 400),
        row(
            "no host at all",
            "GET /echo HTTP/1.1\r\nHost: a/b@c\r\n\r\n",
            400,
        ),
        row("a field without a colon", &get("nonsense\r\n"), 400),
        row("a space before the colon", &get("X : 1\r\n"), 400),
        row("a folded field", &get("X: 1\r\n 2\r\n"), 400),
        row("a zero in a field", &get("X: a\0b\r\n"), 400),
        row("too many fields", &get(&many), 431),
        row("a long field", &get(&format!("X: {long}\r\n")), 431),
        row(
            "a long line",
            &format!("GET /{longest} HTTP/1.1\r\nHost: a\r\n\r\n"),
            431,
        ),
        row("a tunnel", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        row("an echo of all", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        row(
            "another expectation",
            &post("Expect: wonders\r\nContent-Length: 1\r\n\r\nx"),
            417,
        ),
        row(
            "a length that is none",
            &post("Content-Length: many\r\n\r\n"),
            400,
        ),
        row(
            "a negative length",
            &post("Content-Length: -1\r\n\r\n"),
            400,
        ),
        row(
            "two lengths",
            &post("Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
            400,
        ),
        row(
            "a length and chunks",
            &post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            200, // the chunks count, and the connection ends (RFC 9112 6.3)
        ),
        row(
            "content that is too long",
            &post("Content-Length: 1001\r\n\r\n"),
            413,
        ),
        row(
            "chunks that are too long",
            &post(&format!(
                "Transfer-Encoding: chunked\r\n\r\n500\r\n{}\r\n0\r\n\r\n",
                "x".repeat(0x500)
            )),
            413,
        ),
        row(
            "a chunk that is none",
            &post("Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n"),
            400,
        ),
        row(
            "a coding that is unknown",
            &post("Transfer-Encoding: gzip\r\n\r\n"),
            400,
        ),
        row(
            "chunks in HTTP/1.0",
            "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
    ]
}

#[test]
fn bad_requests_are_told_what_is_wrong_and_good_ones_are_served_in_between() {
    let bench = Bench::new(SETTINGS);
    let node = bench.start();
    let at = address(&node, "http");
    let mut wrong = Vec::new();
    let mut good = Raw::to(at);
    for (name, bytes, status) in rows() {
        let mut raw = Raw::to(at);
        raw.send(&bytes);
        let came = raw.answer().map_or(0, |answer| answer.status);
        let ends = raw.ends();
        if came != status || !ends {
            wrong.push(format!("{name}: {came}, ends {ends}; wanted {status}"));
        }
        let served = good.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!((served.status, served.text().as_str()), (200, "hi"));
    }
    assert_eq!(wrong, Vec::<String>::new());
    // Those that were good, and the one bad one that RFC 9112 has a server read.
    assert_eq!(counter(&node, "http.requests"), rows().len() as u64 + 1);
    assert_eq!(node.status().unwrap().counts.activities, 0);
}

#[test]
fn content_is_asked_for_when_it_may_come() {
    let bench = Bench::new(SETTINGS);
    let node = bench.start();
    let at = address(&node, "http");
    let mut raw = Raw::to(at);
    raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(raw.answer().unwrap().status, 100);
    raw.send("hi");
    assert_eq!(raw.answer().unwrap().text(), "hi");
    let mut raw = Raw::to(at);
    raw.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n",
    );
    let refused = raw.answer().unwrap();
    assert_eq!(refused.status, 413);
    assert!(refused.closes());
}
