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

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of RFC 6733 5.6: state, event, actions, next state. `R-Snd-Message`, `Process` and the rows of DWR and DWA
    /// in the open states, which stay where they are, are the node's.
    const TABLE: &str = "
        Closed           Start           ISndConnReq                    WaitConnAck
        Closed           RConnCer        RAccept,ProcessCer,RSndCea     ROpen
        WaitConnAck      IRcvConnAck     ISndCer                        WaitICea
        WaitConnAck      IRcvConnNack    Cleanup                        Closed
        WaitConnAck      RConnCer        RAccept,ProcessCer             WaitConnAckElect
        WaitConnAck      Timeout         Error                          Closed
        WaitICea         IRcvCea         ProcessCea                     IOpen
        WaitICea         RConnCer        RAccept,ProcessCer,Elect       WaitReturns
        WaitICea         IPeerDisc       IDisc                          Closed
        WaitICea         IRcvNonCea      Error                          Closed
        WaitICea         Timeout         Error                          Closed
        WaitConnAckElect IRcvConnAck     ISndCer,Elect                  WaitReturns
        WaitConnAckElect IRcvConnNack    RSndCea                        ROpen
        WaitConnAckElect RPeerDisc       RDisc                          WaitConnAck
        WaitConnAckElect RConnCer        RReject                        WaitConnAckElect
        WaitConnAckElect Timeout         Error                          Closed
        WaitReturns      WinElection     IDisc,RSndCea                  ROpen
        WaitReturns      IPeerDisc       IDisc,RSndCea                  ROpen
        WaitReturns      IRcvCea         RDisc,ProcessCea               IOpen
        WaitReturns      RPeerDisc       RDisc                          WaitICea
        WaitReturns      RConnCer        RReject                        WaitReturns
        WaitReturns      Timeout         Error                          Closed
        ROpen            RConnCer        RReject                        ROpen
        ROpen            Stop            SndDpr                         Closing
        ROpen            RcvDpr          SndDpa                         Closing
        ROpen            RPeerDisc       RDisc                          Closed
        IOpen            RConnCer        RReject                        IOpen
        IOpen            Stop            SndDpr                         Closing
        IOpen            RcvDpr          SndDpa                         Closing
        IOpen            IPeerDisc       IDisc                          Closed
        Closing          IRcvDpa         IDisc                          Closed
        Closing          RRcvDpa         RDisc                          Closed
        Closing          Timeout         Error                          Closed
        Closing          IPeerDisc       IDisc                          Closed
        Closing          RPeerDisc       RDisc                          Closed";

    /// What we add to it, with the reasons in the code.
    const BEYOND: &str = "
        WaitConnAck      Stop            Error                          Closed
        WaitICea         Stop            Error                          Closed
        WaitConnAckElect Stop            Error                          Closed
        WaitReturns      Stop            Error                          Closed
        WaitReturns      IRcvNonCea      IDisc,RSndCea                  ROpen
        Closing          RConnCer        RReject                        Closing";

    const STATES: [State; 8] = [
        State::Closed,
        State::WaitConnAck,
        State::WaitICea,
        State::WaitConnAckElect,
        State::WaitReturns,
        State::ROpen,
        State::IOpen,
        State::Closing,
    ];
    const EVENTS: [Event; 14] = [
        Event::Start,
        Event::RConnCer,
        Event::IRcvConnAck,
        Event::IRcvConnNack,
        Event::Timeout,
        Event::IRcvCea,
        Event::IRcvNonCea,
        Event::IPeerDisc,
        Event::RPeerDisc,
        Event::WinElection,
        Event::Stop,
        Event::RcvDpr,
        Event::IRcvDpa,
        Event::RRcvDpa,
    ];

    #[test]
    fn every_row_of_the_table_of_rfc_6733_5_6_and_no_other() {
        let mut rows = 0;
        for state in STATES {
            for event in EVENTS {
                let name = format!("{state:?} {event:?}");
                let row = TABLE.lines().chain(BEYOND.lines()).find_map(|line| {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    (words.len() == 4 && name == format!("{} {}", words[0], words[1]))
                        .then(|| (words[2].to_owned(), words[3].to_owned()))
                });
                let found = state.on(event).map(|(actions, next)| {
                    let actions: Vec<String> = actions.iter().map(|it| format!("{it:?}")).collect();
                    (actions.join(","), format!("{next:?}"))
                });
                assert_eq!(found, row, "{name}");
                rows += usize::from(row.is_some());
            }
        }
        assert_eq!(rows, 35 + 6);
    }

    #[test]
    fn the_higher_name_wins_without_regard_to_case() {
        assert!(wins_election("b.test", "a.test"));
        assert!(!wins_election("a.test", "B.test"));
        assert!(wins_election("B.test", "a.test"));
        assert!(!wins_election("A.test", "a.TEST"));
        assert!(wins_election("a.test.x", "a.test"));
    }
}
