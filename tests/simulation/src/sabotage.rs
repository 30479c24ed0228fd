//! Deliberate faults, by which tests show that the checks of a simulation can fail.

/// What is wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// The disk calls durable what is not, and loses it with the power.
    LyingDisk,
    /// The same, and nobody looks at what leaves the node: only what is missing afterwards can tell.
    LyingDiskUnwatched,
    /// The ledger service has a flaw.
    Ledger(Flaw),
}

/// A flaw of the ledger service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Now and then it overlooks an event.
    SkipsAStep,
    /// It acts twice on each timer.
    RingsTwice,
    /// It sets no timer.
    ForgetsTheTimer,
    /// It makes activities that nobody ends.
    LeavesAnActivity,
    /// It sets a timer for what it does not write down.
    WritesNothingDown,
}
