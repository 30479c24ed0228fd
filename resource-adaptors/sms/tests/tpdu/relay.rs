//! The relay layer octet by octet.

use strowger_sms::proto::rp::{Message, Rp, RpFault, cause};
use strowger_sms::proto::tpdu::{Address, Direction, Submit, Tpdu, UserData};

use crate::hex;

#[test]
fn data_to_the_centre() {
    let submit = Submit {
        reference: 5,
        destination: Address::of("12345"),
        user_data: UserData::of(b"hi".to_vec()),
        ..Submit::default()
    };
    let rp = Rp {
        direction: Direction::ToCentre,
        reference: 7,
        message: Message::Data {
            centre: Some(Address::of("+4479730799")),
            tpdu: submit.encode().expect("it fits"),
        },
    };
    let written = rp.encode().expect("it fits");
    assert_eq!(Rp::parse(&written), Ok(rp.clone()));
    assert_eq!(
        written,
        hex("00 07 00 06 91 4497377099 0C 01 05 05 81 2143F5 00 00 02 E834")
    );
    assert_eq!(rp.tpdu(), Some(Ok(Tpdu::Submit(submit))));
}

#[test]
fn data_to_the_phone() {
    let octets = hex("01 2A 04 91 214365 00 02 0403");
    let rp = Rp {
        direction: Direction::ToPhone,
        reference: 0x2a,
        message: Message::Data {
            centre: Some(Address::of("+123456")),
            tpdu: vec![4, 3],
        },
    };
    assert_eq!(rp.encode(), Ok(octets.clone()));
    assert_eq!(Rp::parse(&octets), Ok(rp));
}

#[test]
fn answers() {
    let data = Rp::parse(&hex("00 07 00 00 01 00")).expect("a message");
    assert_eq!(data.ack(None).encode(), Ok(hex("03 07")));
    assert_eq!(
        data.ack(Some(vec![1, 0])).encode(),
        Ok(hex("03 07 41 02 0100"))
    );
    assert_eq!(
        data.error(cause::CONGESTION, None).encode(),
        Ok(hex("05 07 01 2A"))
    );
    let down = Rp::parse(&hex("01 07 00 00 01 00")).expect("a message");
    assert_eq!(down.ack(None).encode(), Ok(hex("02 07")));
    let error = Rp::parse(&hex("04 07 02 96 01 41 02 00D3")).expect("a message");
    let expected = Message::Error {
        cause: cause::MEMORY,
        diagnostic: Some(1),
        tpdu: Some(vec![0, 0xd3]),
    };
    assert_eq!(
        (error.direction, &error.message),
        (Direction::ToCentre, &expected)
    );
    assert_eq!(
        Rp::parse(&hex("06 09")).map(|rp| rp.message),
        Ok(Message::MemoryAvailable)
    );
    for octets in [
        "02 07",
        "02 07 41 00",
        "03 07 41 01 00",
        "06 09",
        "04 01 01 16",
    ] {
        let rp = Rp::parse(&hex(octets)).expect("a message");
        assert_eq!(rp.encode(), Ok(hex(octets)));
    }
}

/// TS 24.011 9.3: what is answered to what is no message.
#[test]
fn what_is_wrong_is_answered() {
    let answer = |octets: &str| {
        let fault = Rp::parse(&hex(octets)).expect_err("it is wrong");
        let answer = fault.answer(Direction::ToCentre);
        answer.map(|rp| rp.encode().expect("it fits"))
    };
    for short in ["", "00"] {
        assert_eq!(answer(short), None);
    }
    assert_eq!(
        answer("07 09"),
        Some(hex("05 09 01 61")),
        "message type non-existent"
    );
    for invalid in [
        "00 09",
        "00 09 00",
        "00 09 00 00",
        "00 09 00 0C 91 0000000000000000000000 00",
        "00 09 00 00 05 01",
        "04 09",
        "04 09 00",
        "04 09 03 010203",
        "02 09 41 05 00",
    ] {
        assert_eq!(answer(invalid), Some(hex("05 09 01 60")), "{invalid}");
    }
    let long = format!("00 09 00 00 EA {}", "00".repeat(234));
    assert_eq!(answer(&long), Some(hex("05 09 01 60")));
    assert_eq!(Rp::parse(&[]), Err(RpFault::Short));
}

#[test]
fn elements_that_nobody_knows_are_passed_over() {
    let rp = Rp::parse(&hex("02 07 55 02 AABB 41 01 00")).expect("a message");
    assert_eq!(
        rp.message,
        Message::Ack {
            tpdu: Some(vec![0])
        }
    );
    let rp = Rp::parse(&hex("02 07 A1 41 01 00")).expect("a message");
    assert_eq!(
        rp.message,
        Message::Ack {
            tpdu: Some(vec![0])
        }
    );
}
