//! That the command line asks everything which the management API answers, against a socket that notes what it is asked.

use super::strowger;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Output;
use std::thread::{JoinHandle, spawn};

/// Commands, and the operations that they ask, in their order.
const ASKED: &[(&str, &[&str])] = &[
    ("ready", &["get /health"]),
    ("metrics", &["get /metrics"]),
    ("status", &["get /v1/status"]),
    ("stop", &["post /v1/stop"]),
    ("reload", &["post /v1/configuration/reload"]),
    ("config --running", &["get /v1/configuration"]),
    ("certificates list", &["get /v1/certificates"]),
    ("certificates reload", &["post /v1/certificates/reload"]),
    ("tokens list", &["get /v1/tokens"]),
    ("profiles list", &["get /v1/profiles"]),
    ("profiles show users", &["get /v1/profiles/{table}"]),
    (
        "profiles show users ann",
        &["get /v1/profiles/{table}/entries/{name}"],
    ),
    (
        "profiles create users --specification user",
        &["put /v1/profiles/{table}"],
    ),
    (
        "profiles rename users members",
        &["post /v1/profiles/{table}/rename"],
    ),
    ("profiles drop users", &["delete /v1/profiles/{table}"]),
    (
        "profiles remove users ann",
        &["delete /v1/profiles/{table}/entries/{name}"],
    ),
    (
        "profiles edits list users",
        &["get /v1/profiles/{table}/edits"],
    ),
    (
        "profiles edits begin users ann",
        &["post /v1/profiles/{table}/edits"],
    ),
    (
        "profiles edits show users 7",
        &["get /v1/profiles/{table}/edits/{id}"],
    ),
    (
        "profiles edits set users 7 {}",
        &["put /v1/profiles/{table}/edits/{id}"],
    ),
    (
        "profiles edits verify users 7",
        &["post /v1/profiles/{table}/edits/{id}/verify"],
    ),
    (
        "profiles edits commit users 7",
        &["post /v1/profiles/{table}/edits/{id}/commit"],
    ),
    (
        "profiles edits restore users 7",
        &["post /v1/profiles/{table}/edits/{id}/restore"],
    ),
    (
        "profiles edits close users 7",
        &["delete /v1/profiles/{table}/edits/{id}"],
    ),
    ("services list", &["get /v1/services"]),
    ("services show uas", &["get /v1/services/{name}"]),
    (
        "services activate uas",
        &["post /v1/services/{name}/activate"],
    ),
    (
        "services deactivate uas",
        &["post /v1/services/{name}/deactivate"],
    ),
    (
        "services replace --deactivate a --activate b",
        &["post /v1/services/replace"],
    ),
    (
        "services canary b --percent 10",
        &["post /v1/services/{name}/canary"],
    ),
    (
        "services rollback b",
        &["post /v1/services/{name}/rollback"],
    ),
    ("usage list uas", &["get /v1/services/{name}/usage"]),
    (
        "usage reset uas trunk-1",
        &["post /v1/services/{name}/usage/reset"],
    ),
    (
        "usage create uas trunk-1",
        &["put /v1/services/{name}/usage/sets/{set}"],
    ),
    (
        "usage remove uas trunk-1",
        &["delete /v1/services/{name}/usage/sets/{set}"],
    ),
    ("adaptors list", &["get /v1/adaptors"]),
    ("adaptors show sip", &["get /v1/adaptors/{name}"]),
    (
        "adaptors activate sip",
        &["post /v1/adaptors/{name}/activate"],
    ),
    (
        "adaptors deactivate sip",
        &["post /v1/adaptors/{name}/deactivate"],
    ),
    ("adaptors set carrier -", &["put /v1/adaptors/{name}"]),
    ("adaptors remove carrier", &["delete /v1/adaptors/{name}"]),
    ("components list --kind sbb", &["get /v1/components"]),
    ("links list", &["get /v1/links"]),
    ("links bind trunk sip", &["put /v1/links/{name}"]),
    ("links unbind trunk", &["delete /v1/links/{name}"]),
    ("activities list", &["get /v1/activities"]),
    ("activities show a", &["get /v1/activities/{id}"]),
    ("activities end a", &["delete /v1/activities/{id}"]),
    ("entities list", &["get /v1/entities"]),
    ("entities show e", &["get /v1/entities/{id}"]),
    ("entities remove e", &["delete /v1/entities/{id}"]),
    ("timers list", &["get /v1/timers"]),
    ("alarms list", &["get /v1/alarms"]),
    (
        "alarms clear node panic",
        &["delete /v1/alarms/{source}/{name}"],
    ),
    ("log show", &["get /v1/log"]),
    ("log set strowger_sip debug", &["put /v1/log/{source}"]),
    ("log reset strowger_sip", &["delete /v1/log/{source}"]),
    ("trace", &["get /v1/ladders"]),
    ("trace 7", &["get /v1/ladders/{id}"]),
    ("bans list", &["get /v1/bans"]),
    ("bans add 192.0.2.7", &["put /v1/bans/{source}"]),
    ("bans lift 192.0.2.7", &["delete /v1/bans/{source}"]),
    ("quarantine list", &["get /v1/quarantine"]),
    ("quarantine show 1", &["get /v1/quarantine/{id}"]),
    (
        "quarantine release 1",
        &["post /v1/quarantine/{id}/release"],
    ),
    ("quarantine discard 1", &["delete /v1/quarantine/{id}"]),
    ("store backup saved", &["post /v1/backup", "get /v1/backup"]),
];

/// What no command asks, and why.
const UNASKED: &[(&str, &str)] = &[
    (
        "get /v1/profiles/{table}/entries",
        "`profiles export` does, with a node, in profiles.rs",
    ),
    (
        "post /v1/profiles/{table}/entries",
        "`profiles import` does, with a node, in profiles.rs; a node that has no time is asked again",
    ),
    (
        "put /v1/profiles/{table}/entries/{name}",
        "`profiles import` writes one profile as it does many",
    ),
    (
        "post /v1/profiles/{table}/query",
        "its conditions are JSON, which nobody types on a command line",
    ),
    (
        "get /ready",
        "/health says the same, and `ready` ends with a code",
    ),
    (
        "get /v1/live",
        "`top` asks for the status again and again, so that it finds a node that has been started anew",
    ),
    (
        "get /v1/whoami",
        "over the socket the answer is always the node's administrator",
    ),
];

/// A socket in the place of a node: one answer for each request, and what was asked.
struct Fake {
    dir: tempfile::TempDir,
    asked: JoinHandle<Vec<(String, String)>>,
}

impl Fake {
    fn answering(answers: Vec<(u16, Value)>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let socket = UnixListener::bind(dir.path().join("control.sock")).expect("a socket");
        let asked = spawn(move || {
            let answer = |(status, body): (u16, Value)| {
                let (mut stream, _) = socket.accept().expect("somebody asks");
                let request = read(&mut stream);
                let body = body.to_string();
                let answer = format!(
                    "HTTP/1.0 {status} x\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                // Who has been closed meanwhile has seen enough.
                drop(stream.write_all(answer.as_bytes()));
                request
            };
            answers.into_iter().map(answer).collect()
        });
        Self { dir, asked }
    }

    fn run(&self, args: &str) -> Output {
        run(self.dir.path(), args)
    }

    fn asked(self) -> Vec<(String, String)> {
        self.asked
            .join()
            .expect("it was asked as often as it answers")
    }
}

fn run(dir: &Path, args: &str) -> Output {
    let args = args.split(' ').chain(["--data", "."]);
    strowger(dir).args(args).output().expect("the binary runs")
}

/// Method and target of a request, and its body.
fn read(stream: &mut UnixStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).expect("a line");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if let Some(n) = line.strip_prefix("Content-Length: ") {
            length = n.trim().parse().expect("a length");
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let target = first.trim_end().trim_end_matches(" HTTP/1.0").to_owned();
    (target, String::from_utf8(body).expect("text"))
}

fn problem(status: u16) -> (u16, Value) {
    let body = json!({ "status": status, "code": "MGT-007", "detail": "no time\u{1b}[2J" });
    (status, body)
}

/// Whether a request is of an operation of the document.
fn is(request: &str, operation: &str) -> bool {
    let target = request.split('?').next().unwrap_or_default();
    let Some((method, path)) = target.split_once(' ') else {
        return false;
    };
    let Some((of, template)) = operation.split_once(' ') else {
        return false;
    };
    let (path, template) = (path.split('/'), template.split('/'));
    let same = |(part, name): (&str, &str)| part == name || name.starts_with('{');
    method.eq_ignore_ascii_case(of)
        && path.clone().count() == template.clone().count()
        && path.zip(template).all(same)
}

#[test]
fn each_operation_of_the_api_has_a_command_that_asks_it() {
    let document = serde_json::to_value(strowger_management::api::document()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let methods = |(path, item): (&String, &Value)| {
        let methods = item.as_object().into_iter().flatten();
        let names = methods.map(|(method, _)| format!("{method} {path}"));
        names.collect::<Vec<_>>()
    };
    let mut all: Vec<String> = paths.iter().flat_map(methods).collect();
    let asked = ASKED.iter().flat_map(|(_, operations)| operations.iter());
    let mut known: Vec<String> = asked
        .chain(UNASKED.iter().map(|(operation, _)| operation))
        .map(|operation| (*operation).to_owned())
        .collect();
    all.sort();
    known.sort();
    assert_eq!(all, known, "the API has it, and ASKED or UNASKED");
}

#[test]
fn commands_ask_what_the_table_says_and_say_why_it_is_not_done() {
    for (command, operations) in ASKED {
        let before = operations.len() - 1;
        let mut answers = vec![(200, json!({ "done": true })); before];
        answers.push(problem(503));
        let fake = Fake::answering(answers);
        let output = fake.run(command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{command}: {said}");
        assert_eq!(
            said, "error[MGT-007]: no time·[2J\n  = strowger explain MGT-007\n",
            "{command}"
        );
        let asked = fake.asked();
        let fits = asked.iter().zip(*operations);
        assert!(
            asked.len() == operations.len() && fits.clone().all(|(is_, of)| is(&is_.0, of)),
            "{command}: {asked:?}"
        );
    }
}

#[test]
fn what_is_not_there_and_what_is_wrong_are_told_apart_by_the_exit_code() {
    for (status, code) in [(404, 2), (400, 2), (409, 1), (422, 3), (503, 1)] {
        let fake = Fake::answering(vec![problem(status)]);
        let output = fake.run("services activate nobody");
        assert_eq!(output.status.code(), Some(code), "{status}");
    }
    let refusing = json!({ "state": "running", "refusing": ["overload", "low-space"] });
    let fake = Fake::answering(vec![(200, refusing)]);
    let output = fake.run("ready");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        said,
        "error: the node refuses: new work: overload, low-space\n"
    );
}

/// Three pages of a list of activities.
fn pages() -> Vec<(u16, Value)> {
    let page = |from: u64, to: u64, next: Option<&str>| {
        let items: Vec<Value> = (from..to)
            .map(|n| json!({ "id": format!("a{n}"), "type": "dialog 1.0 (strowger)", "age_ms": n }))
            .collect();
        (200, json!({ "items": items, "next": next }))
    };
    vec![
        page(0, 500, Some("p1")),
        page(500, 500, Some("p2")),
        page(500, 700, None),
    ]
}

#[test]
fn long_lists_are_paged_through() {
    let fake = Fake::answering(pages());
    let output = fake.run("activities list --type dialog --min-age 2h --json");
    let list: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(list.len(), 700);
    assert_eq!(list[699]["id"], "a699");
    let asked: Vec<String> = fake.asked().into_iter().map(|(asked, _)| asked).collect();
    let list = "GET /v1/activities?type=dialog&min_age=7200&limit=500";
    assert_eq!(
        asked,
        [
            list.to_owned(),
            format!("{list}&after=p1"),
            format!("{list}&after=p2"),
        ]
    );

    let fake = Fake::answering(pages());
    let output = fake.run("activities list --limit 600");
    fake.asked();
    let text = String::from_utf8(output.stdout).expect("text");
    // A node may say more than it was asked for; the header is there once.
    assert_eq!(text.lines().count(), 701, "{text}");
    assert!(text.starts_with("ACTIVITY  TYPE"), "{text}");

    let fake = Fake::answering(vec![(200, json!({ "items": [] }))]);
    assert_eq!(fake.run("timers list --json").stdout, b"[]\n");
}
