//! What a service decides about a request that is proxied: its target set (RFC 3261 16.5) and how it is tried.

use bytes::Bytes;

use super::super::flow::Flow;
use super::super::wire::HeaderId;
use super::belief::Belief;

/// How a request is proxied.
#[derive(Debug, Clone, Default)]
pub struct Fork {
    /// The target set, in the order in which it is tried. Neighbours of one weight are tried at once.
    pub aims: Vec<Aim>,
    /// Whether the dialog's later requests come by here (16.6 step 4).
    pub record_route: bool,
    /// Whether the dialog's later requests may go to where this one goes only, and come from there only on the way back.
    pub bound: bool,
    /// Whether Path is added, to a REGISTER (RFC 3327).
    pub path: bool,
    /// Whether the contacts of a 3xx are tried (16.7 step 4).
    pub recurse: bool,
    /// Whether the service is asked before a failure goes back.
    pub ask: bool,
    /// How long, in milliseconds, one weight's targets have before the next are tried as well. INVITE only.
    pub patience: Option<u32>,
    /// What is changed in the header of every copy.
    pub changes: Vec<Change>,
    /// Who is believed about identities in what passes later: responses, and requests of the dialog. All passes as it came
    /// without it.
    pub belief: Option<Belief>,
}

/// One member of the target set.
#[derive(Debug, Clone, Default)]
pub struct Aim {
    /// The Request-URI; empty to leave it as it is.
    pub uri: Bytes,
    /// A Route value put before the request's own; usually empty.
    pub route: Bytes,
    /// The way there, where it is not to be found out from the URI: a registered client's connection.
    pub flow: Option<Flow>,
    /// Weight, in thousandths.
    pub q: u16,
}

/// One change of a header.
#[derive(Debug, Clone)]
pub struct Change {
    /// What is done.
    pub place: Place,
    /// The header's name.
    pub name: Bytes,
    /// Its value.
    pub value: Bytes,
}

/// What a [`Change`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// One more line, behind the others.
    Append,
    /// In the place of all lines of that name.
    Replace,
    /// All lines of that name go.
    Remove,
}

impl Change {
    /// Whether it leaves alone what the proxy itself is answerable for.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        !matches!(
            HeaderId::lookup(&self.name),
            HeaderId::Via
                | HeaderId::From
                | HeaderId::To
                | HeaderId::CallId
                | HeaderId::CSeq
                | HeaderId::Contact
                | HeaderId::Route
                | HeaderId::RecordRoute
                | HeaderId::MaxForwards
                | HeaderId::ContentLength
        )
    }
}
