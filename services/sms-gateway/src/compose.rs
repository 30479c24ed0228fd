//! Messages of senders who do not speak SMPP: what they say in their alphabet, cut into parts.
//!
//! Pure. Invariant: each part fits into one short message of the radio interface (140 octets, TS 23.040 9.2.3.24.1).

use strowger_sms::proto::text::{
    Alphabet, Class, DataCoding, Reference, choose, split, split_octets,
};
use strowger_sms::proto::wire::{Addr, EncodeError, Submit};

use crate::content::Text;
use crate::message::Address;

/// What is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// In words; the alphabet is chosen by what is in it unless it is given.
    Text(String, Option<Alphabet>),
    /// In octets.
    Data(Vec<u8>),
}

/// A message of somebody who does not speak SMPP.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) source: Address,
    pub(crate) content: Content,
    /// A user data header; what has one is not cut.
    pub(crate) udh: Vec<u8>,
    pub(crate) class: Option<Class>,
    pub(crate) protocol_id: u8,
    pub(crate) priority: u8,
    /// The group or link to take.
    pub(crate) via: Option<Box<str>>,
}

/// Why there is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ComposeError {
    /// It is not to have so many parts.
    #[error("the text is too long")]
    TooLong,
    /// The alphabet that was asked for lacks a character.
    #[error("the text has characters that its alphabet lacks")]
    Alphabet,
    /// There is no data_coding for the class in that alphabet.
    #[error("there is no such message class in that alphabet")]
    Class,
    /// A field of SMPP cannot hold it.
    #[error("an address is too long")]
    Address,
}

impl From<EncodeError> for ComposeError {
    fn from(_: EncodeError) -> Self {
        Self::Address
    }
}

/// Octets of one message with its header.
const OCTETS: usize = 140;
/// esm_class: the content begins with a header.
const HEADER: u8 = 0x40;

impl Draft {
    pub(crate) fn new(source: Address, content: Content) -> Self {
        Self {
            source,
            content,
            udh: Vec::new(),
            class: None,
            protocol_id: 0,
            priority: 0,
            via: None,
        }
    }

    /// The parts for one recipient. `reference` is what they have in common.
    pub(crate) fn parts(
        &self,
        dest: &Address,
        reference: u8,
        most: usize,
    ) -> Result<Vec<Text>, ComposeError> {
        let (alphabet, bodies) = self.bodies(reference)?;
        if bodies.len() > most {
            return Err(ComposeError::TooLong);
        }
        let coding = DataCoding::of(alphabet, Alphabet::Gsm7, self.class);
        let coding = coding.ok_or(ComposeError::Class)?;
        let (source, to) = (self.source.octets(), dest.octets());
        let text = |(header, octets): &(bool, Vec<u8>)| {
            let submit = Submit {
                source: Addr::new(self.source.ton, self.source.npi, &source),
                dest: Addr::new(dest.ton, dest.npi, &to),
                esm_class: if *header { HEADER } else { 0 },
                protocol_id: self.protocol_id,
                priority: self.priority,
                data_coding: coding.0,
                short_message: octets,
                ..Submit::default()
            };
            let mut text = Text::written(&submit)?;
            text.via = self.via.clone();
            Ok(text)
        };
        bodies.iter().map(text).collect()
    }

    /// The octets of each part, and whether a header is in front.
    fn bodies(&self, reference: u8) -> Result<(Alphabet, Vec<(bool, Vec<u8>)>), ComposeError> {
        let reference = Reference::Bits8(reference);
        if !self.udh.is_empty() {
            return self.behind_header();
        }
        let (alphabet, parts) = match &self.content {
            Content::Text(text, alphabet) => {
                let alphabet = alphabet.unwrap_or_else(|| choose(text));
                (alphabet, split(text, alphabet, reference))
            }
            Content::Data(octets) => (Alphabet::Binary, split_octets(octets, reference)),
        };
        let parts = parts.map_err(|fault| match fault {
            strowger_sms::proto::text::SplitFault::Unencodable(_) => ComposeError::Alphabet,
            _ => ComposeError::TooLong,
        })?;
        let whole = |part: &strowger_sms::proto::text::Part| (!part.udh.is_empty(), part.octets());
        Ok((alphabet, parts.iter().map(whole).collect()))
    }

    fn behind_header(&self) -> Result<(Alphabet, Vec<(bool, Vec<u8>)>), ComposeError> {
        use strowger_sms::proto::text::encode;
        let (alphabet, body) = match &self.content {
            Content::Text(text, alphabet) => {
                let alphabet = alphabet.unwrap_or_else(|| choose(text));
                let body = encode(text, alphabet).map_err(|_| ComposeError::Alphabet)?;
                (alphabet, body)
            }
            Content::Data(octets) => (Alphabet::Binary, octets.clone()),
        };
        let room = OCTETS.checked_sub(self.udh.len());
        let room = room.ok_or(ComposeError::TooLong)?;
        let room = match alphabet {
            Alphabet::Gsm7 | Alphabet::Gsm7Shift(_) => room * 8 / 7,
            Alphabet::Latin1 | Alphabet::Ascii | Alphabet::Ucs2 | Alphabet::Binary => room,
        };
        if body.len() > room {
            return Err(ComposeError::TooLong);
        }
        let octets = [self.udh.as_slice(), &body].concat();
        Ok((alphabet, vec![(true, octets)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(draft: &Draft) -> Result<Vec<(u8, u8, usize)>, ComposeError> {
        let parts = draft.parts(&Address::guess("+41791234567"), 7, 3)?;
        let of = |text: &Text| {
            let submit = text.submit();
            (
                submit.esm_class,
                submit.data_coding,
                submit.short_message.len(),
            )
        };
        Ok(parts.iter().map(of).collect())
    }

    fn draft(text: &str) -> Draft {
        Draft::new(Address::guess("Bank"), Content::Text(text.to_owned(), None))
    }

    #[test]
    fn texts_are_cut_where_they_do_not_fit() {
        assert_eq!(parts(&draft("hello")), Ok(vec![(0, 0, 5)]));
        assert_eq!(parts(&draft("ж")), Ok(vec![(0, 8, 2)]));
        let long = parts(&draft(&"a".repeat(161))).expect("parts");
        assert_eq!(long, [(0x40, 0, 6 + 153), (0x40, 0, 6 + 8)]);
        let longer = parts(&draft(&"a".repeat(500)));
        assert_eq!(longer, Err(ComposeError::TooLong));
    }

    #[test]
    fn a_header_of_the_sender_s_own_stays_and_its_message_is_one() {
        let mut draft = Draft::new(Address::guess("12345"), Content::Data(vec![1; 133]));
        draft.udh = vec![6, 5, 4, 0x0b, 0x84, 0x23, 0xf0];
        assert_eq!(parts(&draft), Ok(vec![(0x40, 4, 140)]));
        draft.content = Content::Data(vec![1; 134]);
        assert_eq!(parts(&draft), Err(ComposeError::TooLong));
        // Also where nothing stands behind it.
        draft.content = Content::Data(Vec::new());
        draft.udh = [&[140, 0x70, 138][..], &[0; 138]].concat();
        assert_eq!(parts(&draft), Err(ComposeError::TooLong));
    }

    #[test]
    fn a_class_is_part_of_the_data_coding() {
        let mut flash = draft("now");
        flash.class = Some(Class::Flash);
        assert_eq!(parts(&flash), Ok(vec![(0, 0xf0, 3)]));
        flash.content = Content::Text("ж".to_owned(), Some(Alphabet::Gsm7));
        assert_eq!(parts(&flash), Err(ComposeError::Alphabet));
    }
}
