//! Attributes of an activity context, shared by the SBBs attached to it (R-AT).

use crate::state::State;

/// A named value on an activity context.
///
/// Without an alias it is shared by all entities of the *same SBB* on that activity. With one, by every SBB that uses
/// the same alias (R-AT-02); two SBBs that give one alias different types are refused when the second is installed.
///
/// ```
/// use strowger::prelude::*;
///
/// /// Set by whichever service blocks the call first.
/// enum Blocked {}
/// impl Attribute for Blocked {
///     type Value = bool;
///     const NAME: &'static str = "blocked";
///     const ALIAS: Option<&'static str> = Some("org.example.blocked");
/// }
/// ```
pub trait Attribute: 'static {
    /// Its type. An attribute that was never set reads as the default (R-AT-03).
    type Value: State + Default;
    /// Its name within the SBB.
    const NAME: &'static str;
    /// Its name among all SBBs.
    const ALIAS: Option<&'static str> = None;
}
