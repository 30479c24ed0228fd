//! TPDUs octet by octet.

use strowger_sms::proto::text::{Class, Concat, Dcs, Language, Shift};
use strowger_sms::proto::tpdu::{
    Address, Carrier, Command, Deliver, DeliverReport, Direction, Optional, StatusReport, Submit,
    SubmitReport, Timestamp, Tpdu, TpduFault, UserData, Validity, failure, status, ton,
};

use crate::hex;

fn down(octets: &str) -> Tpdu {
    Tpdu::parse(Direction::ToPhone, Carrier::Data, &hex(octets)).expect("a TPDU")
}

fn up(octets: &str) -> Tpdu {
    Tpdu::parse(Direction::ToCentre, Carrier::Data, &hex(octets)).expect("a TPDU")
}

#[test]
fn deliver() {
    let octets = "04 0B C8 7238880900F1 00 00 99309251619580 0A E8329BFD4697D9EC37";
    let expected = Deliver {
        more_to_send: false,
        originator: Address {
            ton: ton::SUBSCRIBER,
            npi: 8,
            value: "27838890001".into(),
        },
        // 29 March 1999, 15:16:59, two hours east.
        timestamp: Timestamp::new(922_713_419, 8),
        user_data: UserData::of(b"hellohello".to_vec()),
        ..Deliver::default()
    };
    assert_eq!(down(octets), Tpdu::Deliver(expected.clone()));
    assert_eq!(expected.encode(), Ok(hex(octets)));
    assert_eq!(
        (expected.timestamp.unix(), expected.timestamp.quarters()),
        (Some(922_713_419), 8)
    );
    assert_eq!(expected.user_data.text(expected.dcs).text, "hellohello");
}

#[test]
fn submit() {
    let octets = "11 00 0B 91 6407281553F8 00 00 AA 0A E8329BFD4697D9EC37";
    let expected = Submit {
        destination: Address::of("+46708251358"),
        validity: Validity::Relative(0xaa),
        user_data: UserData::of(b"hellohello".to_vec()),
        ..Submit::default()
    };
    assert_eq!(up(octets), Tpdu::Submit(expected.clone()));
    assert_eq!(expected.encode(), Ok(hex(octets)));
    assert_eq!(expected.validity.until(0), Some(4 * 86_400));
}

#[test]
fn submit_with_every_flag_and_an_absolute_validity() {
    let submit = Submit {
        reject_duplicates: true,
        reply_path: true,
        status_report: true,
        reference: 0xfe,
        destination: Address::of("123*#"),
        protocol_id: 0x39,
        dcs: Dcs(0x18),
        validity: Validity::Absolute(Timestamp::new(1_795_284_610, -14)),
        user_data: UserData {
            header: vec![5, 0, 3, 9, 2, 1],
            body: vec![0x26, 0x03],
        },
    };
    let octets = "FD FE 05 81 21A3FB 39 18 62111241040149 08 050003090201 2603";
    assert_eq!(submit.encode(), Ok(hex(octets)));
    assert_eq!(up(octets), Tpdu::Submit(submit.clone()));
    assert_eq!(submit.dcs.class(), Some(Class::Flash));
    assert_eq!(submit.validity.until(0), Some(1_795_284_610));
    let udh = submit.user_data.udh().expect("a header");
    assert_eq!(udh.concat(), Concat::new(9, 2, 1, false));
    assert_eq!(submit.user_data.text(submit.dcs).text, "☃");
}

#[test]
fn a_name_for_a_sender() {
    for (name, semi_octets) in [("A", 2), ("Strowger", 14), ("12345678901", 20), ("€uro", 9)] {
        let deliver = Deliver {
            originator: Address {
                ton: ton::ALPHANUMERIC,
                npi: 0,
                value: name.into(),
            },
            ..Deliver::default()
        };
        let octets = deliver.encode().expect("it fits");
        assert_eq!((octets[1], octets[2]), (semi_octets, 0xd0), "{name}");
        let read = Tpdu::parse(Direction::ToPhone, Carrier::Data, &octets);
        assert_eq!(read, Ok(Tpdu::Deliver(deliver)));
    }
    assert_eq!(Address::of("Strowger").ton, ton::ALPHANUMERIC);
    assert_eq!(Address::of("+").ton, ton::ALPHANUMERIC);
    assert_eq!(Address::of("0049").ton, ton::UNKNOWN);
}

/// TS 23.040 9.2.3.16: the length counts septets, also those that the header takes.
#[test]
fn seven_septets_behind_headers_of_all_lengths() {
    for extra in 0..20 {
        let header = [&[extra + 2, 0x70, extra][..], &vec![0; usize::from(extra)]].concat();
        let data = UserData {
            header,
            body: b"1234567".to_vec(),
        };
        let deliver = Deliver {
            user_data: data.clone(),
            ..Deliver::default()
        };
        let octets = deliver.encode().expect("it fits");
        match Tpdu::parse(Direction::ToPhone, Carrier::Data, &octets) {
            Ok(Tpdu::Deliver(read)) => assert_eq!(read.user_data, data, "{extra}"),
            other => panic!("{other:?}"),
        }
    }
    let plain = Deliver {
        user_data: UserData::of(b"1234567".to_vec()),
        ..Deliver::default()
    };
    let octets = plain.encode().expect("it fits");
    assert_eq!(octets[octets.len() - 8..], hex("07 31D98C56B3DD00"));
    assert_eq!(
        Tpdu::parse(Direction::ToPhone, Carrier::Data, &octets),
        Ok(Tpdu::Deliver(plain))
    );
}

#[test]
fn a_text_in_a_language_of_its_own() {
    let data = UserData {
        header: vec![6, 0x25, 1, 1, 0x24, 1, 1],
        body: vec![0x1c, 0x1d, 0x1b, 0x49],
    };
    assert_eq!(
        data.udh().map(|u| u.shift()),
        Some(Shift::both(Language::Turkish))
    );
    assert_eq!(data.text(Dcs(0)).text, "Şşİ");
}

#[test]
fn status_report() {
    let octets = "06 2A 0B 91 6407281553F8 62111281018000 62111281218000 00";
    let expected = StatusReport {
        reference: 0x2a,
        recipient: Address::of("+46708251358"),
        timestamp: Timestamp([0x62, 0x11, 0x12, 0x81, 0x01, 0x80, 0x00]),
        discharge: Timestamp([0x62, 0x11, 0x12, 0x81, 0x21, 0x80, 0x00]),
        status: status::RECEIVED,
        ..StatusReport::default()
    };
    assert_eq!(down(octets), Tpdu::StatusReport(expected.clone()));
    assert_eq!(expected.encode(), Ok(hex(octets)));
    assert_eq!(status::outcome(expected.status), status::Outcome::Done);
    let with_text = StatusReport {
        of_command: true,
        loop_prevention: true,
        more_to_send: true,
        optional: Some(Optional {
            protocol_id: Some(0),
            dcs: Some(Dcs(4)),
            user_data: Some(UserData::of(vec![1, 2, 3])),
        }),
        ..expected
    };
    let octets = "2A 2A 0B 91 6407281553F8 62111281018000 62111281218000 00 07 00 04 03 010203";
    assert_eq!(with_text.encode(), Ok(hex(octets)));
    assert_eq!(down(octets), Tpdu::StatusReport(with_text));
}

#[test]
fn reports_at_once() {
    let parse = |direction, carrier, octets: &str| Tpdu::parse(direction, carrier, &hex(octets));
    let report = DeliverReport::default();
    assert_eq!(report.encode(), Ok(hex("00 00")));
    let read = parse(Direction::ToCentre, Carrier::Ack, "00 00");
    assert_eq!(read, Ok(Tpdu::DeliverReport(report)));
    let refused = DeliverReport {
        failure: Some(failure::MEMORY),
        optional: Optional {
            user_data: Some(UserData::of(b"full".to_vec())),
            ..Optional::default()
        },
    };
    let octets = "00 D3 04 04 E6 3A 9B 0D";
    assert_eq!(refused.encode(), Ok(hex(octets)));
    let read = parse(Direction::ToCentre, Carrier::Error, octets);
    assert_eq!(read, Ok(Tpdu::DeliverReport(refused)));
    let report = SubmitReport {
        timestamp: Timestamp::new(1_795_284_610, 0),
        ..SubmitReport::default()
    };
    assert_eq!(report.encode(), Ok(hex("01 00 62111281010100")));
    let read = parse(Direction::ToPhone, Carrier::Ack, "01 00 62111281010100");
    assert_eq!(read, Ok(Tpdu::SubmitReport(report.clone())));
    let refused = SubmitReport {
        failure: Some(failure::BARRED),
        ..report
    };
    assert_eq!(refused.encode(), Ok(hex("01 C4 00 62111281010100")));
    let read = parse(
        Direction::ToPhone,
        Carrier::Error,
        "01 C4 00 62111281010100",
    );
    assert_eq!(read, Ok(Tpdu::SubmitReport(refused)));
    // An indicator with more octets, whose fields nobody knows.
    let read = parse(Direction::ToCentre, Carrier::Ack, "00 81 80 00 39");
    assert!(matches!(read, Ok(Tpdu::DeliverReport(r)) if r.optional.protocol_id == Some(0x39)));
}

#[test]
fn command() {
    let octets = "22 05 00 02 2A 0B 91 6407281553F8 02 AABB";
    let expected = Command {
        status_report: true,
        reference: 5,
        command: 2,
        message: 0x2a,
        destination: Address::of("+46708251358"),
        data: vec![0xaa, 0xbb],
        ..Command::default()
    };
    assert_eq!(up(octets), Tpdu::Command(expected.clone()));
    assert_eq!(expected.encode(), Ok(hex(octets)));
}

#[test]
fn times_that_are_none_pass_through() {
    let odd = Timestamp([0xff, 0x2f, 0x30, 0x42, 0x00, 0x00, 0x00]);
    assert_eq!(odd.unix(), None);
    let zone = |octet| Timestamp([0x62, 0x11, 0x12, 0x81, 0x01, 0x01, octet]);
    assert_eq!((zone(0x0a).quarters(), zone(0x21).quarters()), (-20, 12));
    assert_eq!(zone(0x21).unix(), Some(1_795_284_610 - 12 * 900));
    for quarters in -79..=79 {
        let time = Timestamp::new(1_795_284_610, quarters);
        assert_eq!(
            (time.unix(), time.quarters()),
            (Some(1_795_284_610), quarters)
        );
    }
}

#[test]
fn what_is_cut_off_names_the_field() {
    let octets = hex("04 0B 91 7238880900F1 00 00 99309251619580 0A E8329BFD4697D9EC37");
    let fields: Vec<_> = (0..octets.len())
        .map(|n| Tpdu::parse(Direction::ToPhone, Carrier::Data, &octets[..n]))
        .map(|read| match read {
            Err(TpduFault::Truncated { field }) => field,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(fields[0], "TP-MTI");
    assert_eq!(fields[1..9], ["TP-OA"; 8]);
    assert_eq!(fields[9..11], ["TP-PID", "TP-DCS"]);
    assert_eq!(fields[11..18], ["TP-SCTS"; 7]);
    assert_eq!(fields[18], "TP-UDL");
    assert_eq!(fields[19..], ["TP-UD"; 9]);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let down = |octets: &str| Tpdu::parse(Direction::ToPhone, Carrier::Data, &hex(octets));
    let up = |octets: &str| Tpdu::parse(Direction::ToCentre, Carrier::Data, &hex(octets));
    let too_long = |field| Err(TpduFault::TooLong { field });
    assert_eq!(
        up("01 00 15 91 0000000000000000000000 00 00 00"),
        too_long("TP-DA")
    );
    assert_eq!(
        up(&format!("01 00 02 91 21 00 04 8D {}", "00".repeat(141))),
        too_long("TP-UDL")
    );
    assert_eq!(up("01 00 02 91 21 00 00 A1"), too_long("TP-UDL"));
    assert!(matches!(
        up("41 00 02 91 21 00 04 02 0500"),
        Err(TpduFault::Header(_))
    ));
    assert_eq!(down("03"), Err(TpduFault::Type { mti: 3 }));
    assert_eq!(down("01 00"), Err(TpduFault::Type { mti: 1 }));
    assert_eq!(up("00 00"), Err(TpduFault::Type { mti: 0 }));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let to = |value: &str| Submit {
        destination: Address::of(value),
        ..Submit::default()
    };
    assert!(to("12345678901234567890").encode().is_ok());
    let too_long = |field| Err(TpduFault::TooLong { field });
    assert_eq!(to("123456789012345678901").encode(), too_long("TP-DA"));
    assert_eq!(to("twelve chars").encode(), too_long("TP-DA"));
    let odd = Err(TpduFault::Character { field: "TP-DA" });
    assert_eq!(to("日本").encode(), odd);
    let with = |dcs, length| Submit {
        dcs: Dcs(dcs),
        user_data: UserData::of(vec![b'a'; length]),
        ..to("1")
    };
    assert!(with(0, 160).encode().is_ok() && with(4, 140).encode().is_ok());
    assert_eq!(with(0, 161).encode(), too_long("TP-UD"));
    assert_eq!(with(4, 141).encode(), too_long("TP-UD"));
}
