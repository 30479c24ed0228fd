//! TPDUs and what carries them.

use crate::proto::rp::Rp;
use crate::proto::tpdu::{Carrier, Direction, Timestamp, Tpdu, TpduFault, UserData};

/// The first byte says which way it goes and what carries it: what is read is written and read again the same.
pub fn sms_tpdu(data: &[u8]) {
    let Some((&how, octets)) = data.split_first() else {
        return;
    };
    let direction = if how & 1 == 0 {
        Direction::ToCentre
    } else {
        Direction::ToPhone
    };
    let carrier = match how >> 1 & 3 {
        0 => Carrier::Ack,
        1 => Carrier::Error,
        _ => Carrier::Data,
    };
    if let Ok(tpdu) = Tpdu::parse(direction, carrier, octets) {
        look(&tpdu);
        let written = match tpdu.encode() {
            Ok(written) => written,
            // A name that had no characters in some of its septets.
            Err(TpduFault::Character { .. }) if is_broken(&tpdu) => return,
            Err(fault) => panic!("what was read cannot be written: {fault}: {tpdu:?}"),
        };
        let again = Tpdu::parse(direction, carrier, &written);
        assert_eq!(again.as_ref(), Ok(&tpdu), "written otherwise");
    }
}

/// A message of the relay layer: read, written, read again the same; what is refused has an answer that can be read.
pub fn sms_rp(data: &[u8]) {
    match Rp::parse(data) {
        Ok(rp) => {
            let written = rp
                .encode()
                .unwrap_or_else(|fault| panic!("{fault}: {rp:?}"));
            assert_eq!(Rp::parse(&written).as_ref(), Ok(&rp), "written otherwise");
            for reply in [rp.ack(None), rp.error(96, None)] {
                let octets = reply.encode().unwrap_or_default();
                assert_eq!(Rp::parse(&octets), Ok(reply));
            }
            if let Some(Ok(tpdu)) = rp.tpdu() {
                look(&tpdu);
            }
        }
        Err(fault) => {
            if let Some(answer) = fault.answer(Direction::ToCentre) {
                let octets = answer.encode().unwrap_or_default();
                assert_eq!(Rp::parse(&octets), Ok(answer));
            }
        }
    }
}

fn look(tpdu: &Tpdu) {
    let time = |timestamp: Timestamp| {
        if let Some(unix) = timestamp.unix() {
            let again = Timestamp::new(unix, timestamp.quarters());
            assert_eq!(again.unix(), Some(unix));
        }
    };
    let user_data = |data: &UserData| {
        if let Some(udh) = data.udh() {
            let _ = (udh.concat(), udh.shift(), udh.ports());
        }
    };
    match tpdu {
        Tpdu::Deliver(deliver) => {
            time(deliver.timestamp);
            user_data(&deliver.user_data);
            let _ = deliver.user_data.text(deliver.dcs);
        }
        Tpdu::Submit(submit) => {
            let _ = (submit.validity.until(0), submit.user_data.text(submit.dcs));
            user_data(&submit.user_data);
        }
        Tpdu::StatusReport(report) => {
            time(report.timestamp);
            time(report.discharge);
        }
        Tpdu::SubmitReport(report) => time(report.timestamp),
        Tpdu::DeliverReport(_) | Tpdu::Command(_) => {}
    }
}

fn is_broken(tpdu: &Tpdu) -> bool {
    let address = match tpdu {
        Tpdu::Deliver(deliver) => &deliver.originator,
        Tpdu::Submit(submit) => &submit.destination,
        Tpdu::StatusReport(report) => &report.recipient,
        Tpdu::Command(command) => &command.destination,
        Tpdu::DeliverReport(_) | Tpdu::SubmitReport(_) => return false,
    };
    address.value.contains(char::REPLACEMENT_CHARACTER)
}
