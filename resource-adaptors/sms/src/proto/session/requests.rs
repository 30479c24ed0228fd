//! Requests of ours, and responses to those of the peer.

use super::{Event, InKey, Phase, RequestError, RespondError, Seq, Session, V3_4, V5_0, may_send};
use crate::proto::time::Ms;
use crate::proto::wire::{Pdu, Status, Tlvs, command, tlv};

impl Session {
    /// Sends a request about messages; its outcome comes as [`Event::Response`] or [`Event::Failed`].
    ///
    /// # Errors
    ///
    /// Why it is not sent; nothing comes of it then.
    pub fn request(&mut self, now: Ms, pdu: &Pdu<'_>) -> Result<Seq, RequestError> {
        let request = pdu.command();
        self.check(request)?;
        if request == command::ALERT_NOTIFICATION {
            return Err(RequestError::NotAllowed(request));
        }
        if self.window.len() >= self.config.window() {
            return Err(RequestError::Full);
        }
        if !self.knows_tlvs() && pdu.needs_tlvs() {
            return Err(RequestError::Version);
        }
        self.write(pdu, Status::ROK, self.sequence)?;
        let sequence = self.next_sequence();
        self.window.push(sequence, request, now);
        self.active = now;
        Ok(Seq::from_raw(sequence))
    }

    /// Sends an alert_notification, which has no response.
    ///
    /// # Errors
    ///
    /// Why it is not sent.
    pub fn notify(&mut self, now: Ms, pdu: &Pdu<'_>) -> Result<(), RequestError> {
        let request = pdu.command();
        self.check(request)?;
        if request != command::ALERT_NOTIFICATION {
            return Err(RequestError::NotAllowed(request));
        }
        self.write(pdu, Status::ROK, self.sequence)?;
        self.next_sequence();
        self.active = now;
        Ok(())
    }

    /// Answers a request of the peer. A peer of 5.0 is told our load in congestion_state.
    ///
    /// # Errors
    ///
    /// Why it is not answered so; unless it is gone it still waits.
    pub fn respond(
        &mut self,
        now: Ms,
        key: InKey,
        status: Status,
        pdu: &Pdu<'_>,
    ) -> Result<(), RespondError> {
        let waiting = self.inbound.get(key).ok_or(RespondError::Gone)?;
        let response = pdu.command();
        if ![command::answer_of(waiting.command), command::GENERIC_NACK].contains(&response) {
            return Err(RespondError::Mismatch {
                request: waiting.command,
                response,
            });
        }
        let [high, low] = tlv::CONGESTION_STATE.to_be_bytes();
        let load = [high, low, 0, 1, self.load()];
        let tells = self.version >= V5_0
            && carries_load(response)
            // Behind no body it would be read as one.
            && !matches!(pdu, Pdu::Bodyless { .. })
            && pdu.tlvs().get(tlv::CONGESTION_STATE).is_none();
        let more = Tlvs::written(if tells { &load } else { &[] });
        let (out, knows_tlvs) = (&mut self.written, self.version >= V3_4);
        pdu.append(out, status, waiting.sequence, knows_tlvs, more)?;
        self.inbound.remove(key);
        self.active = now;
        self.resume_reading(now);
        self.proceed(now);
        Ok(())
    }

    /// Whether a request of the peer waits for our response.
    #[must_use]
    pub fn is_waiting(&self, key: InKey) -> bool {
        self.inbound.get(key).is_some()
    }

    /// Answers a request of the peer with no more than a status.
    ///
    /// # Errors
    ///
    /// It is gone.
    pub fn refuse(&mut self, now: Ms, key: InKey, status: Status) -> Result<(), RespondError> {
        let waiting = self.inbound.get(key).ok_or(RespondError::Gone)?;
        self.respond(now, key, status, &Pdu::reply(waiting.command, status))
    }

    fn check(&self, request: u32) -> Result<(), RequestError> {
        let Phase::Bound(mode) = self.phase else {
            return Err(RequestError::NotBound);
        };
        if may_send(self.role, mode, self.version, request) {
            Ok(())
        } else {
            Err(RequestError::NotAllowed(request))
        }
    }

    /// How full our window for the peer's requests is, in percent.
    fn load(&self) -> u8 {
        let waiting = self.inbound.len().saturating_sub(1) * 100 / self.config.inbound();
        u8::try_from(waiting.min(100)).unwrap_or(100)
    }

    /// Gives up the requests of ours and of the peer's whose time is over.
    pub(super) fn expire_requests(&mut self, now: Ms) {
        let timers = self.config.timers;
        while let Some(waiting) = self.inbound.oldest()
            && timers.answer > 0
            && now >= waiting.at + timers.answer
        {
            let key = waiting.key;
            // Told first: with the last answer a session that unbinds is over.
            self.count("smpp.unanswered");
            self.event(Event::Unanswered { key });
            if self.refuse(now, key, Status::RSYSERR).is_err() {
                self.inbound.remove(key);
            }
        }
        while self.paused.is_none()
            && timers.response > 0
            && self
                .window
                .oldest()
                .is_some_and(|at| now >= at + timers.response)
        {
            let Some(sequence) = self.window.pop() else {
                break;
            };
            self.count("smpp.timeouts");
            self.event(Event::Failed {
                seq: Seq::from_raw(sequence),
                reason: super::Failure::Timeout,
            });
        }
        self.proceed(now);
    }
}

/// The responses about messages, which carry congestion_state.
const fn carries_load(response: u32) -> bool {
    matches!(
        response,
        command::SUBMIT_SM_RESP
            | command::SUBMIT_MULTI_RESP
            | command::DATA_SM_RESP
            | command::DELIVER_SM_RESP
            | command::BROADCAST_SM_RESP
    )
}
