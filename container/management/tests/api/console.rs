//! The console as a browser asks for it, without one: pages, who may see and change what, and what is sent live.

use crate::client::{Answer, Served, until};
use crate::tokens::token;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

const PAGES: [&str; 9] = [
    "/console",
    "/console/services",
    "/console/services/parrot",
    "/console/adaptors",
    "/console/calls",
    "/console/activities",
    "/console/alarms",
    "/console/quarantine",
    "/console/configuration",
];

/// A browser that is on the node's own machine, and what its cookies are.
fn browse(served: &Served, cookie: &str, path: &str) -> Answer {
    served.raw(&format!(
        "GET {path} HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n"
    ))
}

/// A form that a page of `site` sends.
fn send(served: &Served, cookie: &str, site: &str, path: &str, body: &str) -> Answer {
    let length = body.len();
    served.raw(&format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\nCookie: {cookie}\r\nSec-Fetch-Site: {site}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}

/// Signs in; the cookie.
#[track_caller]
fn sign_in(served: &Served, token: &str) -> String {
    let body = format!("token={token}&next=%2Fconsole%2Fservices");
    let answer = send(served, "", "same-origin", "/console/sign-in", &body);
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(
        answer.head.contains("location: /console/services"),
        "{answer:?}"
    );
    let cookie = answer
        .head
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .unwrap();
    for attribute in ["path=/console;", "httponly", "samesite=strict"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

fn location(answer: &Answer) -> &str {
    answer
        .head
        .lines()
        .find_map(|line| line.strip_prefix("location: "))
        .unwrap_or_default()
}

#[test]
fn pages_are_whole_and_load_nothing_from_elsewhere() {
    let served = Served::new("");
    let start = browse(&served, "", "/");
    assert_eq!((start.status, location(&start)), (303, "/console"));
    for path in PAGES {
        let answer = browse(&served, "", path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer.head.contains("default-src 'none'") && answer.head.contains("text/html"),
            "{path}"
        );
        let text = &answer.text;
        assert!(
            text.ends_with("</html>") && text.contains("Read only, without a token"),
            "{path}"
        );
        assert!(
            !text.contains(" style=") && !text.contains("<style") && !text.contains(" onclick"),
            "{path}"
        );
        let text = text.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "{path}"
        );
        for asset in text.split("/console/assets/").skip(1) {
            let asset = asset.split('"').next().unwrap();
            let answer = browse(&served, "", &format!("/console/assets/{asset}"));
            assert_eq!(answer.status, 200, "{asset}");
            assert!(answer.head.contains("immutable"), "{asset}");
        }
    }
    let unknown = browse(&served, "", "/console/services/%3Cscript%3E");
    assert_eq!(unknown.status, 404);
    assert!(unknown.text.contains("&lt;script&gt;") && unknown.text.contains("MGT-005"));
    assert_eq!(browse(&served, "", "/console/nothing").status, 404);
    assert_eq!(browse(&served, "", "/console/calls?fnd=x").status, 400);
}

const DEACTIVATE: &str = "/console/services/parrot/deactivate";

fn with_ann_and_bob() -> Served {
    Served::new(&(token("ann", "read", "of-ann") + &token("bob", "operate", "of-bob")))
}

#[test]
fn changes_need_a_token_that_may_and_a_page_of_the_console() {
    let served = with_ann_and_bob();

    // Without a token one is led to the door, with a wrong one told.
    let asked = send(&served, "", "same-origin", DEACTIVATE, "");
    assert_eq!(
        (asked.status, location(&asked)),
        (303, "/console/sign-in?next=%2fconsole")
    );
    let wrong = send(
        &served,
        "",
        "same-origin",
        "/console/sign-in",
        "token=of-eve",
    );
    assert_eq!(wrong.status, 401);
    assert!(wrong.text.contains("MGT-001"), "{}", wrong.text);

    let (ann, bob) = (sign_in(&served, "of-ann"), sign_in(&served, "of-bob"));
    let refused = send(&served, &ann, "same-origin", DEACTIVATE, "");
    assert_eq!(refused.status, 403);
    assert!(
        refused.text.contains("MGT-002") && refused.text.contains("Sign in with another token")
    );
    for site in ["cross-site", "same-site", "none"] {
        let foreign = send(&served, &bob, site, DEACTIVATE, "");
        assert_eq!(foreign.status, 403, "{site}");
        assert!(foreign.text.contains("MGT-009"), "{site}");
    }
    // What the browser keeps is worth nothing to the API.
    let api = send(
        &served,
        &bob,
        "same-origin",
        "/v1/services/parrot/deactivate",
        "",
    );
    assert_eq!(api.problem(), (401, "MGT-001"));
    assert_eq!(
        send(&served, &bob, "same-origin", "/console/stop", "").status,
        403
    );
    assert_eq!(served.node.status().unwrap().services[0].state, "active");
}

#[test]
fn what_is_changed_is_asked_once_more_and_written_down() {
    let served = with_ann_and_bob();
    let (ann, bob) = (sign_in(&served, "of-ann"), sign_in(&served, "of-bob"));
    let refused = send(&served, &ann, "same-origin", DEACTIVATE, "");
    assert_eq!(refused.status, 403);
    let question = browse(&served, &bob, DEACTIVATE);
    assert!(
        question.text.contains("<form") && question.text.contains("service_stop_time"),
        "{}",
        question.text
    );
    let done = send(&served, &bob, "same-origin", DEACTIVATE, "");
    assert_eq!(
        (done.status, location(&done)),
        (303, "/console/services/parrot")
    );
    until(|| served.node.status().unwrap().services[0].state == "inactive");
    let again = send(&served, &bob, "same-origin", DEACTIVATE, "");
    assert_eq!(again.status, 409);
    assert!(
        browse(&served, &bob, "/console/services")
            .text
            .contains("/activate")
    );

    let audit = std::fs::read_to_string(served.data("audit.log")).unwrap();
    let lines: Vec<&str> = audit
        .lines()
        .filter(|line| line.contains(DEACTIVATE))
        .collect();
    assert_eq!(lines.len(), 3, "{audit}");
    assert!(
        lines[0].contains("\"ann\"") && lines[0].contains("403"),
        "{audit}"
    );
    assert!(
        lines[1].contains("\"bob\"") && lines[1].contains("303"),
        "{audit}"
    );
    assert!(
        !audit.contains("of-bob") && !audit.contains("sign-in"),
        "{audit}"
    );
}

#[test]
fn a_token_that_no_longer_counts_is_forgotten() {
    let bob = token("bob", "operate", "of-bob");
    let served = Served::new(&(token("ann", "read", "of-ann") + &bob));
    let ann = sign_in(&served, "of-ann");
    assert!(browse(&served, &ann, "/console").text.contains("Sign out"));
    served.rewrite(&bob);
    let reloaded = served.ask("of-bob", "POST", "/v1/configuration/reload", "");
    assert_eq!(reloaded.status, 200, "{reloaded:?}");
    let led = browse(&served, &ann, "/console/calls");
    assert_eq!(
        (led.status, location(&led)),
        (303, "/console/sign-in?next=%2fconsole%2fcalls")
    );
    assert!(led.head.contains("max-age=0"), "{}", led.head);
    let out = send(&served, &ann, "same-origin", "/console/sign-out", "");
    assert!(
        out.status == 303 && out.head.contains("max-age=0"),
        "{out:?}"
    );
}

#[test]
fn whoever_may_not_look_sees_the_door_alone() {
    let served = Served::new("[management]\nlocal_read = false\n");
    for path in PAGES {
        let led = browse(&served, "", path);
        assert!(
            led.status == 303 && location(&led).starts_with("/console/sign-in?next="),
            "{path}"
        );
    }
    let door = browse(
        &served,
        "",
        "/console/sign-in?next=https%3A%2F%2Fevil.example",
    );
    assert_eq!(door.status, 200);
    let form = door
        .text
        .split("action=\"/console/sign-in\"")
        .nth(1)
        .unwrap();
    assert!(
        form.contains("name=\"next\" value=\"/console\"") && !form.contains("evil"),
        "{form}"
    );
    let own = sign_in(&served, &served.own());
    assert_eq!(browse(&served, &own, "/console").status, 200);
}

#[test]
fn colours_are_remembered() {
    let served = Served::new("");
    let body = "theme=dark&next=%2Fconsole%2Falarms";
    let chosen = send(&served, "", "same-origin", "/console/theme", body);
    assert_eq!((chosen.status, location(&chosen)), (303, "/console/alarms"));
    assert!(
        chosen.head.contains("strowger-theme=dark"),
        "{}",
        chosen.head
    );
    let page = browse(&served, "strowger-theme=dark", "/console");
    assert!(page.text.contains("data-theme=\"dark\""));
}

#[test]
fn what_has_changed_is_sent_live_to_a_place_on_its_page() {
    let served = Served::new("");
    let say = served.udp();
    let ids = |data: &str| -> Vec<String> {
        let ids = data.split("<div id=\"live-").skip(1);
        ids.map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect()
    };
    for path in PAGES {
        let page = browse(&served, "", path).text;
        let source = page.split("sse-connect=\"").nth(1).unwrap();
        let source = source.split('"').next().unwrap();
        let mut stream = TcpStream::connect(served.at("api")).unwrap();
        stream
            .set_read_timeout(Some(crate::client::PATIENCE))
            .unwrap();
        let request = format!(
            "GET {source} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        say("polly hello");
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        let mut events = lines.filter(|line| line.starts_with("data: "));
        // All parts come first, then those that have changed: the time of day at any rate, alarms not.
        for part in ids(&events.next().unwrap()) {
            let place = format!("id=\"live-{part}\"");
            assert_eq!(page.matches(&place).count(), 1, "{path}: {part}");
        }
        let changed = ids(&events.next().unwrap());
        assert!(
            changed.iter().any(|part| part == "time"),
            "{path}: {changed:?}"
        );
        assert!(
            !changed.iter().any(|part| part == "alarm-count"),
            "{path}: {changed:?}"
        );
    }
    assert_eq!(browse(&served, "", "/console/live/nothing").status, 404);
}

#[test]
fn what_is_alive_is_listed_and_ended() {
    let served = Served::new("");
    served.udp()("<i>polly</i> hello");
    let list = browse(&served, "", "/console/activities?adaptor=toy");
    let id = list.text.split("/console/activities/").find_map(|rest| {
        let id = rest.split('"').next()?;
        id.starts_with(|c: char| c.is_ascii_lowercase())
            .then(|| id.to_owned())
    });
    let path = format!("/console/activities/{}", id.unwrap());
    let shown = browse(&served, "", &path);
    assert!(
        shown.status == 200 && shown.text.contains("/console/entities/"),
        "{}",
        shown.text
    );
    let entity = shown.text.split("/console/entities/").nth(1).unwrap();
    let entity = entity.split('"').next().unwrap();
    assert_eq!(
        browse(&served, "", &format!("/console/entities/{entity}")).status,
        200
    );
    assert_eq!(
        browse(&served, "", &format!("/console/entities/{entity}/children")).status,
        200
    );
    assert!(
        browse(&served, "", "/console/services/parrot")
            .text
            .contains(entity)
    );
    assert_eq!(
        browse(&served, "", "/console/activities?min_age=86400").status,
        200
    );
    let own = sign_in(&served, &served.own());
    assert!(
        browse(&served, &own, &format!("{path}/end"))
            .text
            .contains("<form")
    );
    let ended = send(&served, &own, "same-origin", &format!("{path}/end"), "");
    assert_eq!(
        (ended.status, location(&ended)),
        (303, "/console/activities")
    );
    until(|| browse(&served, "", &path).status == 404);
}

#[test]
fn a_reload_is_looked_at_before_it_is_done() {
    let served = Served::new("");
    let own = sign_in(&served, &served.own());
    let reload = |body: &str| {
        send(
            &served,
            &own,
            "same-origin",
            "/console/configuration/reload",
            body,
        )
    };
    assert!(reload("check=true").text.contains("Nothing has changed"));
    served.rewrite("[adaptors.toy.settings]\nmotto = \"two\"\n");
    let asked = reload("check=true");
    assert!(
        asked.text.contains("adaptors.toy.settings.motto")
            && asked.text.contains("Put it into effect"),
        "{}",
        asked.text
    );
    assert!(
        !browse(&served, "", "/console/configuration?find=motto")
            .text
            .contains(">two<")
    );
    assert_eq!(reload("").status, 200);
    assert!(
        browse(&served, "", "/console/configuration?set=true")
            .text
            .contains(">two<")
    );
    served.rewrite("[adaptors.toy.settings]\nmoto = \"three\"\n");
    let wrong = reload("");
    assert!(
        wrong.status == 422 && wrong.text.contains("moto"),
        "{}",
        wrong.text
    );
}
