//! RFC 3261 messages as bytes: index, typed views, builder, edits.
//!
//! It is not a stack: no transactions, no sockets, no policy. A [`Message`] owns one refcounted buffer and a compact
//! index of its headers; every typed view ([`Via`], [`NameAddr`], [`Uri`], ...) borrows from it and is parsed when it
//! is asked for. Header values and bodies are bytes; UTF-8 is never demanded.
//!
//! Invariants: parsing never panics and never allocates beyond the index; what was parsed is written back byte for
//! byte; what is rejected after its start line could be read still carries what an answer needs ([`Rejected`]).
//!
//! Receiving: [`Message::datagram`] for a datagram, [`Message::frame`] for a message cut out of a stream by
//! [`framing`](super::framing). Both index, cut and check. Sending: [`Builder`] makes a new message, [`Edit`] a changed copy.

mod build;
mod cursor;
mod edit;
mod error;
mod events;
mod header;
mod limits;
mod list;
mod message;
mod method;
mod name_addr;
mod params;
mod parse;
mod request_uri;
pub mod text;
mod uri;
mod uri_eq;
mod validate;
mod values;
mod via;

pub use build::{BuildError, Builder};
pub use edit::Edit;
pub use error::{Rejected, WireError, WireErrorKind};
pub use events::{DialogName, EventType, SubscriptionState, push_escaped, unescape};
pub use header::HeaderId;
pub use limits::Limits;
pub use list::{Elements, Values};
pub use message::{Contacts, Header, Message, NameAddrs, Vias};
pub use method::Method;
pub use name_addr::NameAddr;
pub use params::{Param, Params};
pub(crate) use parse::framed_length;
pub use request_uri::request_uri;
pub use uri::{Host, Scheme, Uri};
pub use values::{CSeq, MediaType};
pub use via::{BRANCH_COOKIE, Via, is_rfc3261_branch};
