//! RFC 8506 7, table 6: the server.

use std::time::Duration;

use strowger_diameter::proto::credit::{Admission, RequestType as Kind, Server, Tcc};

const VALID: Duration = Duration::from_secs(30);
const TCC: Tcc = Tcc::Start(Duration::from_secs(60));

fn open() -> Server {
    let mut server = Server::default();
    assert_eq!(server.requested(Kind::Initial, 0), Admission::Process);
    assert_eq!(server.processed(Kind::Initial, 0, true, VALID), TCC);
    server
}

#[test]
fn an_initial_request_that_succeeds_opens_the_session_for_twice_its_validity_time() {
    assert!(open().is_open());
}

#[test]
fn an_initial_request_that_fails_opens_nothing() {
    let mut server = Server::default();
    let tcc = server.processed(Kind::Initial, 0, false, VALID);
    assert_eq!((tcc, server.is_open()), (Tcc::Stop, false));
}

#[test]
fn an_event_opens_nothing() {
    let mut server = Server::default();
    assert_eq!(server.requested(Kind::Event, 0), Admission::Process);
    assert_eq!(server.processed(Kind::Event, 0, true, VALID), Tcc::Stop);
    assert!(!server.is_open());
}

#[test]
fn an_update_starts_the_timer_anew_or_ends_the_session() {
    let mut server = open();
    assert_eq!(server.requested(Kind::Update, 1), Admission::Process);
    assert_eq!(server.processed(Kind::Update, 1, true, VALID), TCC);
    assert_eq!(server.processed(Kind::Update, 2, false, VALID), Tcc::Stop);
    assert!(!server.is_open());
}

#[test]
fn a_termination_ends_the_session_whether_it_succeeds_or_not() {
    for success in [true, false] {
        let mut server = open();
        assert_eq!(server.requested(Kind::Termination, 1), Admission::Process);
        let tcc = server.processed(Kind::Termination, 1, success, VALID);
        assert_eq!((tcc, server.is_open()), (Tcc::Stop, false));
    }
}

#[test]
fn tcc_releases_what_is_reserved_once() {
    let mut server = open();
    assert!(server.expired());
    assert!(!server.expired());
    assert_eq!(server.requested(Kind::Update, 1), Admission::Refuse(5002));
}

#[test]
fn what_was_processed_is_not_processed_again() {
    let mut server = open();
    assert_eq!(server.requested(Kind::Initial, 0), Admission::Repeat);
    server.processed(Kind::Update, 1, true, VALID);
    assert_eq!(server.requested(Kind::Update, 1), Admission::Repeat);
    assert_eq!(server.requested(Kind::Update, 0), Admission::Refuse(5012));
    assert_eq!(server.requested(Kind::Initial, 0), Admission::Refuse(5012));
    server.processed(Kind::Termination, 2, true, VALID);
    assert_eq!(server.requested(Kind::Termination, 2), Admission::Repeat);
}

#[test]
fn a_session_that_never_began_is_unknown() {
    for kind in [Kind::Update, Kind::Termination] {
        let admission = Server::default().requested(kind, 1);
        assert_eq!(admission, Admission::Refuse(5002));
    }
}
