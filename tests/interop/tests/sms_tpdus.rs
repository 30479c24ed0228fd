//! TPDUs and what carries them, as tshark reads them: in SIP MESSAGE, as over IMS.
//!
//! tshark names the languages of a header, and reads every text by the default alphabet.

use std::fs;
use std::process::Command;

use strowger_sms::proto::rp::{Message, Rp, cause};
use strowger_sms::proto::text::{Alphabet, Dcs, Language, Reference, Shift, choose, split};
use strowger_sms::proto::tpdu::{
    self, Address, Deliver, DeliverReport, Direction, StatusReport, Submit, SubmitReport,
    Timestamp, Tpdu, UserData, Validity, failure,
};

/// What is compared; of the last ones none may be there.
const FIELDS: [&str; 24] = [
    "gsm_a.rp.msg_type",
    "gsm_a.rp.rp_message_reference",
    "gsm_a.rp.cause",
    "gsm_sms.tp-mti",
    "gsm_sms.tp-oa",
    "gsm_sms.tp-da",
    "gsm_sms.tp-ra",
    "gsm_sms.tp-mr",
    "gsm_sms.tp-dcs",
    "gsm_sms.tp-fcs",
    "gsm_sms.tp.user_data_length",
    "gsm_sms.sms_text",
    "gsm_sms.udh.mm.msg_id",
    "gsm_sms.udh.mm.msg_parts",
    "gsm_sms.udh.mm.msg_part",
    "gsm_sms.dis_iei_lang.locking_shift",
    "gsm_sms.dis_iei_lang.single_shift",
    "gsm_sms.scts.year",
    "gsm_sms.scts.seconds",
    "_ws.malformed",
    "gsm_sms.short_data",
    "gsm_sms.unexpected_data_length",
    "gsm_a.rp.extraneous_data",
    "gsm_a.rp.missing_mandatory_element",
];

/// A message and what it says, by field.
type Case = (Rp, Vec<(&'static str, String)>);

#[test]
fn tshark_reads_what_we_write() {
    let mut cases = texts();
    cases.extend(reports());
    let captured: Vec<_> = cases
        .iter()
        .map(|(rp, _)| rp.encode().expect("it fits"))
        .collect();
    let rows = tshark(&captured);
    assert_eq!(rows.len(), cases.len());
    for ((rp, said), row) in cases.iter().zip(&rows) {
        for (field, value) in FIELDS.iter().zip(row) {
            let wanted = said.iter().find(|(name, _)| name == field);
            match wanted {
                Some((_, wanted)) => assert_eq!(value, wanted, "{field} of {rp:?}"),
                None if FIELDS[19..].contains(field) => assert_eq!(value, "", "{field} of {rp:?}"),
                None => {}
            }
        }
    }
}

/// Texts in both alphabets and of all lengths, down as SMS-DELIVER and up as SMS-SUBMIT.
fn texts() -> Vec<Case> {
    let long = "The quick brown fox [@£$éÇ€{}~^|] jumps over the lazy dog. ".repeat(12);
    let foreign = "Съешь ещё этих мягких французских булок 😀 да выпей чаю. ".repeat(6);
    let mut all = Vec::new();
    for text in [&long, &foreign] {
        let boundaries: Vec<_> = text.char_indices().map(|(at, _)| at).skip(1).collect();
        for (n, at) in (0_u8..).zip(boundaries.into_iter().step_by(7).take(60)) {
            let alphabet = choose(&text[..at]);
            for part in split(&text[..at], alphabet, Reference::Bits8(n)).expect("it can be cut") {
                let mut said = Vec::new();
                if let Some(concat) = part.concat {
                    said.push(("gsm_sms.udh.mm.msg_id", concat.reference.to_string()));
                    said.push(("gsm_sms.udh.mm.msg_parts", concat.total.to_string()));
                    said.push(("gsm_sms.udh.mm.msg_part", concat.number.to_string()));
                }
                let dcs = Dcs::of(alphabet, None).expect("a coding");
                let data = UserData::from(part);
                said.push(("gsm_sms.sms_text", data.text(dcs).text));
                all.push(down(n, dcs, data.clone(), said.clone()));
                all.push(up(n, dcs, data, said));
            }
        }
    }
    for language in Language::ALL {
        let alphabet = Alphabet::Gsm7Shift(Shift::both(language));
        let part = split("abc", alphabet, Reference::Bits8(1))
            .expect("it fits")
            .remove(0);
        let said = vec![
            (
                "gsm_sms.dis_iei_lang.locking_shift",
                language.id().to_string(),
            ),
            (
                "gsm_sms.dis_iei_lang.single_shift",
                language.id().to_string(),
            ),
            ("gsm_sms.sms_text", "abc".to_owned()),
        ];
        all.push(down(language.id(), Dcs(0), part.into(), said));
    }
    for length in 0..=160 {
        let text = "x".repeat(length);
        let data = UserData::of(text.clone().into_bytes());
        let mut said = vec![("gsm_sms.tp.user_data_length", length.to_string())];
        if length > 0 {
            said.push(("gsm_sms.sms_text", text));
        }
        all.push(up(length as u8, Dcs(0), data, said));
    }
    all
}

fn down(n: u8, dcs: Dcs, user_data: UserData, mut said: Vec<(&'static str, String)>) -> Case {
    let deliver = Deliver {
        originator: Address::of("+491701234567"),
        dcs,
        timestamp: Timestamp::new(1_795_284_610, 4),
        user_data,
        ..Deliver::default()
    };
    said.extend([
        ("gsm_a.rp.msg_type", "0x01".to_owned()),
        ("gsm_a.rp.rp_message_reference", format!("0x{n:02x}")),
        ("gsm_sms.tp-mti", "0".to_owned()),
        ("gsm_sms.tp-oa", "491701234567".to_owned()),
        ("gsm_sms.scts.year", "26".to_owned()),
        ("gsm_sms.scts.seconds", "10".to_owned()),
    ]);
    (data(Direction::ToPhone, n, &Tpdu::Deliver(deliver)), said)
}

fn up(n: u8, dcs: Dcs, user_data: UserData, mut said: Vec<(&'static str, String)>) -> Case {
    let validities = [
        Validity::None,
        Validity::of_seconds(86_400),
        Validity::Absolute(Timestamp::new(1_795_284_610, -20)),
        Validity::Enhanced([2, 90, 0, 0, 0, 0, 0]),
    ];
    let submit = Submit {
        reference: n,
        destination: Address::of("4917#*"),
        validity: validities[usize::from(n) % 4],
        dcs,
        user_data,
        ..Submit::default()
    };
    said.extend([
        ("gsm_a.rp.msg_type", "0x00".to_owned()),
        ("gsm_sms.tp-mti", "1".to_owned()),
        ("gsm_sms.tp-da", "4917#*".to_owned()),
        ("gsm_sms.tp-mr", n.to_string()),
    ]);
    (data(Direction::ToCentre, n, &Tpdu::Submit(submit)), said)
}

fn data(direction: Direction, reference: u8, tpdu: &Tpdu) -> Rp {
    Rp {
        direction,
        reference,
        message: Message::Data {
            centre: Some(Address::of("+491710760000")),
            tpdu: tpdu.encode().expect("it fits"),
        },
    }
}

/// Status reports, acknowledgements and errors.
fn reports() -> Vec<Case> {
    let status = data(Direction::ToPhone, 1, &expired());
    let memory = DeliverReport {
        failure: Some(failure::MEMORY),
        ..DeliverReport::default()
    };
    let delivered = down(9, Dcs(0), UserData::of(b"a".to_vec()), Vec::new()).0;
    let submitted = up(8, Dcs(0), UserData::of(b"a".to_vec()), Vec::new()).0;
    let taken = SubmitReport {
        timestamp: Timestamp::new(1_795_284_610, 0),
        ..SubmitReport::default()
    };
    let said = |fields: &[(&'static str, &str)]| {
        fields
            .iter()
            .map(|&(name, value)| (name, value.to_owned()))
            .collect::<Vec<_>>()
    };
    vec![
        (
            status,
            said(&[
                ("gsm_sms.tp-mti", "2"),
                ("gsm_sms.tp-ra", "Strowger"),
                ("gsm_sms.tp-mr", "77"),
            ]),
        ),
        (
            delivered.ack(None),
            said(&[
                ("gsm_a.rp.msg_type", "0x02"),
                ("gsm_a.rp.rp_message_reference", "0x09"),
            ]),
        ),
        (
            delivered.error(cause::MEMORY, memory.encode().ok()),
            said(&[
                ("gsm_a.rp.msg_type", "0x04"),
                ("gsm_a.rp.cause", "22"),
                ("gsm_sms.tp-fcs", "0xd3"),
            ]),
        ),
        (
            submitted.ack(taken.encode().ok()),
            said(&[
                ("gsm_a.rp.msg_type", "0x03"),
                ("gsm_sms.tp-mti", "1"),
                ("gsm_sms.scts.year", "26"),
            ]),
        ),
        (
            submitted.error(cause::CONGESTION, None),
            said(&[("gsm_a.rp.msg_type", "0x05"), ("gsm_a.rp.cause", "42")]),
        ),
        (
            Rp {
                direction: Direction::ToCentre,
                reference: 3,
                message: Message::MemoryAvailable,
            },
            said(&[("gsm_a.rp.msg_type", "0x06")]),
        ),
    ]
}

fn expired() -> Tpdu {
    Tpdu::StatusReport(StatusReport {
        reference: 77,
        recipient: Address::of("Strowger"),
        timestamp: Timestamp::new(1_795_284_610, 0),
        discharge: Timestamp::new(1_795_284_670, 0),
        status: tpdu::status::EXPIRED,
        ..StatusReport::default()
    })
}

/// The fields of each message, in its order.
fn tshark(messages: &[Vec<u8>]) -> Vec<Vec<String>> {
    let dir = tempfile::tempdir().expect("a directory");
    let capture = dir.path().join("sms.pcap");
    fs::write(&capture, pcap(messages)).expect("a capture");
    let mut command = Command::new("tshark");
    // Else it shows the text of all parts at the last of them.
    command.args([
        "-n",
        "-o",
        "gsm_sms.reassemble:FALSE",
        "-T",
        "fields",
        "-E",
        "separator=\u{1}",
        "-r",
    ]);
    command.arg(&capture);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    let out = command.output().expect("tshark");
    let text = String::from_utf8(out.stdout).expect("text");
    text.lines()
        .map(|line| line.split('\u{1}').map(str::to_owned).collect())
        .collect()
}

/// Raw IPv4, a datagram of SIP a packet.
fn pcap(messages: &[Vec<u8>]) -> Vec<u8> {
    let words = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101];
    let mut out: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    for (n, body) in messages.iter().enumerate() {
        let mut sip = format!(
            "MESSAGE sip:a@127.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{n}\r\n\
             From: <sip:b@127.0.0.1>;tag=1\r\nTo: <sip:a@127.0.0.2>\r\nCall-ID: {n}\r\nCSeq: 1 MESSAGE\r\n\
             Max-Forwards: 70\r\nContent-Type: application/vnd.3gpp.sms\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        sip.extend(body);
        let length = |n: usize| u16::try_from(n).expect("a datagram").to_be_bytes();
        let mut packet = vec![0x45, 0];
        packet.extend(length(28 + sip.len()));
        packet.extend([0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2]);
        packet.extend([0x13, 0xc4, 0x13, 0xc4]);
        packet.extend(length(8 + sip.len()));
        packet.extend([0, 0]);
        packet.extend(sip);
        let length = u32::try_from(packet.len()).expect("a packet").to_le_bytes();
        out.extend([[0; 4], [0; 4], length, length].concat());
        out.extend(packet);
    }
    out
}
