//! Any field of any TPDU, written and read again.

use proptest::prelude::*;
use strowger_sms::proto::rp::{Message, Rp};
use strowger_sms::proto::text::Dcs;
use strowger_sms::proto::tpdu::{
    Address, Carrier, Command, Deliver, DeliverReport, Direction, Optional, StatusReport, Submit,
    SubmitReport, Timestamp, Tpdu, UserData, Validity,
};

fn address() -> impl Strategy<Value = Address> {
    let number = (0_u8..5, 0_u8..16, "[0-9*#abc]{0,20}");
    let name = (Just(5_u8), 0_u8..16, "[A-Za-z0-9 ]{0,11}");
    prop_oneof![number, name].prop_map(|(ton, npi, value)| Address { ton, npi, value })
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    any::<[u8; 7]>().prop_map(Timestamp)
}

fn validity() -> impl Strategy<Value = Validity> {
    prop_oneof![
        Just(Validity::None),
        any::<u8>().prop_map(Validity::Relative),
        timestamp().prop_map(Validity::Absolute),
        any::<[u8; 7]>().prop_map(Validity::Enhanced),
    ]
}

/// A coding with user data that it can have.
fn content(longest: usize) -> impl Strategy<Value = (Dcs, UserData)> {
    let element = (any::<u8>(), proptest::collection::vec(any::<u8>(), 0..12));
    let elements = proptest::collection::vec(element, 0..4);
    let body = proptest::collection::vec(any::<u8>(), 0..longest);
    (any::<u8>(), elements, body).prop_map(move |(dcs, elements, mut body)| {
        let dcs = Dcs(dcs);
        let mut header = Vec::new();
        for (id, data) in elements {
            header.extend([id, data.len() as u8]);
            header.extend(data);
        }
        if !header.is_empty() {
            header.insert(0, header.len() as u8);
        }
        if dcs.is_septets() {
            body.iter_mut().for_each(|s| *s &= 0x7f);
            body.truncate((longest.saturating_sub(header.len() + 1)) * 8 / 7);
        } else {
            body.truncate(longest.saturating_sub(header.len()));
        }
        (dcs, UserData { header, body })
    })
}

fn optional() -> impl Strategy<Value = Optional> {
    let content = proptest::option::of(content(120));
    (proptest::option::of(any::<u8>()), content).prop_map(|(protocol_id, content)| {
        let (dcs, user_data) = content.unzip();
        Optional {
            protocol_id,
            dcs,
            user_data,
        }
    })
}

fn deliver() -> impl Strategy<Value = Tpdu> {
    let fields = (
        any::<[bool; 4]>(),
        address(),
        any::<u8>(),
        timestamp(),
        content(140),
    );
    fields.prop_map(
        |(flags, originator, protocol_id, timestamp, (dcs, user_data))| {
            Tpdu::Deliver(Deliver {
                more_to_send: flags[0],
                loop_prevention: flags[1],
                reply_path: flags[2],
                status_report: flags[3],
                originator,
                protocol_id,
                dcs,
                timestamp,
                user_data,
            })
        },
    )
}

fn submit() -> impl Strategy<Value = Tpdu> {
    let fields = (
        any::<[bool; 3]>(),
        any::<[u8; 2]>(),
        address(),
        validity(),
        content(140),
    );
    fields.prop_map(|(flags, octets, destination, validity, (dcs, user_data))| {
        Tpdu::Submit(Submit {
            reject_duplicates: flags[0],
            reply_path: flags[1],
            status_report: flags[2],
            reference: octets[0],
            destination,
            protocol_id: octets[1],
            dcs,
            validity,
            user_data,
        })
    })
}

fn status_report() -> impl Strategy<Value = Tpdu> {
    let optional = proptest::option::of(optional());
    let fields = (
        any::<[bool; 3]>(),
        any::<[u8; 2]>(),
        address(),
        timestamp(),
        optional,
    );
    fields.prop_map(|(flags, octets, recipient, timestamp, optional)| {
        Tpdu::StatusReport(StatusReport {
            more_to_send: flags[0],
            loop_prevention: flags[1],
            of_command: flags[2],
            reference: octets[0],
            recipient,
            timestamp,
            discharge: timestamp,
            status: octets[1],
            optional,
        })
    })
}

fn command() -> impl Strategy<Value = Tpdu> {
    let data = proptest::collection::vec(any::<u8>(), 0..150);
    let fields = (any::<[bool; 2]>(), any::<[u8; 4]>(), address(), data);
    fields.prop_map(|(flags, octets, destination, data)| {
        Tpdu::Command(Command {
            status_report: flags[0],
            has_header: flags[1],
            reference: octets[0],
            protocol_id: octets[1],
            command: octets[2],
            message: octets[3],
            destination,
            data,
        })
    })
}

fn check(direction: Direction, carrier: Carrier, tpdu: &Tpdu) -> Result<(), TestCaseError> {
    let octets = tpdu.encode().expect("it fits");
    let read = Tpdu::parse(direction, carrier, &octets);
    prop_assert_eq!(read.as_ref(), Ok(tpdu));
    for cut in 0..octets.len() {
        // What is left of it may be another TPDU without its optional fields, but is read without harm.
        let _ = Tpdu::parse(direction, carrier, &octets[..cut]);
    }
    Ok(())
}

proptest! {
    #[test]
    fn to_the_phone(tpdu in prop_oneof![deliver(), status_report()]) {
        check(Direction::ToPhone, Carrier::Data, &tpdu)?;
    }

    #[test]
    fn to_the_centre(tpdu in prop_oneof![submit(), command()]) {
        check(Direction::ToCentre, Carrier::Data, &tpdu)?;
    }

    #[test]
    fn reports(failure in proptest::option::of(any::<u8>()), timestamp in timestamp(), optional in optional()) {
        let carrier = if failure.is_some() { Carrier::Error } else { Carrier::Ack };
        let report = Tpdu::DeliverReport(DeliverReport { failure, optional: optional.clone() });
        check(Direction::ToCentre, carrier, &report)?;
        let report = Tpdu::SubmitReport(SubmitReport { failure, timestamp, optional });
        check(Direction::ToPhone, carrier, &report)?;
    }

    #[test]
    fn relay(
        reference: u8,
        to_phone: bool,
        digits in "[0-9]{0,20}",
        tpdu in proptest::collection::vec(any::<u8>(), 0..233),
        code in 0_u8..128,
        diagnostic in proptest::option::of(any::<u8>()),
    ) {
        let direction = if to_phone { Direction::ToPhone } else { Direction::ToCentre };
        let centre = Some(Address { ton: 1, npi: 1, value: digits }).filter(|a| !a.value.is_empty());
        for message in [
            Message::Data { centre, tpdu: tpdu.clone() },
            Message::Ack { tpdu: Some(tpdu.clone()) },
            Message::Ack { tpdu: None },
            Message::Error { cause: code, diagnostic, tpdu: Some(tpdu.clone()) },
        ] {
            let rp = Rp { direction, reference, message };
            prop_assert_eq!(Rp::parse(&rp.encode().expect("it fits")), Ok(rp));
        }
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Rp::parse(&octets);
        for direction in [Direction::ToCentre, Direction::ToPhone] {
            for carrier in [Carrier::Data, Carrier::Ack, Carrier::Error] {
                let _ = Tpdu::parse(direction, carrier, &octets);
            }
        }
    }
}
