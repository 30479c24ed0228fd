//! The peer state machine of RFC 6733 5.6 as a table: state and event in, actions and state out.
//!
//! The prefixes `I` and `R` stand for the connection that we opened and the one that we accepted. An event that the RFC
//! does not name in a state does nothing there. Not in the table: what a CER or CEA says. A CER that is refused is
//! answered and its connection closed without an event; a CEA that refuses us is [`Event::IRcvNonCea`].

/// A state of RFC 6733 5.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum State {
    /// No connection.
    #[default]
    Closed,
    /// Ours is being opened.
    WaitConnAck,
    /// Ours stands, its CER is sent.
    WaitICea,
    /// Ours is being opened, while one of theirs with its CER waits.
    WaitConnAckElect,
    /// Ours has its CER sent, while one of theirs with its CER waits.
    WaitReturns,
    /// Open, on theirs.
    ROpen,
    /// Open, on ours.
    IOpen,
    /// A DPR or DPA was sent.
    Closing,
}

/// An event of RFC 6733 5.6.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Connect to the peer.
    Start,
    /// An acceptable CER came on a connection that was accepted.
    RConnCer,
    /// Our connection stands.
    IRcvConnAck,
    /// Our connection could not be opened.
    IRcvConnNack,
    /// The timer of the state has run out.
    Timeout,
    /// An acceptable CEA came.
    IRcvCea,
    /// Something else than an acceptable CEA came.
    IRcvNonCea,
    /// Our connection ended.
    IPeerDisc,
    /// The accepted connection ended.
    RPeerDisc,
    /// We have won the election.
    WinElection,
    /// Disconnect.
    Stop,
    /// A DPR came on the open connection.
    RcvDpr,
    /// A DPA came on our connection.
    IRcvDpa,
    /// A DPA came on the accepted connection.
    RRcvDpa,
}

/// An action of RFC 6733 5.6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Open a connection.
    ISndConnReq,
    /// Keep the connection of the CER as the accepted one.
    RAccept,
    /// Close the connection of the CER, which is none of the two.
    RReject,
    /// Learn what the kept CER says.
    ProcessCer,
    /// Send the CEA to the kept CER.
    RSndCea,
    /// Send a CER on our connection.
    ISndCer,
    /// Learn what the CEA says.
    ProcessCea,
    /// Hold the election; may issue [`Event::WinElection`].
    Elect,
    /// Close our connection.
    IDisc,
    /// Close the accepted connection.
    RDisc,
    /// Free what an attempt to connect has taken.
    Cleanup,
    /// Close whatever there is.
    Error,
    /// Send a DPR on the open connection.
    SndDpr,
    /// Send a DPA on the open connection.
    SndDpa,
}

/// What the table says.
pub type Step = (&'static [Action], State);

impl State {
    /// What happens on `event`; `None` when the state does not know it.
    #[must_use]
    pub const fn on(self, event: Event) -> Option<Step> {
        use Action as A;
        use Event as E;
        use State as S;
        Some(match (self, event) {
            (S::Closed, E::Start) => (&[A::ISndConnReq], S::WaitConnAck),
            (S::Closed, E::RConnCer) => (&[A::RAccept, A::ProcessCer, A::RSndCea], S::ROpen),

            (S::WaitConnAck, E::IRcvConnAck) => (&[A::ISndCer], S::WaitICea),
            (S::WaitConnAck, E::IRcvConnNack) => (&[A::Cleanup], S::Closed),
            (S::WaitConnAck, E::RConnCer) => (&[A::RAccept, A::ProcessCer], S::WaitConnAckElect),

            (S::WaitICea, E::IRcvCea) => (&[A::ProcessCea], S::IOpen),
            (S::WaitICea, E::RConnCer) => (&[A::RAccept, A::ProcessCer, A::Elect], S::WaitReturns),
            (S::WaitICea, E::IPeerDisc) => (&[A::IDisc], S::Closed),

            (S::WaitConnAckElect, E::IRcvConnAck) => (&[A::ISndCer, A::Elect], S::WaitReturns),
            (S::WaitConnAckElect, E::IRcvConnNack) => (&[A::RSndCea], S::ROpen),
            (S::WaitConnAckElect, E::RPeerDisc) => (&[A::RDisc], S::WaitConnAck),

            (S::WaitReturns, E::WinElection | E::IPeerDisc) => (&[A::IDisc, A::RSndCea], S::ROpen),
            (S::WaitReturns, E::IRcvCea) => (&[A::RDisc, A::ProcessCea], S::IOpen),
            (S::WaitReturns, E::RPeerDisc) => (&[A::RDisc], S::WaitICea),

            (S::ROpen, E::RPeerDisc) => (&[A::RDisc], S::Closed),
            (S::IOpen, E::IPeerDisc) => (&[A::IDisc], S::Closed),
            (S::ROpen | S::IOpen, E::Stop) => (&[A::SndDpr], S::Closing),
            (S::ROpen | S::IOpen, E::RcvDpr) => (&[A::SndDpa], S::Closing),

            (S::Closing, E::IRcvDpa | E::IPeerDisc) => (&[A::IDisc], S::Closed),
            (S::Closing, E::RRcvDpa | E::RPeerDisc) => (&[A::RDisc], S::Closed),

            // Beyond the RFC: the peer's refusal of our connection does not take down theirs, which waits to be
            // accepted; it is what an end of our connection is.
            (S::WaitReturns, E::IRcvNonCea) => (&[A::IDisc, A::RSndCea], S::ROpen),
            // Beyond the RFC, which does not have Stop or a DPR before the peer is open.
            (
                S::WaitConnAck | S::WaitICea | S::WaitConnAckElect | S::WaitReturns,
                E::Stop | E::Timeout,
            )
            | (S::WaitICea, E::IRcvNonCea)
            | (S::Closing, E::Timeout) => (&[A::Error], S::Closed),

            (
                S::WaitConnAckElect | S::WaitReturns | S::ROpen | S::IOpen | S::Closing,
                E::RConnCer,
            ) => (&[A::RReject], self),
            _ => return None,
        })
    }

    /// Whether messages pass.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::ROpen | Self::IOpen)
    }
}

/// The election of RFC 6733 5.6.4: whether the connection that we accepted survives. The names are compared octet by
/// octet, without regard to ASCII case.
#[must_use]
pub fn wins_election(local: &str, remote: &str) -> bool {
    let lower = |name: &str| {
        name.bytes()
            .map(|b| b.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    lower(local) > lower(remote)
}
