//! Why a request is refused, and the answer that says so (RFC 6733 7).

use bytes::Bytes;

use super::{Avp, Avps, Builder, HEADER_LEN, Header, code, flag};

/// A result code with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Result-Code of the answer: 3xxx protocol errors, 5xxx permanent failures.
    pub result_code: u32,
    /// What goes into Failed-AVP: whole AVPs, with their groups around them.
    pub failed_avp: Option<Bytes>,
    /// What goes into Error-Message.
    pub text: &'static str,
    /// Whether the connection closes after the answer.
    pub close: bool,
}

impl Fault {
    /// A fault without Failed-AVP that leaves the connection open.
    #[must_use]
    pub const fn new(result_code: u32, text: &'static str) -> Self {
        Self {
            result_code,
            failed_avp: None,
            text,
            close: false,
        }
    }

    /// A fault with this AVP, as it stands in the message, in Failed-AVP.
    #[must_use]
    pub fn with_avp(result_code: u32, text: &'static str, avp: &Avp<'_>) -> Self {
        Self {
            failed_avp: Some(Bytes::copy_from_slice(avp.raw())),
            ..Self::new(result_code, text)
        }
    }

    /// Whether the answer is an answer-message with the E bit (RFC 6733 7.2).
    #[must_use]
    pub const fn is_protocol_error(&self) -> bool {
        self.result_code / 1000 == 3
    }

    /// The answer to `request`, of which at least the header is there and nothing needs to be true.
    ///
    /// Session-Id and Proxy-Info come from the request as far as it can be walked over; command, application and ids come
    /// from its header, and of the flags P.
    #[must_use]
    pub fn answer(&self, request: &[u8], origin_host: &str, origin_realm: &str) -> Bytes {
        let mut head = [0; HEADER_LEN];
        let there = request.len().min(HEADER_LEN);
        head[..there].copy_from_slice(&request[..there]);
        let header = Header::from_bytes(head);
        let avps = Avps::new(request.get(HEADER_LEN..).unwrap_or_default());
        let mut answer = Builder::answer_to(&header, avps);
        if self.is_protocol_error() {
            answer.error();
        }
        let code = self.result_code.to_be_bytes();
        answer.identities(origin_host, origin_realm);
        answer.put(code::RESULT_CODE, 0, flag::MANDATORY, &code);
        answer.put(code::ERROR_MESSAGE, 0, 0, self.text.as_bytes());
        if let Some(failed) = &self.failed_avp {
            answer.put(code::FAILED_AVP, 0, flag::MANDATORY, failed);
        }
        let (hop_by_hop, end_to_end) = (header.hop_by_hop, header.end_to_end);
        let short = |_| {
            let mut short = Builder::answer_to(&header, Avps::new(&[]));
            short.identities(origin_host, origin_realm);
            short.put(code::RESULT_CODE, 0, flag::MANDATORY, &code);
            short.finish(hop_by_hop, end_to_end).unwrap_or_default()
        };
        answer.finish(hop_by_hop, end_to_end).unwrap_or_else(short)
    }
}
