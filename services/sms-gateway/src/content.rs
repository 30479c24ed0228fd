//! What a sender has sent, as it is kept: the PDU byte for byte, so that nothing of it is lost on its way, whatever TLVs it
//! has. What came otherwise than by SMPP is written as a PDU.
//!
//! Invariant: the PDU is a submit_sm or a deliver_sm.

use strowger::State;
use strowger_sms::proto::text::{Alphabet, DataCoding, decode, encode, udh};
use strowger_sms::proto::wire::{Addr, EncodeError, Pdu, PduBuf, Submit, Tlvs};

use crate::message::Address;

/// A message as it is kept.
#[derive(Clone, Debug, State)]
pub(crate) struct Text {
    #[state(opaque = "smpp-pdu-1")]
    pdu: PduBuf,
    /// The group or link that its sender asked for.
    pub(crate) via: Option<Box<str>>,
    /// The time at which it is given up is the sender's wish.
    pub(crate) limited: bool,
}

impl Text {
    /// A PDU as it came.
    pub(crate) const fn received(pdu: PduBuf) -> Self {
        Self {
            pdu,
            via: None,
            limited: false,
        }
    }

    /// A message that came otherwise.
    pub(crate) fn written(submit: &Submit<'_>) -> Result<Self, EncodeError> {
        Ok(Self::received(PduBuf::of(&Pdu::SubmitSm(*submit))?))
    }

    pub(crate) fn submit(&self) -> Submit<'_> {
        if let Pdu::SubmitSm(submit) | Pdu::DeliverSm(submit) = self.pdu.view() {
            return submit;
        }
        Submit::default()
    }

    pub(crate) fn source(&self) -> Address {
        Address::from(self.submit().source)
    }

    pub(crate) fn dest(&self) -> Address {
        Address::from(self.submit().dest)
    }

    /// The same with nothing in it.
    pub(crate) fn emptied(&self) -> Self {
        let submit = Submit {
            short_message: b"",
            tlvs: Tlvs::EMPTY,
            ..self.submit()
        };
        Self {
            via: None,
            ..Self::written(&submit).unwrap_or_else(|_| self.clone())
        }
    }

    #[cfg(test)]
    pub(crate) fn of(source: &str, dest: &str, text: &str) -> Self {
        let submit = Submit {
            source: Addr::new(1, 1, source.as_bytes()),
            dest: Addr::new(1, 1, dest.as_bytes()),
            short_message: text.as_bytes(),
            ..Submit::default()
        };
        Self::written(&submit).expect("a message")
    }
}

impl From<Addr<'_>> for Address {
    fn from(addr: Addr<'_>) -> Self {
        Self {
            ton: addr.ton,
            npi: addr.npi,
            digits: addr.text().into(),
        }
    }
}

impl Address {
    /// A number, or a name: up to eleven characters that are not all digits.
    pub(crate) fn guess(text: &str) -> Self {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let (ton, npi, digits) = match (number, digits.len()) {
            (true, 0..=6) => (3, 1, digits),
            (true, _) => (1, 1, digits),
            (false, _) => (5, 0, text),
        };
        Self {
            ton,
            npi,
            digits: digits.into(),
        }
    }

    /// Whether it has the form of a number.
    pub(crate) fn is_number(&self) -> bool {
        self.ton != 5 && (3..=15).contains(&self.digits.len())
    }

    /// The octets of its digits on the wire, which are Latin-1.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let octet = |c: char| u8::try_from(u32::from(c)).unwrap_or(b'?');
        self.digits.chars().map(octet).collect()
    }
}

/// The octets of a message as they mean the same where data_coding 0 is another alphabet, with their data_coding. `None` is
/// that nothing has to be changed, or nothing can be.
pub(crate) fn recode(submit: &Submit<'_>, from: Alphabet, to: Alphabet) -> Option<(u8, Vec<u8>)> {
    let coding = DataCoding(submit.data_coding);
    let alphabet = coding.alphabet(from)?;
    if coding.alphabet(to) == Some(alphabet) {
        return None;
    }
    let octets = submit.content();
    if let Some(named) = DataCoding::of(alphabet, to, coding.class()) {
        return Some((named.0, octets.to_vec()));
    }
    let (head, body) = match submit.has_udh() {
        true => {
            let (udh, body) = udh::parse(octets).ok()?;
            (udh.raw(), body)
        }
        false => (&[][..], octets),
    };
    let text = decode(alphabet, body).text;
    let written = |alphabet| {
        let coding = DataCoding::of(alphabet, to, coding.class())?;
        let body = encode(&text, alphabet).ok()?;
        Some((coding.0, [head, &body].concat()))
    };
    written(to).or_else(|| written(Alphabet::Ucs2))
}

/// What a message says, for those who read text; `None` if it is none.
pub(crate) fn read(submit: &Submit<'_>, default: Alphabet) -> Option<String> {
    let alphabet = DataCoding(submit.data_coding).alphabet(default)?;
    if alphabet == Alphabet::Binary {
        return None;
    }
    let octets = submit.content();
    let (alphabet, body) = match submit.has_udh() {
        true => {
            let (udh, body) = udh::parse(octets).ok()?;
            if udh.ports().is_some() {
                return None;
            }
            (alphabet.with_shift(udh.shift()), body)
        }
        false => (alphabet, octets),
    };
    Some(decode(alphabet, body).text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submit(data_coding: u8, octets: &[u8]) -> Submit<'_> {
        Submit {
            data_coding,
            short_message: octets,
            ..Submit::default()
        }
    }

    #[test]
    fn addresses_are_numbers_short_codes_or_names() {
        let of = |text| {
            let address = Address::guess(text);
            (address.ton, address.npi, address.digits.to_string())
        };
        assert_eq!(of("+41791234567"), (1, 1, "41791234567".to_owned()));
        assert_eq!(of("12345"), (3, 1, "12345".to_owned()));
        assert_eq!(of("Bank 24"), (5, 0, "Bank 24".to_owned()));
        assert!(Address::guess("+41791234567").is_number());
        assert!(!Address::guess("Bank").is_number());
        assert_eq!(Address::guess("Café").octets(), b"Caf\xe9");
    }

    #[test]
    fn what_a_data_coding_of_zero_means_is_carried_over() {
        let (gsm, latin) = (Alphabet::Gsm7, Alphabet::Latin1);
        assert_eq!(recode(&submit(0, b"a"), gsm, gsm), None);
        assert_eq!(recode(&submit(8, b"\0a"), gsm, latin), None);
        assert_eq!(
            recode(&submit(0, b"caf\xe9"), latin, gsm),
            Some((3, b"caf\xe9".to_vec()))
        );
        // e acute is 0x05 in the GSM alphabet.
        assert_eq!(
            recode(&submit(0, b"caf\x05"), gsm, latin),
            Some((0, b"caf\xe9".to_vec()))
        );
        let euro = recode(&submit(0, b"\x1be"), gsm, latin);
        assert_eq!(euro, Some((8, vec![0x20, 0xac])));
    }

    #[test]
    fn text_is_read_behind_a_header() {
        let mut parted = submit(0, b"\x05\x00\x03\x01\x02\x01hello");
        parted.esm_class = 0x40;
        assert_eq!(read(&parted, Alphabet::Gsm7).as_deref(), Some("hello"));
        assert_eq!(read(&submit(4, b"\x01"), Alphabet::Gsm7), None);
        assert_eq!(
            read(&submit(8, b"\x20\xac"), Alphabet::Gsm7).as_deref(),
            Some("€")
        );
    }

    #[test]
    fn what_is_over_keeps_its_addresses_only() {
        let text = Text::of("1", "41791", "hello");
        let empty = text.emptied();
        assert_eq!(empty.submit().short_message, b"");
        assert_eq!((empty.source(), empty.dest()), (text.source(), text.dest()));
    }
}
