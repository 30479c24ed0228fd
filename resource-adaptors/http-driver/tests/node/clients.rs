//! Clients that others have written: curl, and Python's http.client.

use crate::bench::{Bench, address, counter};
use std::process::Command;

fn run(program: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn curl_is_served() {
    let bench = Bench::new("[adaptors.http.settings.limits]\nbody_bytes = 3000000\n");
    let node = bench.start();
    let url = |path: &str| format!("http://{}{path}", address(&node, "http"));
    let (_, said) = run(
        "curl",
        &["-s", "-d", "to=1&text=hi", &url("/echo"), &url("/what")],
    );
    assert_eq!(said, "to=1&text=hiPOST 1 ");
    assert_eq!(
        counter(&node, "http.connections_accepted"),
        1,
        "kept for the second"
    );
    // Large content: curl waits for 100 (Continue) before it sends it.
    let file = bench.dir().join("large");
    std::fs::write(&file, vec![b'x'; 2_000_000]).unwrap();
    let data = format!("@{}", file.display());
    let (good, said) = run(
        "curl",
        &[
            "-sv",
            "--data-binary",
            &data,
            "-o",
            "/dev/null",
            &url("/echo"),
        ],
    );
    assert!(good && said.contains("HTTP/1.1 100 Continue"), "{said}");
    assert!(said.contains("HTTP/1.1 200 OK"), "{said}");
    let (_, said) = run("curl", &["-sI", &url("/what")]);
    assert!(said.starts_with("HTTP/1.1 200 OK"), "{said}");
    let (_, said) = run("curl", &["-s", "-X", "PURGE", &url("/what")]);
    assert_eq!(said, "PURGE 1 ");
    let (_, said) = run(
        "curl",
        &[
            "-s",
            "-H",
            "Transfer-Encoding: chunked",
            "-d",
            "abc",
            &url("/echo"),
        ],
    );
    assert_eq!(said, "abc");
}

#[test]
fn pythons_client_is_served() {
    let bench = Bench::new("");
    let node = bench.start();
    let at = address(&node, "http");
    let script = format!(
        r#"
import http.client
c = http.client.HTTPConnection("{}", {}, timeout=20)
for n in range(3):
    c.request("POST", "/echo", body="n%d" % n, headers={{"X-A": "b"}})
    r = c.getresponse()
    assert r.status == 200 and r.read() == b"n%d" % n, r.status
c.request("POST", "/echo", body=iter([b"ab", b"cd"]), encode_chunked=True, headers={{"Transfer-Encoding": "chunked"}})
assert c.getresponse().read() == b"abcd"
c.request("HEAD", "/what")
r = c.getresponse()
assert r.status == 200 and r.read() == b""
c.request("GET", "/none")
r = c.getresponse()
assert r.status == 204 and r.read() == b""
c.request("GET", "/nowhere")
r = c.getresponse()
assert r.status == 500 and r.getheader("content-type") == "application/problem+json"
print("good")
"#,
        at.ip(),
        at.port()
    );
    let (_, said) = run("python3", &["-c", &script]);
    assert_eq!(said, "good\n");
    assert_eq!(counter(&node, "http.connections_accepted"), 1);
}
