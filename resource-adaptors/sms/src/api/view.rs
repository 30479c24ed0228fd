//! What services may read of accounts, links and groups while a handler runs.

use std::time::Duration;

use super::id::IdForm;
use super::message::Name;
use crate::proto::text::Alphabet;

/// A link to a message centre.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkInfo {
    /// Its name.
    pub name: Name,
    /// Sessions that are bound.
    pub bound: u32,
    /// Places that are free in the windows of sessions that can send.
    pub free: u32,
    /// Messages that wait for a place.
    pub queued: u32,
    /// How long nothing is sent yet, because the peer said that it is too much or a service has paused it.
    pub paused: Option<Duration>,
    /// What data_coding 0 means there.
    pub alphabet: Alphabet,
    /// Messages whose services wait for room there.
    pub waiting: u32,
}

/// A group of links.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupInfo {
    /// Its name.
    pub name: Name,
    /// Its links, in the order of the settings.
    pub links: Vec<LinkInfo>,
    /// Messages that wait for a place.
    pub queued: u32,
    /// Messages whose services wait for room there.
    pub waiting: u32,
}

/// An account of an ESME.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountInfo {
    /// Its name.
    pub name: Name,
    /// Whose it is, as the settings say.
    pub tenant: Box<str>,
    /// Sessions that are bound.
    pub bound: u32,
    /// Of these, how many take messages from us.
    pub receivers: u32,
    /// Places that are free in their windows.
    pub free: u32,
    /// Messages that wait for a place.
    pub queued: u32,
    /// Messages whose services wait for room there.
    pub waiting: u32,
    /// What data_coding 0 means there.
    pub alphabet: Alphabet,
    /// How it is told ids of messages.
    pub ids: IdForm,
}
