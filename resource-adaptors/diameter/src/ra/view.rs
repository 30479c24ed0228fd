//! What the provider reads while a handler runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger::context::Cx;
use strowger::id::ActivityId;

use super::sessions::{self, Sessions};
use crate::api::{Identity, PeerInfo};

/// Sessions and peers.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(super) origin_host: Arc<str>,
    pub(super) sessions: Sessions,
    /// Whether requests can be sent to them.
    pub(super) peers: BTreeMap<Arc<str>, bool>,
}

impl View {
    pub(super) fn new(origin_host: &str) -> Self {
        Self {
            origin_host: origin_host.into(),
            ..Self::default()
        }
    }

    /// The Session-Id of a session, also of one whose beginning has not committed yet.
    pub(crate) fn session_id(&self, cx: &Cx<'_>, activity: ActivityId) -> String {
        match self.sessions.get(activity) {
            Some(session) => session.id.to_string(),
            None => sessions::mint(&self.origin_host, activity, |key| cx.slot_of(key)),
        }
    }

    pub(crate) fn peers(&self) -> Vec<PeerInfo> {
        let peer = |(name, is_open): (&Arc<str>, &bool)| PeerInfo {
            name: Identity::from(Arc::clone(name)),
            is_open: *is_open,
        };
        self.peers.iter().map(peer).collect()
    }
}
