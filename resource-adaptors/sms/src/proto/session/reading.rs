//! What was read: cut into PDUs, and held back while too many of them wait for answers.

use bytes::{Buf, BytesMut};

use super::{End, Output, Session};
use crate::proto::time::Ms;

/// Octets that are held back. A connection gives tens of KiB at once, and little after reading is paused; what comes on top
/// of this is taken up all the same, and refused where there is no room.
const BACKLOG_MAX: usize = 128 * 1024;

impl Session {
    /// Takes what was read.
    pub fn received(&mut self, now: Ms, bytes: &[u8]) {
        if self.is_closed() {
            return;
        }
        if self.backlog.is_empty() {
            let mut input = bytes;
            self.take_up(now, &mut input);
            self.backlog.extend_from_slice(input);
        } else {
            self.backlog.extend_from_slice(bytes);
            self.work_off(now);
        }
    }

    /// Takes PDUs from the front of `input`, until too many requests wait for answers.
    fn take_up(&mut self, now: Ms, input: &mut &[u8]) {
        let mut whole = false;
        while !self.is_full() || input.len() > BACKLOG_MAX {
            match self.framer.next_frame(input) {
                Ok(Some(frame)) => {
                    whole = true;
                    self.frame(now, frame);
                }
                Ok(None) => break,
                Err(bad) => {
                    self.count("smpp.bad_lengths");
                    self.send(&bad.answer());
                    self.end(End::BadLength);
                }
            }
            if self.is_closed() {
                *input = &[];
                return;
            }
        }
        self.partial = match self.partial {
            _ if self.framer.buffered() == 0 => None,
            Some(since) if !whole => Some(since),
            _ => Some(now),
        };
    }

    /// Takes PDUs from what was held back.
    fn work_off(&mut self, now: Ms) {
        let mut held = std::mem::take(&mut self.backlog);
        let mut input = &held[..];
        self.take_up(now, &mut input);
        let taken = held.len() - input.len();
        held.advance(taken);
        self.backlog = if held.is_empty() {
            BytesMut::new()
        } else {
            held
        };
    }

    /// Whether as many requests wait for our responses as may.
    fn is_full(&self) -> bool {
        self.inbound.len() >= self.config.inbound()
    }

    /// Pauses reading while too many requests wait for our responses.
    pub(super) fn pause_if_full(&mut self, now: Ms) {
        if self.paused.is_none() && self.is_full() {
            self.paused = Some(now);
            self.count("smpp.reading_paused");
            self.outputs.push_back(Output::PauseReading(true));
        }
    }

    /// Below three quarters of what may wait, takes up what was held back, and goes on reading when that is done. What the
    /// peer has answered meanwhile could not be read, so no response is late for it.
    pub(super) fn resume_reading(&mut self, now: Ms) {
        let max = self.config.inbound();
        if self.paused.is_none() || self.inbound.len() >= max - max / 4 {
            return;
        }
        self.work_off(now);
        if self.is_full() || !self.backlog.is_empty() {
            return;
        }
        // The session may have ended with what was taken up.
        let Some(since) = self.paused.take() else {
            return;
        };
        let missed = now - since;
        self.window.postpone(missed);
        self.heard = self.heard + missed;
        self.partial = self.partial.map(|_| now);
        self.enquiry = self.enquiry.map(|(sequence, at)| (sequence, at + missed));
        self.outputs.push_back(Output::PauseReading(false));
    }
}
