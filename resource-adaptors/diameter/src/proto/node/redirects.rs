//! Redirects that peers have sent, kept as long and as widely as they allow (RFC 6733 6.12 to 6.14).

use std::collections::{BTreeMap, VecDeque};

use super::RedirectUsage;
use super::routes::Destination;
use crate::proto::dict::base;
use crate::proto::time::Ms;
use crate::proto::wire::Message;

/// What a redirect says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    /// The hosts to ask.
    pub(super) hosts: Vec<Box<str>>,
    usage: RedirectUsage,
    cache_seconds: u32,
}

impl Redirect {
    /// Reads it; `None` without a host that can be read.
    pub(super) fn read(answer: &Message) -> Option<Self> {
        let uris = answer
            .all(&base::REDIRECT_HOST)
            .filter_map(|avp| avp.uri().ok());
        let hosts: Vec<Box<str>> = uris.map(|uri| uri.host.into()).collect();
        let number = |def| answer.find(def).and_then(|avp| avp.u32().ok());
        let usage = match number(&base::REDIRECT_HOST_USAGE) {
            Some(1) => RedirectUsage::AllSession,
            Some(2) => RedirectUsage::AllRealm,
            Some(3) => RedirectUsage::RealmAndApplication,
            Some(4) => RedirectUsage::AllApplication,
            Some(5) => RedirectUsage::AllHost,
            Some(6) => RedirectUsage::AllUser,
            _ => RedirectUsage::DontCache,
        };
        let cache_seconds = number(&base::REDIRECT_MAX_CACHE_TIME).unwrap_or(0);
        (!hosts.is_empty()).then_some(Self {
            hosts,
            usage,
            cache_seconds,
        })
    }
}

/// The usages in the order in which they are looked up: the narrowest first (RFC 6733 6.13).
const ORDER: [RedirectUsage; 6] = [
    RedirectUsage::AllSession,
    RedirectUsage::AllUser,
    RedirectUsage::RealmAndApplication,
    RedirectUsage::AllRealm,
    RedirectUsage::AllApplication,
    RedirectUsage::AllHost,
];

type Name = (u8, Box<[u8]>);

/// Redirects in use.
#[derive(Debug, Default)]
pub(super) struct RedirectCache {
    entries: BTreeMap<Name, (Ms, Vec<Box<str>>)>,
    /// In the order of their coming, for the limit.
    line: VecDeque<Name>,
    now: Ms,
}

impl RedirectCache {
    pub(super) fn learn(
        &mut self,
        now: Ms,
        to: &Destination<'_>,
        redirect: &Redirect,
        limit: usize,
    ) {
        self.now = now;
        if redirect.cache_seconds == 0 {
            return;
        }
        let Some(name) = name(redirect.usage, to) else {
            return;
        };
        let end = now + u64::from(redirect.cache_seconds) * 1_000;
        if self
            .entries
            .insert(name.clone(), (end, redirect.hosts.clone()))
            .is_none()
        {
            self.line.push_back(name);
        }
        while self.entries.len() > limit
            && let Some(oldest) = self.line.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }

    /// Whom a request was redirected to.
    pub(super) fn find(&self, to: &Destination<'_>) -> Option<Vec<Box<str>>> {
        if self.entries.is_empty() {
            return None;
        }
        ORDER.into_iter().find_map(|usage| {
            let (end, hosts) = self.entries.get(&name(usage, to)?)?;
            (*end > self.now).then(|| hosts.clone())
        })
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self, now: Ms) {
        self.now = now;
    }
}

/// The name under which a redirect of some usage is kept; `None` where the request lacks what it is about.
fn name(usage: RedirectUsage, to: &Destination<'_>) -> Option<Name> {
    let lower = |text: &str| text.to_ascii_lowercase().into_bytes();
    let key = match usage {
        RedirectUsage::DontCache => return None,
        RedirectUsage::AllSession => to.session.to_vec(),
        RedirectUsage::AllUser => to.user.to_vec(),
        RedirectUsage::AllRealm => lower(to.realm?),
        RedirectUsage::RealmAndApplication => {
            let mut key = lower(to.realm?);
            key.extend(to.application.to_be_bytes());
            key
        }
        RedirectUsage::AllApplication => to.application.to_be_bytes().to_vec(),
        RedirectUsage::AllHost => lower(to.host?),
    };
    (!key.is_empty()).then(|| (usage as i32 as u8, key.into_boxed_slice()))
}
