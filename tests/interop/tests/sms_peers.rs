//! The SMS peers of the flows among themselves: what is wrong here is not the node's fault.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use strowger_interop::Result;
use strowger_interop::sms::esme::Esme;
use strowger_interop::sms::http::{Sink, parameter};
use strowger_interop::sms::kannel::{Config, Order};
use strowger_interop::sms::load::{self, Load, Until};
use strowger_interop::sms::pdu::Message;
use strowger_interop::sms::scripts::{DESTINATION, Library, NodeSmsc, Part, SOURCE, Way};
use strowger_interop::sms::smsc::{Receipts, Script, Smsc};

const SOON: Duration = Duration::from_secs(20);

fn at(last: u8) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 0, 165, last), 2775))
}

#[test]
fn esmes_of_others_do_before_a_scripted_smsc_what_they_say() -> Result {
    let libraries = [
        Library::Smpplib,
        Library::Smpp34,
        Library::Rusmppyc,
        Library::NodeSmpp,
    ];
    for (n, library) in libraries.into_iter().enumerate() {
        let dir = tempfile::tempdir().expect("a directory");
        let script = Script {
            receipts: Receipts::After,
            ..Script::default()
        };
        let smsc = Smsc::start(at(1 + u8::try_from(n).unwrap_or(0)), script)?;
        let way = Way {
            to: smsc.at(),
            system_id: "esme",
            password: "secret",
            authority: None,
            messages: 1,
        };
        let esme = library.start(&way, dir.path())?;
        smsc.wait_bound(1, SOON)?;
        smsc.deliver([Message::new(DESTINATION, SOURCE, b"an answer")]);
        let told = esme.finish()?;
        // It has the SMSC's ids, and it was told of the same.
        let count = told.expect_receipts("DELIVRD")?;
        assert_eq!(smsc.read(|book| book.submits.len()), count);
        assert_eq!(told.messages()?.len(), 1);
        smsc.wait("unbind", SOON, |book| book.unbinds == 1)?;
    }
    Ok(())
}

#[test]
fn node_smpp_and_kannel_do_before_each_other_what_they_say() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let mut smsc = NodeSmsc::start(at(10), None, dir.path())?;
    let ip = Ipv4Addr::new(127, 0, 165, 11);
    let sink_at = SocketAddr::from((ip, 8088));
    let sink = Sink::start(sink_at)?;
    let config = Config {
        dir: dir.path().to_path_buf(),
        smsc: at(10),
        system_id: "kannel".to_owned(),
        password: "secret".to_owned(),
        port: 26_600,
        authority: None,
        sink: sink_at,
    };
    let kannel = config.start()?;
    kannel.wait_online()?;
    kannel.send(&Order {
        from: SOURCE,
        to: DESTINATION,
        text: "hello",
        ucs2: false,
        receipts: Some(sink_at),
    })?;
    assert_eq!(smsc.submits(1)?[0].octets, b"hello");
    sink.wait(2, SOON, |asked| asked.path.starts_with("/dlr"))?;
    let part = Part {
        coding: 0,
        esm_class: 0,
        octets: b"an answer".to_vec(),
    };
    smsc.deliver(DESTINATION, SOURCE, &part)?;
    let asked = sink.wait(1, SOON, |asked| asked.path.starts_with("/mo"))?;
    assert_eq!(parameter(&asked[0].path, "text"), Some(part.octets));
    kannel.stop()?;
    smsc.stop()
}

#[test]
fn a_scripted_esme_keeps_book_before_a_scripted_smsc() -> Result {
    const COUNT: u32 = 5_000;
    let script = Script {
        statuses: [0, 0x45].into(),
        receipts: Receipts::Before,
        ..Script::default()
    };
    let smsc = Smsc::start(at(12), script)?;
    let mut esme = Esme::new(at(12), "esme", "secret", 50);
    let make = |n: u32| Message::new("1", "2", format!("{n}").as_bytes()).registered();
    while !esme.is_done(COUNT) {
        esme.work(COUNT, make, Duration::from_millis(10))?;
    }
    esme.until("receipts", SOON, |esme| {
        esme.receipts.len() == COUNT as usize - 1
    })?;
    assert_eq!(esme.refused, [(1, 0x45)]);
    assert_eq!(esme.taken.len(), COUNT as usize - 1);
    smsc.wait("answers", SOON, |book| {
        book.answers.len() == COUNT as usize - 1
    })?;
    esme.leave()?;
    let load = Load::new(at(12), "esme", "secret", "3");
    let figures = load::run(&load, Until::Answered(10_000))?.expect_good()?;
    assert_eq!(figures.good(), 10_000);
    Ok(())
}
