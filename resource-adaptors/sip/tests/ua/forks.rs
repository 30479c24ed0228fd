//! Forked early dialogs of a caller: RFC 3261 12.1, 13.2.2.4, 15; RFC 3262 4 for each branch.

use super::*;

const REL: &str = "Require: 100rel\r\nRSeq: ";

impl Bench {
    fn calls_out(&mut self, forks: bool) -> (Key, Message) {
        let draft = Draft {
            forks,
            lines: Bytes::from_static(b"Content-Type: application/sdp\r\n"),
            ..draft("v=0\r\n")
        };
        let dialog = self.ua.invite(self.now, 500, 9, &draft).unwrap();
        self.drain();
        (dialog, self.take_sent().remove(0))
    }

    /// A response of one branch, whose Contact and Record-Route are its own.
    fn branch_says(&mut self, invite: &Message, status: u16, tag: &str, extra: &str) {
        let route = format!("Record-Route: <sip:{PEER};lr;of={tag}>\r\n{extra}");
        let text =
            response(invite, status, tag, &route).replace("sip:bob@", &format!("sip:{tag}@"));
        self.receive(text);
    }

    fn fork(&mut self) -> Key {
        let forked = self.events.iter().find_map(|event| {
            if let Event::Forked { dialog, .. } = event {
                Some(*dialog)
            } else {
                None
            }
        });
        forked.expect("a branch of its own")
    }
}

fn target(message: &Message) -> String {
    String::from_utf8_lossy(message.uri_raw().unwrap()).into_owned()
}

#[test]
fn each_branch_has_its_own_state() {
    let mut bench = Bench::new();
    let (_, invite) = bench.calls_out(true);
    bench.branch_says(&invite, 180, "a", "");
    assert_eq!(bench.seen(), ["180"]);
    bench.branch_says(&invite, 183, "b", &format!("{REL}7\r\n"));
    let fork = bench.fork();
    assert_eq!(bench.seen(), ["forked 183"]);
    bench.branch_says(&invite, 183, "a", &format!("{REL}7\r\n"));
    assert_eq!(bench.seen(), ["183"]);
    let pracks = bench.take_sent();
    let to: Vec<_> = pracks.iter().map(|p| (line(p), target(p))).collect();
    let uri = |tag: &str| ("PRACK".to_owned(), format!("sip:{tag}@{PEER}"));
    assert_eq!(to, [uri("b"), uri("a")]);
    assert_eq!(text(&pracks[0], "Route"), format!("<sip:{PEER};lr;of=b>"));
    assert_eq!(text(&pracks[0], "RAck"), "7 1 INVITE");
    // A copy of either is neither told nor acknowledged again; the next of each is.
    for tag in ["a", "b"] {
        bench.branch_says(&invite, 183, tag, &format!("{REL}7\r\n"));
        assert_eq!((bench.seen().len(), bench.lines().len()), (0, 0), "{tag}");
        bench.branch_says(&invite, 180, tag, &format!("{REL}8\r\n"));
        assert_eq!(
            (bench.seen(), bench.lines()),
            (vec!["180".into()], vec!["PRACK".into()])
        );
    }
    // Requests of the branch, both ways.
    let info = within("INFO", "");
    bench.ua.request_within(bench.now, fork, &info).unwrap();
    bench.drain();
    let sent = bench.take_sent().remove(0);
    assert_eq!(
        (target(&sent), sent.to_tag()),
        (format!("sip:b@{PEER}"), Some(&b"b"[..]))
    );
    let tag = String::from_utf8_lossy(invite.from_tag().unwrap()).into_owned();
    let theirs = request("INFO", "n1", &tag, 5, "")
        .replace("tag=al", "tag=b")
        .replace("call-1", &text(&invite, "Call-ID"));
    bench.receive(theirs);
    assert!(matches!(bench.events.pop(), Some(Event::InDialog { .. })));
}

#[test]
fn the_first_2xx_ends_the_other_branches() {
    for winner in ["a", "b", "c", "d"] {
        let mut bench = Bench::new();
        let (first, invite) = bench.calls_out(true);
        for tag in ["a", "b", "c"] {
            bench.branch_says(&invite, 180, tag, "");
        }
        assert_eq!(bench.seen(), ["180", "forked 180", "forked 180"]);
        bench.branch_says(&invite, 200, winner, "");
        let told = if winner == "d" { "forked 200" } else { "200" };
        let mut seen = bench.seen();
        assert_eq!(
            seen.iter().filter(|e| *e == "ended").count(),
            if winner == "d" { 3 } else { 2 }
        );
        seen.retain(|e| e == told);
        assert_eq!(seen, [told]);
        let ack = bench.take_sent().remove(0);
        assert_eq!(
            (line(&ack), target(&ack)),
            ("ACK".into(), format!("sip:{winner}@{PEER}"))
        );
        let alive = bench.ua.dialog_keys();
        assert_eq!((alive.len(), alive[0] == first), (1, winner == "a"));
        // A copy gets the ACK again; another branch's 2xx is acknowledged and ended.
        bench.branch_says(&invite, 200, winner, "");
        assert_eq!(bench.lines(), ["ACK"]);
        let late = if winner == "b" { "a" } else { "b" };
        bench.branch_says(&invite, 200, late, "");
        let sent = bench.take_sent();
        let to: Vec<_> = sent.iter().map(|m| (line(m), target(m))).collect();
        let uri = format!("sip:{late}@{PEER}");
        assert_eq!(to, [("ACK".into(), uri.clone()), ("BYE".into(), uri)]);
        assert_eq!(bench.seen(), Vec::<String>::new());
        bench.receive(response(&sent[1], 200, "", ""));
        // The peer of the one that is left hangs up.
        let tag = String::from_utf8_lossy(invite.from_tag().unwrap()).into_owned();
        let bye = request("BYE", "z", &tag, 5, "")
            .replace("tag=al", &format!("tag={winner}"))
            .replace("call-1", &text(&invite, "Call-ID"));
        bench.receive(bye);
        let Some(Event::InDialog { tx: Some(tx), .. }) = bench.events.pop() else {
            panic!("no BYE of {winner}");
        };
        bench.reply(tx, 200);
        bench.until(120_000);
        assert!(bench.ua.is_empty(), "{winner}: {:?}", bench.ua.len());
    }
}

#[test]
fn what_ends_the_call_ends_every_branch() {
    for how in ["failure", "cancel", "hang up", "cancel of a branch", "drop"] {
        let mut bench = Bench::new();
        let (first, invite) = bench.calls_out(true);
        for tag in ["a", "b", "c"] {
            bench.branch_says(&invite, 180, tag, "");
        }
        let fork = bench.fork();
        bench.seen();
        match how {
            "failure" => {}
            "cancel" => bench.ua.cancel(bench.now, first).unwrap(),
            "hang up" => bench.ua.hang_up(bench.now, first).unwrap(),
            "drop" => bench.ua.drop_dialog(bench.now, first),
            _ => bench.ua.cancel(bench.now, fork).unwrap(),
        }
        bench.drain();
        bench.branch_says(&invite, 487, "p", "");
        let mut seen = bench.seen();
        seen.sort();
        let told: &[&str] = if how == "failure" { &["487"] } else { &[] };
        assert_eq!(seen, [told, &["ended"; 3]].concat(), "{how}");
        bench.until(120_000);
        assert!(bench.ua.is_empty(), "{how}: {:?}", bench.ua.len());
    }
}

#[test]
fn a_2xx_after_cancel_is_ended_whichever_branch_it_is_of() {
    for winner in ["a", "b", "x"] {
        let mut bench = Bench::new();
        let (first, invite) = bench.calls_out(true);
        for tag in ["a", "b"] {
            bench.branch_says(&invite, 180, tag, "");
        }
        bench.ua.cancel(bench.now, first).unwrap();
        bench.drain();
        bench.take_sent();
        bench.branch_says(&invite, 200, winner, "");
        let sent = bench.take_sent();
        let to: Vec<_> = sent.iter().map(|m| (line(m), target(m))).collect();
        let uri = format!("sip:{winner}@{PEER}");
        assert_eq!(to, [("ACK".into(), uri.clone()), ("BYE".into(), uri)]);
    }
}

#[test]
fn one_branch_is_given_up_with_bye() {
    let mut bench = Bench::new();
    let (first, invite) = bench.calls_out(true);
    bench.branch_says(&invite, 180, "a", "");
    bench.branch_says(&invite, 180, "b", "");
    let fork = bench.fork();
    bench.seen();
    bench.ua.hang_up(bench.now, fork).unwrap();
    bench.drain();
    let bye = bench.take_sent().remove(0);
    assert_eq!(
        (line(&bye), target(&bye)),
        ("BYE".into(), format!("sip:b@{PEER}"))
    );
    // What it says meanwhile is nobody's, before the answer and after it.
    bench.branch_says(&invite, 183, "b", "");
    bench.receive(response(&bye, 200, "", ""));
    bench.branch_says(&invite, 183, "b", "");
    let mut seen = bench.seen();
    seen.retain(|event| event != "save");
    assert_eq!(seen, ["ended"]);
    // A 2xx that crosses the BYE ends the call: nothing else is to come of that INVITE.
    bench.branch_says(&invite, 200, "b", "");
    assert_eq!(bench.lines(), ["ACK", "BYE"]);
    assert!(bench.ua.dialog(first).is_none());
}

#[test]
fn branches_beyond_the_bound_share_the_first_dialog() {
    let mut bench = Bench::new();
    let (_, invite) = bench.calls_out(true);
    for tag in ["a", "b", "c", "d", "e", "f"] {
        bench.branch_says(&invite, 180, tag, "");
    }
    let seen = bench.seen();
    assert_eq!(
        seen.iter().filter(|event| *event == "forked 180").count(),
        4
    );
    assert_eq!(seen.last().unwrap(), "180");
    let counts = bench.ua.take_counts();
    assert_eq!((counts.forks, counts.forks_beyond), (4, 1));
    bench.branch_says(&invite, 200, "f", "");
    assert_eq!(line(&bench.take_sent()[0]), "ACK");
    assert_eq!(bench.ua.dialog_keys().len(), 1);
}

#[test]
fn without_asking_branches_are_told_of_on_one_dialog() {
    let mut bench = Bench::new();
    let (_, invite) = bench.calls_out(false);
    bench.branch_says(&invite, 183, "a", &format!("{REL}5\r\n"));
    bench.branch_says(&invite, 183, "b", &format!("{REL}5\r\n"));
    assert_eq!((bench.seen().len(), bench.lines().len()), (2, 2));
    // A late copy of the one that spoke before is neither told nor acknowledged again (RFC 3262 4).
    for tag in ["a", "b", "a"] {
        bench.branch_says(&invite, 183, tag, &format!("{REL}5\r\n"));
        assert_eq!((bench.seen().len(), bench.lines().len()), (0, 0), "{tag}");
    }
    bench.branch_says(&invite, 180, "a", &format!("{REL}6\r\n"));
    assert_eq!(
        (bench.seen(), bench.lines()),
        (vec!["180".into()], vec!["PRACK".into()])
    );
}

#[test]
fn a_contact_that_is_no_uri_is_no_target() {
    let mut bench = Bench::new();
    let (first, invite) = bench.calls_out(false);
    let bad = |status| {
        response(&invite, status, "a", "").replace(&format!("<sip:bob@{PEER}>"), "<CONTACT>")
    };
    bench.receive(bad(200));
    bench.ua.hang_up(bench.now, first).unwrap();
    bench.drain();
    let sent = bench.take_sent();
    let to: Vec<_> = sent.iter().map(|m| (line(m), target(m))).collect();
    assert_eq!(
        to,
        [
            ("ACK".into(), target(&invite)),
            ("BYE".into(), target(&invite))
        ]
    );
    // Of a branch that comes too late nothing is known but where it came from.
    bench.receive(bad(200).replace("tag=a\r\n", "tag=z\r\n"));
    let sent = bench.take_sent();
    let to: Vec<_> = sent.iter().map(|m| (line(m), target(m))).collect();
    let uri = format!("sip:{PEER}");
    assert_eq!(to, [("ACK".into(), uri.clone()), ("BYE".into(), uri)]);
}
