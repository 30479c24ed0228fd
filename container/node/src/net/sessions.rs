//! Connections over TLS: what comes on them, how their handshakes end, and how they break.

use super::connections::{READ_PORTION, connected};
use super::secure::{Fault, Pulled};
use super::source::Source;
use super::stream::Stage;
use super::{Net, Sink};
use std::fmt::Display;
use std::sync::Arc;
use strowger_kernel::NetInput;

/// Connections in a handshake that are looked at in one turn: what one costs is a hundred times what a message does, and
/// calls that are up must not wait for a crowd of them.
const HANDSHAKES: usize = 16;

impl Net {
    /// Reads a connection over TLS; whether there may be more.
    pub(super) fn read_secure(&mut self, n: u32, sink: &mut dyn Sink) -> bool {
        let mut left = READ_PORTION;
        loop {
            let Some(stream) = self.streams.get_mut(n) else {
                return false;
            };
            let Some(session) = &mut stream.session else {
                return false;
            };
            if stream.stage == Stage::Handshake {
                self.shaken += 1;
                if self.shaken > HANDSHAKES {
                    stream.queued = true;
                    return true;
                }
            }
            let (read, more) = match session.pull(&mut stream.socket) {
                Ok(Pulled::Some(read, full)) => (read, full || stream.ending),
                Ok(Pulled::Nothing) => return false,
                Ok(Pulled::End) => return self.ended(n, sink),
                Err(fault) => {
                    self.fault(n, &fault);
                    return false;
                }
            };
            self.counts.of(stream.at).bytes_in += read as u64;
            if session.wants_write() {
                self.unsent.push(Source::Stream(n));
            }
            if self.hand_over(n, sink) {
                return self.ended(n, sink);
            }
            left = left.saturating_sub(read);
            if !more || left == 0 {
                if let Some(stream) = self.streams.get_mut(n) {
                    stream.queued = more;
                }
                return more;
            }
        }
    }

    /// Gives the adaptor what a session has ready; whether the peer has said that nothing more comes.
    fn hand_over(&mut self, n: u32, sink: &mut dyn Sink) -> bool {
        let Some(stream) = self.streams.get_mut(n) else {
            return false;
        };
        let Some(session) = &mut stream.session else {
            return false;
        };
        if stream.stage == Stage::Handshake {
            if session.is_handshaking() {
                return false;
            }
            let counts = self.counts.of(stream.at);
            counts.handshakes += 1;
            counts.handshakes_resumed += u64::from(session.is_resumed());
            counts.connected += u64::from(!stream.inbound);
            let secure = Some(Arc::new(session.peer()));
            stream.opened(self.now);
            sink.input(stream.at.ra, connected(stream, secure));
            if stream.inbound {
                let (at, peer) = (stream.at, stream.peer.ip());
                self.shaken(at, peer);
            }
            // What was sent meanwhile has waited for this.
            self.unsent.push(Source::Stream(n));
        }
        let Some(stream) = self.streams.get_mut(n) else {
            return false;
        };
        let Some(session) = &mut stream.session else {
            return false;
        };
        let (ra, conn, open) = (stream.at.ra, stream.id, stream.stage == Stage::Open);
        let mut moved = false;
        session.take(&mut |bytes| {
            if open {
                moved = true;
                sink.input(ra, NetInput::Received { conn, bytes });
            }
        });
        let ended = session.ended();
        if moved {
            stream.touch(self.now);
        }
        ended
    }

    /// A session is broken: its alert goes out if the system takes it at once.
    fn fault(&mut self, n: u32, fault: &Fault) {
        let Some(stream) = self.streams.get_mut(n) else {
            return;
        };
        // Whatever comes of it, the connection ends.
        let _ = stream.flush(self.counts.of(stream.at));
        if stream.stage == Stage::Handshake {
            return self.refuse(n, fault);
        }
        if matches!(fault, Fault::Tls(_)) {
            self.counts.of(stream.at).streams_garbled += 1;
            tracing::debug!(peer = %stream.peer, %fault, "connection over TLS broke off");
        }
        self.drop_stream(n);
    }

    /// A handshake has failed.
    pub(super) fn refuse(&mut self, n: u32, reason: &dyn Display) {
        if let Some(stream) = self.streams.get_mut(n) {
            self.counts.of(stream.at).handshakes_failed += 1;
            let (peer, inbound) = (stream.peer, stream.inbound);
            tracing::debug!(%peer, inbound, %reason, "handshake failed");
        }
        self.drop_stream(n);
    }
}
