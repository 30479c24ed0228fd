//! The activities of Diameter.

use strowger::activity::Activity;
use strowger::id::Component;

pub(super) const fn named(name: &'static str) -> Component {
    Component {
        name,
        vendor: "strowger-diameter",
        version: "1.0",
    }
}

/// A Diameter session (RFC 6733 8): everything that has its Session-Id, in either role and either direction.
///
/// One begins with [`Diameter::session`](crate::Diameter::session), or with the first request of a peer: CCR, ACR, AAR. It
/// ends with STR, with the answer to the last CCR or ACR, with [`Diameter::end`](crate::Diameter::end), or when its time is
/// over ([`SessionExpired`](crate::SessionExpired)).
#[derive(Clone, Copy, Debug)]
pub enum Session {}

impl Activity for Session {
    const TYPE: Component = named("diameter-session");
}

/// A request of ours that belongs to no session that is kept (Cx, Sh, S6a); ends with its answer.
#[derive(Clone, Copy, Debug)]
pub enum ClientTx {}

impl Activity for ClientTx {
    const TYPE: Component = named("diameter-client-transaction");
}

/// A request of a peer that belongs to no session that is kept; ends with our answer.
#[derive(Clone, Copy, Debug)]
pub enum ServerTx {}

impl Activity for ServerTx {
    const TYPE: Component = named("diameter-server-transaction");
}

/// A subscription of ours to changes of a user's data (Sh, 3GPP TS 29.329): from SNR to its end. The answer to SNR and
/// every PNR about the same user happen on it.
#[derive(Clone, Copy, Debug)]
pub enum ShSubscription {}

impl Activity for ShSubscription {
    const TYPE: Component = named("diameter-sh-subscription");
}

/// A peer, while its connection is open: [`PeerUp`](crate::PeerUp) begins it, [`PeerDown`](crate::PeerDown) ends it.
#[derive(Clone, Copy, Debug)]
pub enum Peer {}

impl Activity for Peer {
    const TYPE: Component = named("diameter-peer");
}

/// Every activity type that the adaptor starts.
pub(crate) fn activities() -> Vec<Component> {
    vec![
        Session::TYPE,
        ClientTx::TYPE,
        ServerTx::TYPE,
        ShSubscription::TYPE,
        Peer::TYPE,
    ]
}
