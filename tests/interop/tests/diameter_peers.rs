//! The Diameter peers of the flows among themselves: what is wrong here is not the node's fault.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use strowger_interop::Result;
use strowger_interop::diameter::authority::Authority;
use strowger_interop::diameter::freediameter::FreeDiameter;
use strowger_interop::diameter::link::{Identity, Link, credit_control};
use strowger_interop::diameter::raw::{code, command};
use strowger_interop::diameter::scripts::{Ends, Script};

const SOON: Duration = Duration::from_secs(20);

fn at(last: u8, port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 0, 45, last), port))
}

/// An initial, an update and a final CCR; answers with the Session-Id.
fn session(link: &mut Link, number: u32) -> Result<String> {
    let id = format!("{};{number};1", link.identity.host);
    for (n, kind) in [1, 2, 3].into_iter().enumerate() {
        let n = u32::try_from(n).unwrap_or(0);
        let answer = link.ask(&credit_control(
            &link.identity.clone(),
            &id,
            "fd.example",
            kind,
            n,
        ))?;
        assert_eq!(answer.result_code(), 2001, "{answer:?}");
        assert_eq!(answer.number(code::CC_REQUEST_NUMBER), Some(n));
        assert_eq!(answer.text(code::SESSION_ID), Some(id.clone()));
    }
    Ok(id)
}

#[test]
fn freediameter_charges_over_tcp_and_tls_and_asks_again() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(dir.path())?;
    let ocs = FreeDiameter::new(
        dir.path(),
        &authority,
        "ocs.fd.example",
        "fd.example",
        23_100,
    );
    let ocs = ocs.admits("hand.example")?.charges("")?.start()?;
    let clear = Identity::new("clear.hand.example", "hand.example");
    let mut clear = Link::connect(at(1, 23_100), None, clear)?;
    clear.greet()?;
    session(&mut clear, 1)?;
    let tls = Identity::new("tls.hand.example", "hand.example");
    let config = authority.client(&tls.host)?;
    let mut tls = Link::connect(at(1, 23_600), None, tls)?.secure(config, "ocs.fd.example")?;
    tls.greet()?;
    let last = session(&mut tls, 2)?;
    ocs.reauth()?;
    let rar = tls.expect("a RAR")?;
    assert_eq!(rar.command(), command::RE_AUTH);
    assert_eq!(rar.text(code::SESSION_ID), Some(last));
    tls.answer(&rar, 2002, &[])?;
    let book = ocs.book()?;
    assert_eq!(book.get("requests"), 6);
    assert_eq!(book.get("sessions"), 2);
    assert_eq!(book.get("open"), 0);
    clear.leave()?;
    tls.leave()?;
    ocs.stop()
}

#[test]
fn python_asks_python_and_otp_asks_otp() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    for (n, python) in [true, false].into_iter().enumerate() {
        let kind = if python { "pd" } else { "otp" };
        let (server, client) = (
            format!("server.{kind}.example"),
            format!("client.{kind}.example"),
        );
        let at = at(10 + u8::try_from(n).unwrap_or(0), 3868);
        let one = Ends {
            own: (&server, "server.example"),
            peer: (&client, "client.example"),
            at,
            tls: None,
        };
        let other = Ends {
            own: one.peer,
            peer: one.own,
            at,
            tls: None,
        };
        let all: &[&str] = if python {
            &["ccr:3", "acr:3", "udr:3", "snr:1", "ulr:1", "uar:1"]
        } else {
            &["acr:3", "ccr:3"]
        };
        let (server, mut client) = if python {
            let server = Script::python_listens(dir.path(), one, &[])?;
            (server, Script::python_connects(dir.path(), other, all)?)
        } else {
            let server = Script::otp_listens(dir.path(), one, &[])?;
            (server, Script::otp_connects(dir.path(), other, all)?)
        };
        for command in all {
            client.done(command, SOON)?;
        }
        assert_eq!(server.received("CreditControl"), 9);
        assert_eq!(server.received("Accounting"), 9);
        client.stop()?;
        server.stop()?;
    }
    Ok(())
}
