//! Challenges to requests of ours: RFC 3261 22.2, 22.3; RFC 8760 2.4.

use strowger_sip::proto::auth::{
    Account, Algorithm, Challenge, Check, Credentials, Hash, Nonces, Verdict, check,
};

use super::*;

const TO: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

const WALL: u64 = 1_700_000_000_000;

/// What challenges us, with one user: `we`, whose password is `secret`.
struct Server {
    nonces: Nonces,
    realm: &'static str,
    proxy: bool,
    made: u64,
    account: Account,
}

impl Server {
    fn new(realm: &'static str, proxy: bool) -> Self {
        Self {
            nonces: Nonces::new(Secret::new([5, 6]), 10),
            realm,
            proxy,
            made: 0,
            account: Account::password("secret"),
        }
    }

    fn status(&self) -> u16 {
        if self.proxy { 407 } else { 401 }
    }

    fn lines(&mut self, algorithms: &[Algorithm], stale: bool) -> String {
        self.made += 1;
        let nonce = self.nonces.make(self.realm.as_bytes(), WALL, self.made, TO);
        let name = if self.proxy {
            "Proxy-Authenticate"
        } else {
            "WWW-Authenticate"
        };
        let mut out = String::new();
        for algorithm in algorithms {
            let challenge = Challenge {
                realm: self.realm.as_bytes().into(),
                nonce: nonce[..].into(),
                opaque: b"op"[..].into(),
                algorithm: *algorithm,
                stale,
                auth: true,
                auth_int: false,
                userhash: false,
            };
            let value = String::from_utf8(challenge.to_value()).unwrap();
            out += &format!("{name}: {value}\r\n");
        }
        out
    }

    fn challenge(&mut self, to: &Message, stale: bool) -> String {
        let lines = self.lines(&[Algorithm::plain(Hash::Sha256)], stale);
        response(to, self.status(), "sv", &lines)
    }

    /// Whether the credentials of a request are right and were not used before.
    fn takes(&mut self, request: &Message) -> bool {
        let what = Check {
            realm: self.realm.as_bytes(),
            algorithms: &Hash::ALL.map(Algorithm::plain),
            auth_int: false,
            proxy: self.proxy,
            lifetime: 1_000,
            wall: WALL,
        };
        let account = |user: &[u8]| (user == b"we").then(|| self.account.clone());
        match check(&what, &self.nonces, request, account) {
            Verdict::Right(_, used) => {
                self.nonces.note(used);
                true
            }
            Verdict::Missing | Verdict::Stale | Verdict::Wrong(_) | Verdict::Malformed => false,
        }
    }
}

fn with(credentials: Option<Credentials>) -> Draft {
    Draft {
        credentials: credentials.map(Box::new),
        ..draft("offer")
    }
}

fn we() -> Option<Credentials> {
    Some(Credentials::new("we", "secret"))
}

impl Bench {
    fn send(&mut self, draft: &Draft) -> (Key, Message) {
        let dialog = self.ua.invite(self.now, 500, 9, draft).unwrap();
        self.drain();
        (dialog, self.next())
    }

    /// The next message that is no ACK.
    fn next(&mut self) -> Message {
        let mut all = self.take_sent().into_iter();
        all.find(|message| message.method() != Some(&Method::Ack))
            .expect("a request")
    }
}

#[test]
fn a_challenged_call_is_made_again_and_goes_on_with_credentials() {
    let mut server = Server::new("a.example", false);
    let mut bench = Bench::new();
    let (dialog, first) = bench.send(&with(we()));
    assert!(!has(&first, HeaderId::Authorization));
    bench.receive(server.challenge(&first, false));
    let sent = bench.take_sent();
    assert_eq!(
        sent.iter().map(line).collect::<Vec<_>>(),
        ["ACK", "INVITE"],
        "the failure is acknowledged"
    );
    let second = &sent[1];
    assert_eq!(text(second, "CSeq"), "2 INVITE");
    assert_eq!(text(second, "Call-ID"), text(&first, "Call-ID"));
    assert_eq!(text(second, "From"), text(&first, "From"));
    assert_ne!(text(second, "Via"), text(&first, "Via"));
    assert_eq!(
        (second.body(), has(second, HeaderId::To)),
        (first.body(), true)
    );
    assert!(server.takes(second) && text(second, "Authorization").contains("opaque=\"op\""));
    assert_eq!(bench.seen(), Vec::<String>::new(), "nobody is told");
    bench.receive(response(second, 200, "bo", ""));
    assert_eq!(bench.seen(), ["save", "200"]);
    let ack = bench.take_sent().remove(0);
    assert_eq!(text(&ack, "CSeq"), "2 ACK");
    assert_eq!(
        text(&ack, "Authorization"),
        text(second, "Authorization"),
        "RFC 3261 22.1"
    );
    let info = within("INFO", "");
    bench.ua.request_within(bench.now, dialog, &info).unwrap();
    bench.drain();
    let info = bench.next();
    assert_eq!(text(&info, "CSeq"), "3 INFO");
    assert!(
        server.takes(&info),
        "the nonce goes on, with a higher count"
    );
    assert!(text(&info, "Authorization").contains("nc=00000002"));
    bench.receive(response(&info, 200, "", ""));
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let bye = bench.next();
    assert!(server.takes(&bye));
    bench.receive(server.challenge(&bye, true));
    let again = bench.next();
    assert_eq!(text(&again, "CSeq"), "5 BYE");
    assert!(server.takes(&again));
    bench.receive(response(&again, 200, "", ""));
    assert_eq!(bench.seen().last().map(String::as_str), Some("ended"));
    bench.until(100_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_wrong_password_is_told_after_one_attempt() {
    let mut server = Server::new("a.example", true);
    let mut bench = Bench::new();
    let (_, first) = bench.send(&with(Some(Credentials::new("we", "wrong"))));
    bench.receive(server.challenge(&first, false));
    let second = bench.next();
    assert!(!server.takes(&second));
    bench.receive(server.challenge(&second, false));
    assert_eq!(bench.lines(), ["ACK"]);
    assert_eq!(bench.seen(), ["407", "ended"]);
    bench.until(100_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_server_that_is_never_content_is_left_alone() {
    let mut server = Server::new("a.example", false);
    let mut bench = Bench::new();
    let (_, mut request) = bench.send(&with(we()));
    for _ in 0..4 {
        bench.receive(server.challenge(&request, true));
        request = bench.next();
        assert_eq!(bench.seen(), Vec::<String>::new());
    }
    bench.receive(server.challenge(&request, true));
    assert_eq!(bench.seen(), ["401", "ended"]);
}

#[test]
fn without_credentials_the_service_is_told() {
    let mut server = Server::new("a.example", false);
    let mut bench = Bench::new();
    let (_, first) = bench.send(&with(None));
    bench.receive(server.challenge(&first, false));
    assert_eq!(bench.seen(), ["401", "ended"]);
    let other = Credentials::new("we", "secret").for_realm("b.example");
    let (_, first) = bench.send(&with(Some(other)));
    bench.receive(server.challenge(&first, false));
    assert_eq!(bench.seen(), ["401", "ended"]);
}

#[test]
fn proxies_and_the_callee_ask_one_after_the_other() {
    let mut near = Server::new("near", true);
    let mut far = Server::new("far", false);
    let mut bench = Bench::new();
    let (_, first) = bench.send(&with(we()));
    bench.receive(near.challenge(&first, false));
    let second = bench.next();
    assert!(near.takes(&second));
    bench.receive(far.challenge(&second, false));
    let third = bench.next();
    assert!(near.takes(&third) && far.takes(&third), "each has its own");
    bench.receive(response(&third, 486, "bo", ""));
    assert_eq!(bench.seen(), ["486", "ended"]);
}

/// RFC 8760 2.4: the first algorithm that we know; RFC 3261 22.3: several challenges in one response.
#[test]
fn the_preferred_algorithm_is_taken() {
    let mut server = Server::new("a.example", false);
    let mut bench = Bench::new();
    let (_, first) = bench.send(&with(we()));
    let unknown = "WWW-Authenticate: Digest realm=\"a.example\", nonce=\"x\", algorithm=SHA3\r\n";
    let known = server.lines(&[Hash::Sha512_256, Hash::Md5].map(Algorithm::plain), false);
    bench.receive(response(&first, 401, "sv", &format!("{unknown}{known}")));
    let second = bench.next();
    assert!(text(&second, "Authorization").contains("algorithm=SHA-512-256"));
    assert!(server.takes(&second));
    let hash = Hash::Md5.of(&[b"we", b"a.example", b"secret"]);
    let hash = std::str::from_utf8(hash.as_bytes()).unwrap().to_owned();
    let only_md5 = Credentials {
        account: Account::ha1(Hash::Md5, &hash).unwrap(),
        ..Credentials::new("we", "")
    };
    let (_, first) = bench.send(&with(Some(only_md5)));
    let lines = server.lines(&[Hash::Sha256, Hash::Md5].map(Algorithm::plain), false);
    bench.receive(response(&first, 401, "sv", &lines));
    let second = bench.next();
    assert!(text(&second, "Authorization").contains("algorithm=MD5"));
    assert!(server.takes(&second));
}

#[test]
fn a_request_outside_of_dialogs_is_sent_again() {
    let mut server = Server::new("a.example", false);
    let mut bench = Bench::new();
    let message = Draft {
        method: Bytes::from_static(b"MESSAGE"),
        lines: Bytes::from_static(b"Content-Type: text/plain\r\n"),
        ..with(we())
    };
    bench.ua.request_alone(bench.now, 600, 9, &message).unwrap();
    bench.drain();
    let first = bench.next();
    bench.receive(server.challenge(&first, false));
    let second = bench.next();
    assert_eq!(text(&second, "CSeq"), "2 MESSAGE");
    assert!(server.takes(&second));
    assert!(bench.ua.is_alive(Key::from_u64(0), 600));
    bench.receive(response(&second, 202, "sv", ""));
    assert_eq!(bench.seen(), ["202", "ended"]);
    assert!(!bench.ua.is_alive(Key::from_u64(0), 600));
    bench.until(100_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_call_that_is_being_given_up_is_not_made_again() {
    let mut server = Server::new("a.example", false);
    let mut bench = Bench::new();
    let (dialog, first) = bench.send(&with(we()));
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    bench.receive(server.challenge(&first, false));
    assert_eq!(bench.lines(), ["ACK"]);
    assert_eq!(bench.seen(), ["ended"]);
}

#[test]
fn credentials_of_the_settings_serve_every_request() {
    let mut server = Server::new("a.example", true);
    let settings = UaConfig {
        credentials: vec![Credentials::new("we", "secret").for_realm("a.example")],
        ..config()
    };
    let mut bench = Bench::new();
    bench.ua = Ua::new(settings, Secret::new([7, 8]), [1, 2, 3, 4], Ms(START));
    let (_, first) = bench.send(&with(None));
    bench.receive(server.challenge(&first, false));
    let second = bench.next();
    assert!(server.takes(&second) && !has(&second, HeaderId::Authorization));
}

/// A password is changed while a call is up: at the server at some moment, and here at some other.
#[test]
fn a_call_goes_on_while_its_password_is_changed() {
    let mut server = Server::new("a.example", false);
    let mut bench = Bench::new();
    bench.ua.set_credentials(we().into_iter().collect());
    let (dialog, first) = bench.send(&with(None));
    bench.receive(server.challenge(&first, false));
    let second = bench.next();
    assert!(server.takes(&second));
    bench.receive(response(&second, 200, "bo", ""));
    bench.seen();
    bench.take_sent();
    // Both are named here before the server changes its own.
    let old = Credentials::new("we", "before");
    let both = vec![old, Credentials::new("we", "secret")];
    bench.ua.set_credentials(both);
    let info = within("INFO", "");
    bench.ua.request_within(bench.now, dialog, &info).unwrap();
    bench.drain();
    let info = bench.next();
    assert!(server.takes(&info), "what was answered goes on");
    bench.receive(response(&info, 200, "", ""));
    // It asks anew: the one that is wrong is refused, and the other one goes in its place.
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let bye = bench.next();
    bench.receive(server.challenge(&bye, false));
    let old = bench.next();
    assert!(!server.takes(&old));
    bench.receive(server.challenge(&old, false));
    let new = bench.next();
    assert!(server.takes(&new));
    bench.receive(response(&new, 200, "", ""));
    assert_eq!(bench.seen().last().map(String::as_str), Some("ended"));
    bench.until(100_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_server_takes_the_password_before_while_it_is_named() {
    let mut server = Server::new("a.example", false);
    let mut bench = Bench::new();
    let before = || Some(Credentials::new("we", "before"));
    let before_md5 = Hash::Md5.of(&[b"we", b"a.example", b"before"]);
    let digits = std::str::from_utf8(before_md5.as_bytes()).unwrap();
    let hashed = Account::ha1(Hash::Md5, digits).unwrap();
    for (previous, algorithm) in [
        (Account::password("before"), Hash::Sha256),
        (hashed, Hash::Md5),
    ] {
        server.account = Account::password("secret").or_previous(previous);
        for (ours, right) in [
            (we(), true),
            (before(), true),
            (Some(Credentials::new("we", "wrong")), false),
        ] {
            let (_, first) = bench.send(&with(ours));
            let lines = server.lines(&[Algorithm::plain(algorithm)], false);
            bench.receive(response(&first, 401, "sv", &lines));
            assert_eq!(server.takes(&bench.next()), right);
        }
    }
    server.account = Account::password("secret");
    let (_, first) = bench.send(&with(before()));
    bench.receive(server.challenge(&first, false));
    assert!(!server.takes(&bench.next()));
}
