//! Requests under way between the node and a scripted peer.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use super::exchange::written;
use super::peer::Peer;
use super::text::summary;
use crate::proto::receipt::Receipt;
use crate::proto::wire::{MessageIdResp, Pdu, PduBuf, Status, Submit, command, text as words};

/// A request that came to a peer and waits for its answer.
#[derive(Clone)]
pub struct Asked {
    peer: Peer,
    on: SocketAddr,
    pdu: PduBuf,
}

/// A request that a peer has sent.
#[derive(Clone)]
pub struct Sent {
    peer: Peer,
    bytes: Bytes,
    number: u32,
}

impl Asked {
    pub(super) fn new(peer: Peer, on: SocketAddr, pdu: PduBuf) -> Self {
        Self { peer, on, pdu }
    }

    /// The request.
    #[must_use]
    pub fn pdu(&self) -> Pdu<'_> {
        self.pdu.view()
    }

    /// The message, if it is one.
    ///
    /// # Panics
    /// It is another request.
    #[must_use]
    #[track_caller]
    pub fn submit(&self) -> Submit<'_> {
        if let Pdu::SubmitSm(submit) | Pdu::DeliverSm(submit) = self.pdu.view() {
            return submit;
        }
        let got = summary(self.pdu.bytes());
        self.peer.fail(&format!("has no message but {got}"))
    }

    /// Its text, taken for ASCII.
    #[must_use]
    #[track_caller]
    pub fn text(&self) -> String {
        words(self.submit().content()).into_owned()
    }

    /// The receipt that it is.
    ///
    /// # Panics
    /// It is none.
    #[must_use]
    #[track_caller]
    pub fn receipt(&self) -> Receipt {
        match Receipt::parse(&self.text()) {
            Some(receipt) if self.submit().esm_class & 0x3c == 0x04 => receipt,
            _ => self
                .peer
                .fail(&format!("has no receipt but {}", self.text())),
        }
    }

    /// Takes the message, as one of this id.
    #[track_caller]
    pub fn accept(&self, id: &str) {
        let answer = MessageIdResp {
            message_id: id.as_bytes(),
            ..MessageIdResp::default()
        };
        let answer = match self.pdu.header().command {
            command::DATA_SM => Pdu::DataSmResp(answer),
            command::DELIVER_SM => Pdu::DeliverSmResp(answer),
            _ => Pdu::SubmitSmResp(answer),
        };
        self.answer_with(Status::ROK, &answer);
    }

    /// Answers with a status and nothing else.
    #[track_caller]
    pub fn answer(&self, status: Status) {
        self.answer_with(status, &Pdu::reply(self.pdu.header().command, status));
    }

    /// Answers.
    #[track_caller]
    pub fn answer_with(&self, status: Status, answer: &Pdu<'_>) {
        let bytes = written(answer, status, self.pdu.header().sequence);
        self.peer.put(self.on, &bytes);
    }
}

impl Sent {
    pub(super) fn new(peer: Peer, bytes: Bytes, number: u32) -> Self {
        Self {
            peer,
            bytes,
            number,
        }
    }

    /// Waits for the answer, which must have this status.
    #[track_caller]
    pub fn expect(&self, status: Status) -> PduBuf {
        let answer = self.expect_answer();
        if answer.status() != status {
            let got = summary(answer.bytes());
            self.peer.fail(&format!("expected {status}, but got {got}"));
        }
        answer
    }

    /// Waits for the answer, which must be good; gives the id that it tells.
    #[track_caller]
    pub fn expect_ok(&self) -> String {
        let answer = self.expect(Status::ROK);
        if let Pdu::SubmitSmResp(it) | Pdu::DataSmResp(it) = answer.view() {
            words(it.message_id).into_owned()
        } else if let Pdu::SubmitMultiResp(it) = answer.view() {
            words(it.message_id).into_owned()
        } else {
            String::new()
        }
    }

    /// Waits for the answer.
    #[track_caller]
    pub fn expect_answer(&self) -> PduBuf {
        match self.find_answer(self.peer.patience) {
            Some(answer) => answer,
            None => {
                let asked = summary(&self.bytes);
                self.peer.fail(&format!("got no answer to {asked}"))
            }
        }
    }

    /// Waits for the answer at most this long, and does without if none comes.
    #[track_caller]
    pub fn find_answer(&self, patience: Duration) -> Option<PduBuf> {
        let is_it = |pdu: &PduBuf| {
            let header = pdu.header();
            header.command & command::RESP != 0 && header.sequence == self.number
        };
        self.peer.take(patience, is_it).map(|(_, answer)| answer)
    }
}

macro_rules! debug {
    ($($name:ident)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug!(Asked Sent);
