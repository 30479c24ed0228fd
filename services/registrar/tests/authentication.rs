//! Who may register: digest authentication from a client's point of view, in virtual time.

use strowger::prelude::*;
use strowger_registrar::{Settings, service};
use strowger_sip::proto::auth::{Credentials, Session};
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_sip::{Account, DigestAlgorithm, Users};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";

fn users() -> Users {
    let user = |name: &str, password| (name.to_owned(), Account::password(password));
    [user("alice", "wonderland"), user("bob", "builder")]
        .into_iter()
        .collect()
}

fn with(settings: Settings) -> TestKit {
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
}

fn kit() -> TestKit {
    with(Settings {
        users: users(),
        ..Settings::default()
    })
}

/// A client with credentials.
struct Client {
    call: Call,
    session: Session,
    uri: String,
}

impl Client {
    fn new(slee: &TestKit, user: &str, password: &str) -> Self {
        Self::of(slee, ALICE, user, password)
    }

    fn of(slee: &TestKit, aor: &str, user: &str, password: &str) -> Self {
        let call = slee.sip().register(aor, &[]).expect(401);
        let mut client = Self {
            uri: String::new(),
            session: Session::new(Some(Credentials {
                realm: None,
                user: user.as_bytes().into(),
                account: Account::password(password),
            })),
            call,
        };
        // The kit's peers send their REGISTER to where their contact is, too.
        client.uri = client.call.contact().trim_matches(['<', '>']).to_owned();
        assert!(client.session.learn(&client.call.last(), &[], false));
        client
    }

    /// The next credentials as header lines.
    fn lines(&mut self) -> String {
        let lines = self.session.lines(b"REGISTER", self.uri.as_bytes(), b"", 7);
        String::from_utf8(lines)
            .expect("text")
            .trim_end()
            .to_owned()
    }

    fn register(&mut self, lines: &str) -> &Call {
        let contact = format!("Contact: {}", self.call.contact());
        self.call.request("REGISTER", &[&contact, lines], b"");
        &self.call
    }
}

#[test]
fn a_user_who_knows_the_password_registers() {
    let slee = kit();
    let mut alice = Client::new(&slee, "alice", "wonderland");
    let first = alice.call.header("WWW-Authenticate").expect("a challenge");
    assert!(first.contains("realm=\"a.example\"") && first.contains("algorithm=SHA-256"));
    let lines = alice.lines();
    alice.register(&lines).expect(200);
    // The nonce goes on to be good, each time with a higher count.
    let lines = alice.lines();
    alice.register(&lines).expect(200);
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_told_the_same() {
    let slee = kit();
    let mut answers = Vec::new();
    for (user, password) in [("alice", "wrong"), ("nobody", "wonderland")] {
        let mut client = Client::new(&slee, user, password);
        let lines = client.lines();
        client.register(&lines).expect(401);
        let message = client.call.last();
        let shape: Vec<String> = message
            .headers()
            .filter(|h| !matches!(h.name, b"Via" | b"From" | b"To" | b"Call-ID"))
            .map(|h| format!("{} {}", h.name.escape_ascii(), h.value.len()))
            .collect();
        answers.push(shape);
        assert!(
            !client
                .call
                .header("WWW-Authenticate")
                .expect("one")
                .contains("stale")
        );
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(slee.counter("sip.credentials_wrong"), 2);
}

#[test]
fn a_user_registers_no_other_user() {
    let slee = kit();
    let mut bob = Client::new(&slee, "bob", "builder");
    let lines = bob.lines();
    bob.register(&lines).expect(403);
}

/// RFC 7616 3.3: `stale`.
#[test]
fn an_old_nonce_is_stale_and_the_next_one_does() {
    let mut slee = kit();
    let mut alice = Client::new(&slee, "alice", "wonderland");
    slee.advance(secs(301));
    let lines = alice.lines();
    alice.register(&lines).expect(401);
    let challenge = alice.call.header("WWW-Authenticate").expect("a challenge");
    assert!(challenge.contains("stale=true"), "{challenge}");
    let last = alice.call.last();
    assert!(alice.session.learn(&last, &[], true));
    let lines = alice.lines();
    alice.register(&lines).expect(200);
}

#[test]
fn credentials_that_were_used_before_are_stale() {
    let slee = kit();
    let mut alice = Client::new(&slee, "alice", "wonderland");
    let lines = alice.lines();
    alice.register(&lines).expect(200);
    alice.register(&lines).expect(401);
    let challenge = alice.call.header("WWW-Authenticate").expect("a challenge");
    assert!(challenge.contains("stale=true"), "{challenge}");
    assert_eq!(slee.counter("sip.credentials_stale"), 1);
}

#[test]
fn credentials_that_an_earlier_process_took_are_stale_and_so_is_every_nonce_of_its() {
    let mut slee = kit();
    let mut alice = Client::new(&slee, "alice", "wonderland");
    let taken = alice.lines();
    alice.register(&taken).expect(200);
    slee.crash_and_restart();
    let fresh = alice.lines();
    for lines in [taken, fresh] {
        alice.register(&lines).expect(401);
        let challenge = alice.call.header("WWW-Authenticate").expect("a challenge");
        assert!(challenge.contains("stale=true"), "{challenge}");
    }
    // A client that knows what that means is not asked for its password again.
    assert!(alice.session.learn(&alice.call.last(), &[], true));
    let lines = alice.lines();
    alice.register(&lines).expect(200);
}

#[test]
fn algorithms_are_offered_in_their_order() {
    let slee = with(Settings {
        users: users(),
        algorithms: vec![
            DigestAlgorithm::Md5,
            DigestAlgorithm::Sha512_256,
            DigestAlgorithm::Sha256Sess,
        ],
        ..Settings::default()
    });
    let mut alice = Client::new(&slee, "alice", "wonderland");
    let message = alice.call.last();
    let named: Vec<bool> = message
        .headers()
        .filter(|h| h.name == b"WWW-Authenticate")
        .zip([
            "algorithm=MD5,",
            "algorithm=SHA-512-256,",
            "algorithm=SHA-256-sess,",
        ])
        .map(|(h, name)| String::from_utf8_lossy(h.value).contains(name))
        .collect();
    assert_eq!(named, [true; 3]);
    let lines = alice.lines();
    assert!(lines.contains("algorithm=MD5,"), "{lines}");
    alice.register(&lines).expect(200);
}

#[test]
fn credentials_of_another_request_or_in_pieces_are_refused() {
    let slee = kit();
    let mut alice = Client::new(&slee, "alice", "wonderland");
    alice.uri = "sip:bob@elsewhere.example".to_owned();
    let lines = alice.lines();
    alice.register(&lines).expect(400);
    alice
        .register("Authorization: Digest realm=\"a.example\", username=\"alice\"")
        .expect(400);
    // Credentials of another scheme, or for another realm, are none.
    alice
        .register("Authorization: Basic YWxpY2U6eA==")
        .expect(401);
    alice
        .register("Authorization: Digest realm=\"b\", username=\"alice\"")
        .expect(401);
}

/// What svcrack does: many passwords, one after the other. Nothing grows, and nothing is told.
#[test]
fn guessing_costs_nothing_but_time() {
    let mut slee = kit();
    let before = slee.counts();
    for n in 0..50 {
        let mut guess = Client::new(&slee, "alice", &format!("guess{n}"));
        let lines = guess.lines();
        guess.register(&lines).expect(401);
    }
    slee.advance(secs(40));
    let after = slee.counts();
    assert_eq!(
        (after.activities, after.entities, after.timers),
        (before.activities, before.entities, before.timers)
    );
    assert_eq!(slee.counter("sip.credentials_wrong"), 50);
}
