//! The stimuli: requests that are wrong in one way each, and what a node must answer to each, to the bit.
//!
//! After every answer the next good request on the same connection must be answered 2001, unless the row says that the
//! connection is closed. RFC 6733, clauses 3, 4 and 7.1; RFC 8506 for credit control.

mod rows;

pub use rows::{avps, headers, sessions, ways};

use super::authority::Authority;
use super::link::{Came, Identity, Link, SOON, credit_control};
use super::raw::{ERROR, MANDATORY, REQUEST, Raw, Seen, code, command, flagged, head, number};
use crate::error::{Result, RunError, ensure, io};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// The node under test and how it is reached.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// Where it listens.
    pub at: SocketAddr,
    /// Origin-Host and, over TLS, the name in its certificate.
    pub host: String,
    /// Its realm.
    pub realm: String,
    /// A realm whose requests it redirects.
    pub redirected: Option<String>,
    /// A realm that it relays to, and whose peer is not there.
    pub away: Option<String>,
    /// Over TLS, with certificates of this authority, when it is given.
    pub tls: Option<&'a Authority>,
}

/// One wrong request.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is wrong.
    pub name: String,
    /// As it is sent.
    pub bytes: Vec<u8>,
    /// What must come.
    pub expect: Expect,
}

/// What must come of a wrong request.
#[derive(Clone, Debug)]
pub enum Expect {
    /// An answer with this result code, with exactly these bytes in Failed-AVP if any are given; the connection stays.
    Answer(u32, Option<Vec<u8>>),
    /// The same, and an AVP of this code is in it.
    AnswerWith(u32, u32),
    /// An answer, then the end of the connection.
    AnswerAndClose(u32),
    /// The end of the connection, with or without an answer.
    Close,
    /// Nothing: it is dropped.
    Nothing,
}

/// Who sends: a new identity for each row, so that none is in the watchdog's REOPEN because of the one before.
fn sender(n: usize) -> Identity {
    Identity::new(&format!("row{n}.hand.example"), "hand.example")
}

/// Sends every row on a connection of its own; answers with what did not hold, a line each.
///
/// # Errors
/// When the node cannot be reached at all.
pub fn run(
    target: &Target<'_>,
    rows: impl Fn(&Target<'_>, &Identity) -> Vec<Row>,
) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let count = rows(target, &sender(0)).len();
    for n in 0..count {
        let identity = sender(n);
        let row = rows(target, &identity).swap_remove(n);
        if let Err(problem) = run_row(target, identity, &row) {
            problems.push(format!("{}: {problem}", row.name));
        }
    }
    Ok(problems)
}

fn run_row(target: &Target<'_>, identity: Identity, row: &Row) -> Result {
    let mut link = connect(target, identity)?;
    link.greet()?;
    link.send(&row.bytes)?;
    match &row.expect {
        Expect::Answer(code, failed) => {
            let answer = link.expect("an answer")?;
            check(target, row, &answer, *code)?;
            if let Some(wanted) = failed {
                let found = answer.find(code::FAILED_AVP).map(|avp| avp.data.to_vec());
                ensure(found.as_ref() == Some(wanted), || {
                    format!("Failed-AVP is {found:02x?}\n      instead of {wanted:02x?}")
                })?;
            }
        }
        Expect::AnswerWith(code, avp) => {
            let answer = link.expect("an answer")?;
            check(target, row, &answer, *code)?;
            ensure(answer.find(*avp).is_some(), || {
                format!("no AVP {avp} in {answer:?}")
            })?;
        }
        Expect::AnswerAndClose(code) => {
            let answer = link.expect("an answer")?;
            check(target, row, &answer, *code)?;
            return link.expect_close();
        }
        Expect::Close => return closes(&mut link),
        Expect::Nothing => {}
    }
    good(target, &mut link)?;
    link.leave()
}

/// Opens a connection to the node, over TLS if the target says so.
///
/// # Errors
/// When it cannot be reached.
pub fn connect(target: &Target<'_>, identity: Identity) -> Result<Link> {
    let Some(authority) = target.tls else {
        return Link::connect(target.at, None, identity);
    };
    let config = authority.client(&identity.host)?;
    Link::connect(target.at, None, identity)?.secure(config, &target.host)
}

/// A good request must be answered with success.
///
/// # Errors
/// When it is not.
pub fn good(target: &Target<'_>, link: &mut Link) -> Result {
    let request = event(&link.identity, &target.realm);
    let answer = link.ask(&request)?;
    ensure(answer.result_code() == 2001, || {
        format!("a good request after it: {answer:?}")
    })
}

/// What holds for every answer to a wrong request (RFC 6733 6.2, 7.2).
fn check(target: &Target<'_>, row: &Row, answer: &Seen, code: u32) -> Result {
    let sent = Seen::whole(&row.bytes);
    ensure(answer.result_code() == code, || {
        format!("{answer:?} instead of {code}")
    })?;
    let error = answer.flags() & ERROR != 0;
    ensure(error == (code / 1000 == 3), || {
        format!("the E bit is {error} in {answer:?}")
    })?;
    ensure(answer.flags() & REQUEST == 0, || "R is set".to_owned())?;
    let ids = |m: &Seen| (m.command(), m.application(), m.hop_by_hop(), m.end_to_end());
    ensure(ids(answer) == ids(&sent), || {
        format!("identifiers of {answer:?}")
    })?;
    for (what, wanted) in [
        (code::ORIGIN_HOST, &target.host),
        (code::ORIGIN_REALM, &target.realm),
    ] {
        let found = answer.text(what);
        ensure(found.as_ref() == Some(wanted), || {
            format!("AVP {what} of {answer:?}")
        })?;
    }
    // A Session-Id that can be read comes back, and comes first.
    let session = sent.find(code::SESSION_ID).map(|avp| avp.data.to_vec());
    if let Some(session) = session {
        let first = answer
            .avps()
            .first()
            .map(|avp| (avp.code, avp.data.to_vec()));
        ensure(first == Some((code::SESSION_ID, session)), || {
            format!("no Session-Id first in {answer:?}")
        })?;
    }
    Ok(())
}

fn closes(link: &mut Link) -> Result {
    match link.receive(SOON)? {
        Came::Closed => Ok(()),
        Came::Message(_) => link.expect_close(),
        Came::Nothing => Err(RunError::Broken("not closed".into())),
    }
}

/// An event CCR: answered, and nothing is left of it.
#[must_use]
pub fn event(from: &Identity, realm: &str) -> Raw {
    let session = format!("{};good;1", from.host);
    credit_control(from, &session, realm, 4, 0).with(&number(code::REQUESTED_ACTION, 0))
}

/// Capabilities that lead to nothing: each is answered and the connection closed.
///
/// # Errors
/// The first that does not hold.
pub fn capabilities(target: &Target<'_>) -> Result {
    let with = |identity: Identity, more: &[u8], code: u32| -> Result {
        let mut link = connect(target, identity)?;
        let avps = [link.identity.capabilities(), more.to_vec()].concat();
        let cea = link.ask(&Raw::request(command::CAPABILITIES_EXCHANGE, 0).with(&avps))?;
        ensure(cea.result_code() == code, || {
            format!("{cea:?} instead of {code}")
        })?;
        link.expect_close()
    };
    with(Identity::new("stranger.example", "example"), &[], 3010)?;
    let other = Identity {
        applications: vec![99],
        ..Identity::new("other.hand.example", "hand.example")
    };
    with(other, &[], 5010)?;
    if target.tls.is_some() {
        return Ok(());
    }
    let secret = Identity::new("secret.hand.example", "hand.example");
    with(secret, &number(code::INBAND_SECURITY_ID, 1), 5017)
}

/// Requests before a CER, which end the connection.
///
/// # Errors
/// When it goes on.
pub fn uninvited(target: &Target<'_>) -> Result {
    let mut link = connect(target, Identity::new("rude.hand.example", "hand.example"))?;
    let request = event(&link.identity, &target.realm);
    let request = link.numbered(&request);
    link.send(&request.bytes())?;
    link.expect_close()
}

/// One request too many of a peer, at a node that lets one wait: it is told so, and the one that waits is answered when its time
/// is over.
///
/// # Errors
/// What does not hold.
pub fn crowded(target: &Target<'_>) -> Result {
    let mut link = connect(target, Identity::new("many.hand.example", "hand.example"))?;
    link.greet()?;
    let silent = super::raw::replaced(
        event(&link.identity, &target.realm),
        code::SERVICE_CONTEXT_ID,
        b"silent",
    );
    let silent = link.numbered(&silent);
    let more = link.numbered(&event(&link.identity, &target.realm));
    for (raw, code) in [(&more, 3004), (&silent, 5012)] {
        if code == 3004 {
            link.send(&[silent.bytes(), more.bytes()].concat())?;
        }
        let row = Row {
            name: format!("{code}"),
            bytes: raw.bytes(),
            expect: Expect::Answer(code, None),
        };
        let answer = link.expect("an answer")?;
        check(target, &row, &answer, code)?;
    }
    good(target, &mut link)?;
    link.leave()
}

/// A peer that connects while it is connected to, and has the higher name: the connection that it has opened loses the election
/// (RFC 6733 5.6.4), is told so and closed, and the other goes on.
///
/// # Errors
/// What does not hold.
pub fn elected(target: &Target<'_>, listener: &TcpListener, identity: &Identity) -> Result {
    let (stream, _) = listener.accept().map_err(io("be connected to"))?;
    let mut theirs = Link::over(stream, identity.clone())?;
    let cer = theirs.expect("a CER")?;
    let mut ours = Link::connect(target.at, None, identity.clone())?;
    let capabilities = identity.capabilities();
    let own = Raw::request(command::CAPABILITIES_EXCHANGE, 0).with(&capabilities);
    let own = ours.numbered(&own);
    ours.send(&own.bytes())?;
    // The node has both requests before it has an answer.
    let came = ours.receive(Duration::from_millis(300))?;
    ensure(matches!(came, Came::Nothing), || {
        format!("before the election was over: {came:?}")
    })?;
    let cea = Raw::answer(&cer).with(&number(code::RESULT_CODE, 2001));
    theirs.send(&cea.with(&capabilities).bytes())?;
    let lost = ours.expect("a CEA")?;
    ensure(lost.result_code() == 4003, || {
        format!("{lost:?} instead of 4003")
    })?;
    ours.expect_close()?;
    good(target, &mut theirs)?;
    theirs.leave()
}

/// Messages that ask for more than their worth. The node closes or answers, and serves others all the while.
///
/// # Errors
/// When it does not.
pub fn resources(target: &Target<'_>, watch: impl Fn() -> Result) -> Result {
    /// Of no AVP.
    const UNKNOWN: u32 = 99_999;
    let from = sender(900);
    let nested = {
        let mut bytes = Vec::with_capacity(900_000);
        // Failed-AVP in Failed-AVP: each says that all the rest is its own.
        for level in 0..100_000_usize {
            bytes.extend(head(code::FAILED_AVP, MANDATORY, (100_000 - level) * 8));
        }
        bytes
    };
    let many: Vec<u8> = (0..130_000_u32).flat_map(|_| head(UNKNOWN, 0, 8)).collect();
    let padding = flagged(UNKNOWN, 0, &vec![0; 16 * 1024 * 1024 - 1_024]);
    let with = |more: &[u8]| event(&from, &target.realm).with(more);
    let mut lie = with(&[]);
    lie.length = Some(0x00ff_fffc);
    let stimuli = [
        ("100,000 groups in each other", with(&nested).bytes()),
        ("130,000 AVPs", with(&many).bytes()),
        ("16 MiB of padding", with(&padding).bytes()),
        (
            "a length of 16 MiB and 1 kB",
            [lie.bytes(), vec![0; 1_024]].concat(),
        ),
    ];
    for (n, (name, bytes)) in stimuli.into_iter().enumerate() {
        let mut link = connect(target, sender(910 + n))?;
        link.greet()?;
        let mut other = connect(target, sender(920 + n))?;
        other.greet()?;
        // It may close before all of it is taken.
        let _ = link.send(&bytes);
        good_within(target, &mut other)
            .map_err(|why| RunError::Broken(format!("{name}: another connection: {why}").into()))?;
        other.leave()?;
        watch()?;
        link.hang_up();
    }
    Ok(())
}

fn good_within(target: &Target<'_>, link: &mut Link) -> Result {
    let began = Instant::now();
    good(target, link)?;
    let took = began.elapsed();
    ensure(took < Duration::from_secs(2), || {
        format!("a good request took {took:?}")
    })
}
