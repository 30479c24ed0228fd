//! Another reader and writer of TPDUs says the same: the crate `sms-pdu`, both ways. It puts the service centre's address in front
//! of each; here there is none, which is an octet 0.

use proptest::prelude::*;
use sms_pdu::gsm_encoding::GsmMessageData;
use sms_pdu::pdu::{DeliverPdu, PduAddress, StatusReportPdu, SubmitPdu};
use strowger_sms::proto::text::{Dcs, Reference, choose, decode, split};
use strowger_sms::proto::tpdu::{
    Address, Carrier, Deliver, Direction, StatusReport, Timestamp, Tpdu,
};

/// Seconds of the years 2000 to 2089.
const TIMES: std::ops::Range<i64> = 946_684_800..3_786_912_000;

fn with_centre(tpdu: &[u8]) -> Vec<u8> {
    [&[0], tpdu].concat()
}

proptest! {
    #[test]
    fn it_reads_what_we_write(
        text in "[a-zA-Z0-9 @£$éÇ€\\[\\]{}~^|]{1,600}|[ж😀a-z]{1,300}",
        number in "[0-9]{1,20}",
        n: u8,
        unix in TIMES,
    ) {
        let alphabet = choose(&text);
        let parts = split(&text, alphabet, Reference::Bits8(n)).expect("it can be cut");
        let total = parts.len();
        for (number_of, part) in (1..).zip(parts) {
            let said = decode(alphabet, &part.body).text;
            let deliver = Deliver {
                originator: Address::of(&format!("+{number}")),
                dcs: Dcs::of(alphabet, None).expect("a coding"),
                timestamp: Timestamp::new(unix, 4),
                user_data: part.into(),
                ..Deliver::default()
            };
            let octets = with_centre(&deliver.encode().expect("it fits"));
            let theirs = DeliverPdu::try_from(&octets[..]).expect("they read it");
            prop_assert_eq!(theirs.originating_address.to_string(), format!("+{number}"));
            prop_assert_eq!(theirs.scts.timezone, 4);
            let data = theirs.get_message_data().decode_message().expect("they read its text");
            let concat = data.udh.and_then(|udh| udh.get_concatenated_sms_data());
            let concat = concat.map(|c| (c.reference, usize::from(c.parts), c.sequence));
            prop_assert_eq!(concat, (total > 1).then_some((u16::from(n), total, number_of)));
            // It takes the header's septets for the text's, and so reads seven bits that are left over as `@`.
            let padded = format!("{said}@");
            prop_assert!(data.text == said || total > 1 && data.text == padded, "{}", data.text);
        }
    }

    #[test]
    fn we_read_what_it_writes(text in "[a-zA-Z0-9 @£$éÇ]{1,600}|[жa-z]{1,300}", number in "[0-9]{1,20}") {
        let recipient: PduAddress = number.parse().expect("a number");
        let mut read = String::new();
        for data in GsmMessageData::encode_message(&text) {
            let (octets, length) = SubmitPdu::make_simple_message(recipient.clone(), data).as_bytes();
            let octets = octets[octets.len() - length..].to_vec();
            let ours = Tpdu::parse(Direction::ToCentre, Carrier::Data, &octets);
            let Ok(Tpdu::Submit(submit)) = &ours else {
                return Err(TestCaseError::fail(format!("{ours:?}")));
            };
            prop_assert_eq!(&submit.destination, &Address::of(&number));
            read.push_str(&submit.user_data.text(submit.dcs).text);
            prop_assert_eq!(submit.encode(), Ok(octets));
        }
        prop_assert_eq!(read, text);
    }

    #[test]
    fn it_reads_our_status_reports(number in "[0-9]{1,20}", reference: u8, unix in TIMES) {
        let report = StatusReport {
            reference,
            recipient: Address::of(&number),
            timestamp: Timestamp::new(unix, 0),
            discharge: Timestamp::new(unix + 60, 0),
            status: 0x46,
            ..StatusReport::default()
        };
        let octets = with_centre(&report.encode().expect("it fits"));
        let theirs = StatusReportPdu::try_from(&octets[..]).expect("they read it");
        prop_assert_eq!(theirs.message_reference, reference);
        prop_assert_eq!(theirs.recipient_address.to_string(), number);
        prop_assert_eq!(theirs.status as u8, 0x46);
        let seconds = |time: &sms_pdu::pdu::SmscTimestamp| i64::from(time.second) + 60 * i64::from(time.minute);
        let passed = seconds(&theirs.discharge_time) - seconds(&theirs.scts);
        prop_assert_eq!(passed.rem_euclid(3_600), 60);
    }
}
