//! What one refreshed registration costs the SIP stack alone: reading the REGISTER, its digest, the location table.
//!
//! `cargo run --release -p strowger-sip --example register_bench`. No sockets, no container, no transactions.

use bytes::Bytes;
use strowger_sip::proto::auth::{
    Account, Algorithm, Challenge, Check, Credentials, Hash, Nonces, Session, Verdict, check,
};
use strowger_sip::proto::flow::{Flow, Transport};
use strowger_sip::proto::keyed::Secret;
use strowger_sip::proto::registrar::{Aor, Location, Policy};
use strowger_sip::proto::time::Ms;
use strowger_sip::proto::wire::{Limits, Message};

const USERS: u32 = 10_000;
const ROUNDS: u32 = 5;
const WALL: u64 = 1_700_000_000_000;

fn main() {
    for hash in [Hash::Md5, Hash::Sha256] {
        let best = run(hash).into_iter().fold(f64::MAX, f64::min);
        let name = Algorithm::plain(hash).name();
        print(&format!("REGISTER refreshed with {name}: {best:.2} us"));
    }
}

/// Microseconds for each REGISTER, round by round.
fn run(hash: Hash) -> Vec<f64> {
    let mut nonces = Nonces::new(Secret::new([1, 2]), USERS as usize);
    let mut location = Location::new(USERS as usize, Secret::new([1, 2]), [3, 4], Ms(0));
    let mut sessions: Vec<Session> = (0..USERS)
        .map(|user| session(&nonces, hash, user))
        .collect();
    let round = |cseq: u32| {
        let requests: Vec<Bytes> = (0..)
            .zip(&mut sessions)
            .map(|(user, session)| request(user, cseq, session))
            .collect();
        let begun = now();
        for request in requests {
            register(&mut nonces, &mut location, hash, request, cseq);
        }
        begun.elapsed().as_secs_f64() * 1e6 / f64::from(USERS)
    };
    let times = (1..=ROUNDS).map(round).collect();
    assert_eq!(location.len(), (USERS as usize, USERS as usize));
    times
}

fn register(nonces: &mut Nonces, location: &mut Location, hash: Hash, request: Bytes, cseq: u32) {
    let flow = Flow::to(Transport::Udp, 0, ([192, 0, 2, 9], 5060).into());
    let policy = Policy {
        min_expires: 60,
        default_expires: 3600,
        max_expires: 7200,
        contacts: 10,
    };
    let what = Check {
        realm: b"a.example",
        algorithms: &[Algorithm::plain(hash)],
        auth_int: false,
        proxy: false,
        lifetime: 300_000,
        wall: WALL,
    };
    let Ok(message) = Message::datagram(request, &Limits::DEFAULT) else {
        panic!("no message")
    };
    let verdict = check(&what, nonces, &message, |_| {
        Some(Account::password("secret"))
    });
    let Verdict::Right(_, used) = verdict else {
        panic!("{verdict:?}")
    };
    nonces.note(used);
    let aor = message.to().ok().and_then(|to| Aor::parse(to.uri_raw).ok());
    let Some(aor) = aor else { panic!("no address") };
    let now = Ms(u64::from(cseq) * 20_000);
    match location.decide(now, &aor, &message, flow, &policy) {
        Ok(outcome) => drop(location.apply(7, &aor, outcome.bindings)),
        Err(refusal) => panic!("{refusal}"),
    }
}

const TO: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn session(nonces: &Nonces, hash: Hash, user: u32) -> Session {
    let challenge = Challenge {
        realm: b"a.example"[..].into(),
        nonce: nonces.make(b"a.example", WALL, user.into(), TO).into(),
        opaque: b""[..].into(),
        algorithm: Algorithm::plain(hash),
        stale: false,
        auth: true,
        auth_int: false,
        userhash: false,
    };
    let response = format!(
        "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: {}\r\n\r\n",
        String::from_utf8_lossy(&challenge.to_value())
    );
    let mut session = Session::new(Some(Credentials::new(&format!("u{user}"), "secret")));
    match Message::parse(response.into(), &Limits::DEFAULT) {
        Ok(response) => assert!(session.learn(&response, &[], false)),
        Err(error) => panic!("{error}"),
    }
    session
}

fn request(user: u32, cseq: u32, session: &mut Session) -> Bytes {
    let lines = session.lines(b"REGISTER", b"sip:a.example", b"", 77);
    format!(
        "REGISTER sip:a.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{user}x{cseq}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:u{user}@a.example>;tag=t{user}\r\nTo: <sip:u{user}@a.example>\r\n\
         Call-ID: call-{user}@192.0.2.9\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:u{user}@192.0.2.9:5060>\r\n\
         Expires: 600\r\n{}Content-Length: 0\r\n\r\n",
        String::from_utf8_lossy(&lines)
    )
    .into()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

#[expect(clippy::print_stdout, reason = "an example prints")]
fn print(line: &str) {
    println!("{line}");
}
