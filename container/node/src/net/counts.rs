//! What the network has counted, by listener.

use super::Socket;
use crate::sources::Verdict;

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Totals since start.
        #[derive(Clone, Copy, PartialEq, Eq, Default, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl std::ops::AddAssign for Counts {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counts! {
    /// Datagrams received.
    datagrams_in,
    /// Datagrams sent.
    datagrams_out,
    /// Datagrams that the system refused to send.
    datagrams_failed,
    /// Datagrams dropped because too many waited to be sent.
    datagrams_dropped,
    /// Bytes received, datagrams and streams.
    bytes_in,
    /// Bytes sent, datagrams and streams.
    bytes_out,
    /// Connections accepted.
    accepted,
    /// Connections closed as they arrived, because as many as allowed were there.
    refused,
    /// Datagrams and connections dropped because the configuration has it that their source is not heard.
    denied,
    /// Datagrams and connections dropped because their source is banned.
    banned,
    /// Datagrams, and portions of what came on connections, that came from a source above its rate: what was new in them was refused.
    limited,
    /// Connections opened.
    connected,
    /// Connections that could not be opened.
    connects_failed,
    /// Connections closed because the peer did not read.
    streams_overflown,
    /// Connections closed because nothing moved on them.
    streams_idle,
    /// Handshakes of TLS that succeeded.
    handshakes,
    /// Those of them that resumed an earlier session.
    handshakes_resumed,
    /// Handshakes of TLS that failed, or were not over in time.
    handshakes_failed,
    /// Connections over TLS that broke off because of what came on them.
    streams_garbled,
}

impl Counts {
    /// Counts what a source is; whether it is heard.
    pub(super) fn heard(&mut self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Heard => return true,
            Verdict::Refused | Verdict::Unanswered => {
                self.limited += 1;
                return true;
            }
            Verdict::Denied => self.denied += 1,
            Verdict::Banned => self.banned += 1,
        }
        false
    }
}

/// The counts of each listener; connections that were opened count with the listener from whose address they were.
#[derive(Debug, Default)]
pub(super) struct ByListener {
    of: Vec<(Socket, Counts)>,
    /// What no listener was there for, and that of listeners that are gone.
    nowhere: Counts,
}

impl ByListener {
    /// One more listener.
    pub(super) fn add(&mut self, at: Socket) {
        self.of.push((at, Counts::default()));
    }

    /// A listener is gone; what it has counted stays in the totals.
    pub(super) fn remove(&mut self, at: Socket) {
        for (_, counts) in self.of.extract_if(.., |(known, _)| *known == at) {
            self.nowhere += counts;
        }
    }

    /// Where a listener's are counted. There are few, so a look at each is cheaper than a table.
    pub(super) fn of(&mut self, at: Socket) -> &mut Counts {
        let found = self.of.iter_mut().find(|(known, _)| *known == at);
        found.map_or(&mut self.nowhere, |(_, counts)| counts)
    }

    /// Those of a listener.
    pub(super) fn get(&self, at: Socket) -> Counts {
        let found = self.of.iter().find(|(known, _)| *known == at);
        found.map(|(_, counts)| *counts).unwrap_or_default()
    }

    /// All together.
    pub(super) fn total(&self) -> Counts {
        let mut total = self.nowhere;
        for (_, counts) in &self.of {
            total += *counts;
        }
        total
    }
}
