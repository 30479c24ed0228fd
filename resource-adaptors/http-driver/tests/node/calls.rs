//! Calls of ours, to servers of plain bytes.

use crate::bench::{Bench, PATIENCE, Raw, address};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a server does with the connections that it is given, one after the other.
fn server(serve: impl FnMut(TcpStream) + Send + 'static) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let mut serve = serve;
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            serve(stream);
        }
    });
    (url, thread)
}

/// A request with its content; empty at the end of the connection.
fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse().unwrap())
            });
            if body.len() >= length.unwrap_or(0_usize) {
                return text;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return String::new(),
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}

/// What a call to that URL comes to.
fn outcome(raw: &mut Raw, path: &str, url: &str) -> String {
    let url = url.replace('?', "%3F").replace('=', "%3D");
    raw.ask(&format!(
        "POST {path}?url={url} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
    ))
    .text()
}

#[test]
fn a_call_has_its_answer_and_its_connection_is_used_again() {
    let bench = Bench::new("");
    let node = bench.start();
    let mut raw = Raw::to(address(&node, "http"));
    let mut connections = 0;
    let (url, _server) = server(move |mut stream| {
        connections += 1;
        let mut served = 0;
        loop {
            let request = request(&mut stream);
            if request.is_empty() {
                break;
            }
            served += 1;
            assert!(
                request.starts_with("POST /hook?x=1 HTTP/1.1\r\n"),
                "{request}"
            );
            let lower = request.to_ascii_lowercase();
            assert!(lower.contains("host: 127.0.0.1:"), "{request}");
            assert!(request.ends_with("\r\n\r\nbody"), "{request}");
            let body = format!("{connections}.{served}");
            let length = body.len();
            let answer = format!("HTTP/1.1 201 Created\r\nContent-Length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).unwrap();
            if served == 3 {
                // Closed between two calls, as servers do.
                stream.shutdown(Shutdown::Both).unwrap();
                break;
            }
        }
    });
    let outcomes: Vec<String> = (0..5).map(|_| outcome(&mut raw, "/call", &url)).collect();
    assert_eq!(
        outcomes,
        ["201 1.1", "201 1.2", "201 1.3", "201 2.1", "201 2.2"]
    );
}

#[test]
fn what_goes_wrong_is_told_apart() {
    let bench = Bench::new(
        "[adaptors.http.settings.client]\nresponse_bytes = 100\nconnect_timeout = \"1s\"\n",
    );
    let node = bench.start();
    let mut raw = Raw::to(address(&node, "http"));
    let long = "x".repeat(101);
    let answers = [
        ("", "Closed Maybe"),
        ("HTTP/1.1 200 OK\r\nContent-Le", "Closed Maybe"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
            "Closed Maybe",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "Protocol Maybe"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
            "TooLarge Maybe",
        ),
        (&*format!("HTTP/1.0 200 OK\r\n\r\n{long}"), "TooLarge Maybe"),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            "302 ",
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "200 ok",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "200 ok",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", "204 "),
    ];
    for (answer, wanted) in answers {
        let answer = answer.to_owned();
        let (url, _server) = server(move |mut stream| {
            request(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
            drop(stream.shutdown(Shutdown::Both));
        });
        assert_eq!(outcome(&mut raw, "/call", &url), wanted);
    }
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    assert_eq!(outcome(&mut raw, "/call", &gone), "Refused No");
    // Of its two addresses nobody listens at one; where both refuse, it is refused.
    let port = gone.rsplit(':').next().unwrap();
    let local = format!("http://localhost:{port}");
    assert_eq!(outcome(&mut raw, "/call", &local), "Refused No");
    // TLS to who speaks none.
    let (url, _server) = server(|mut stream| {
        drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    let secure = url.replace("http://", "https://");
    assert_eq!(outcome(&mut raw, "/call", &secure), "Tls No");
}

#[test]
fn a_server_that_does_not_answer_is_given_up_and_its_connection_closed() {
    let bench = Bench::new("[adaptors.http.settings.client]\nconnections_per_host = 1\n");
    let node = bench.start();
    let (closed, closes) = std::sync::mpsc::channel();
    let (url, _server) = server(move |mut stream| {
        request(&mut stream);
        let ended = matches!(stream.read(&mut [0]), Ok(0) | Err(_));
        closed.send(ended).unwrap();
    });
    let mut first = Raw::to(address(&node, "http"));
    let escaped = url.replace('?', "%3F").replace('=', "%3D");
    let call = format!("POST /call?url={escaped} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    first.send(&call);
    let mut second = Raw::to(address(&node, "http"));
    second.send(&call); // waits for its turn, within its time
    assert_eq!(first.answer().unwrap().text(), "Timeout Maybe");
    assert!(closes.recv_timeout(PATIENCE).unwrap());
    assert_eq!(second.answer().unwrap().text(), "Timeout Maybe");
}

#[test]
fn a_call_that_is_to_be_repeated_is_sent_again_by_the_next_process() {
    let bench = Bench::new("");
    let (heard, hears) = std::sync::mpsc::channel();
    let (url, _server) = server(move |mut stream| {
        let request = request(&mut stream);
        heard.send(request.ends_with("body")).unwrap();
        // Keeps it open without an answer.
        std::mem::forget(stream);
    });
    for _ in 0..3 {
        let node = bench.start();
        if node.ready().restored_activities == 0 {
            let mut raw = Raw::to(address(&node, "http"));
            assert_eq!(outcome(&mut raw, "/hook", &url), "");
        }
        assert!(hears.recv_timeout(PATIENCE).unwrap());
        node.stop();
        node.stop();
        assert_eq!(node.wait(), strowger_node::Exit::Clean);
    }
    assert!(
        hears.recv_timeout(Duration::ZERO).is_err(),
        "once in each process"
    );
}
