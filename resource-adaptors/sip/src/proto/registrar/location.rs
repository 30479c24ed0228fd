//! The table itself.

use super::super::flow::Flow;
use super::super::keyed::{Digest, DigestMap, Secret, Sip24};
use super::super::slab::{Key, Slab};
use super::super::time::Ms;
use super::super::timer::{TimerId, Wheel};
use super::super::wire::{Host, Message, Uri, request_uri};
use super::gruu::{self, Gruu, Meant};
use super::request::{Outcome, Policy, Refusal, decide};
use super::{Aor, Binding};

/// The bindings of one adaptor entity.
#[derive(Debug)]
pub struct Location {
    entries: Slab<Entry>,
    by_aor: DigestMap<Key>,
    /// Where a binding stands, by its address of record and user, host and port of its contact; of several with the same the latest.
    by_contact: DigestMap<(Key, u16)>,
    /// Where the bindings of a client with an instance stand, by [`gruu::client`].
    by_client: DigestMap<Key>,
    wheel: Wheel<Key>,
    secret: Secret,
    hash_key: [u64; 2],
    bindings: usize,
    limit: usize,
}

#[derive(Debug)]
struct Entry {
    aor: Aor,
    activity: u64,
    bindings: Vec<Binding>,
    /// Runs until the first binding ends.
    timer: TimerId,
}

/// What of an address of record's records has to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delta {
    /// The binding is new, or was refreshed.
    Put(u16),
    /// It is no more.
    Gone(u16),
}

/// Bindings that have ended because nobody refreshed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// The address of record.
    pub aor: Aor,
    /// The activity of their address of record.
    pub activity: u64,
    /// The bindings.
    pub bindings: Vec<Binding>,
    /// How many are left; with none the address of record has no entry any more.
    pub left: usize,
}

impl Location {
    /// An empty table for at most `limit` bindings. `hash_key` is fresh entropy; GRUUs are made with `secret`.
    #[must_use]
    pub fn new(limit: usize, secret: Secret, hash_key: [u64; 2], now: Ms) -> Self {
        Self {
            entries: Slab::new(limit, hash_key[0] as u32),
            by_aor: DigestMap::default(),
            by_contact: DigestMap::default(),
            by_client: DigestMap::default(),
            wheel: Wheel::new(now),
            secret,
            hash_key,
            bindings: 0,
            limit,
        }
    }

    /// Whether nobody is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bindings == 0
    }

    /// How many addresses of record are registered, and with how many bindings.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.entries.len(), self.bindings)
    }

    /// The bindings of an address of record, in the order in which they were made.
    #[must_use]
    pub fn bindings(&self, aor: &Aor) -> &[Binding] {
        self.find(aor).map_or(&[], |entry| &entry.bindings)
    }

    /// The bindings that a request to a URI is for: those of the user, or of the one client that a GRUU names.
    #[must_use]
    pub fn meant_by(&self, uri: &[u8]) -> Vec<&Binding> {
        let found = match Gruu::of(uri) {
            None => Aor::parse(uri)
                .ok()
                .map(|aor| self.bindings(&aor).iter().collect()),
            Some(Gruu::Public) => self.meant_by_public(uri),
            Some(Gruu::Temporary) => self.meant_by_temporary(uri),
        };
        found.unwrap_or_default()
    }

    fn meant_by_public(&self, uri: &[u8]) -> Option<Vec<&Binding>> {
        let instance = gruu::instance(&Uri::parse(uri).ok()?)?;
        let bindings = self.bindings(&Aor::parse(uri).ok()?).iter();
        Some(
            bindings
                .filter(|b| b.instance() == Some(&instance))
                .collect(),
        )
    }

    fn meant_by_temporary(&self, uri: &[u8]) -> Option<Vec<&Binding>> {
        let meant = gruu::meant(&self.secret, &Uri::parse(uri).ok()?)?;
        let entry = self
            .entries
            .get(*self.by_client.get(&Digest([meant.client, 0]))?)?;
        let is_client = |b: &&Binding| {
            b.instance().is_some_and(|instance| {
                gruu::client(&self.secret, &entry.aor, instance) == meant.client
            })
        };
        let bindings: Vec<&Binding> = entry.bindings.iter().filter(is_client).collect();
        let registration = |b: &&Binding| gruu::registration(&self.secret, b.texts().call_id);
        let lasts = bindings
            .iter()
            .any(|b| registration(b) == meant.registration);
        lasts.then_some(bindings)
    }

    /// The public GRUU of a binding and a new temporary one; nothing for a client without an instance. `nonce` is used
    /// for nothing else. `secure`: the user registered with a `sips` URI.
    #[must_use]
    pub fn gruus(
        &self,
        aor: &Aor,
        binding: &Binding,
        secure: bool,
        nonce: u64,
    ) -> Option<(Vec<u8>, Vec<u8>)> {
        let instance = binding.instance()?;
        let public = gruu::public(aor, secure, instance)?;
        let meant = Meant {
            client: gruu::client(&self.secret, aor, instance),
            registration: gruu::registration(&self.secret, binding.texts().call_id),
        };
        Some((
            public,
            gruu::temporary(&self.secret, aor, secure, meant, nonce)?,
        ))
    }

    /// The binding of an address of record whose contact is that URI: user, host and port count. Of that address only, for
    /// anybody may register anybody's contact.
    #[must_use]
    pub fn by_contact(&self, aor: &Aor, uri: &[u8]) -> Option<&Binding> {
        let contact = contact_digest(self.hash_key, aor, uri)?;
        let (key, id) = self.by_contact.get(&contact)?;
        let mut bindings = self.entries.get(*key)?.bindings.iter();
        bindings.find(|binding| binding.id == *id)
    }

    /// The flows of the client that a contact is of, the latest first (RFC 5626 5.3); none if it registered without. `uri`
    /// is what the request was for: a contact of somebody else is not looked at.
    #[must_use]
    pub fn flows_of(&self, uri: &[u8], contact: &[u8]) -> Vec<&Binding> {
        let mut flows = self.meant_by(uri);
        flows.retain(|binding| binding.reg_id > 0);
        let named = flows
            .iter()
            .find(|b| *request_uri(b.texts().uri) == *contact);
        let Some(instance) = named.map(|binding| binding.instance()) else {
            return Vec::new();
        };
        flows.retain(|binding| binding.instance() == instance);
        flows.sort_by_key(|binding| std::cmp::Reverse(binding.since));
        flows
    }

    /// The activity of an address of record that is registered.
    #[must_use]
    pub fn activity(&self, aor: &Aor) -> Option<u64> {
        self.find(aor).map(|entry| entry.activity)
    }

    /// The address of record of an entry, and its activity.
    #[must_use]
    pub fn entry(&self, key: Key) -> Option<(&Aor, u64)> {
        self.entries
            .get(key)
            .map(|entry| (&entry.aor, entry.activity))
    }

    /// The bindings of an entry.
    #[must_use]
    pub fn bindings_of(&self, key: Key) -> &[Binding] {
        self.entries.get(key).map_or(&[], |entry| &entry.bindings)
    }

    /// What becomes of the bindings of an address of record by a REGISTER that came over `flow`; nothing is changed.
    ///
    /// # Errors
    /// It changes nothing, and is answered with that.
    pub fn decide(
        &self,
        now: Ms,
        aor: &Aor,
        request: &Message,
        flow: Flow,
        policy: &Policy,
    ) -> Result<Outcome, Refusal> {
        let before = self.bindings(aor);
        let outcome = decide((aor, before), now, request, flow, policy)?;
        let more = outcome.bindings.len().saturating_sub(before.len());
        if more > 0 && self.bindings + more > self.limit {
            return Err(Refusal::Full);
        }
        Ok(outcome)
    }

    /// Replaces the bindings of an address of record, which `activity` stands for. Returns the entry's key, unless
    /// nothing is left, and what of its records has to be written.
    pub fn apply(
        &mut self,
        activity: u64,
        aor: &Aor,
        bindings: Vec<Binding>,
    ) -> (Option<Key>, Vec<Delta>) {
        let Some(key) = self.key_of(aor).or_else(|| self.insert(activity, aor)) else {
            return (None, Vec::new());
        };
        let Some(entry) = self.entries.get_mut(key) else {
            return (None, Vec::new());
        };
        let before = std::mem::replace(&mut entry.bindings, bindings);
        self.bindings = self.bindings + entry.bindings.len() - before.len();
        let has = |all: &[Binding], id| all.iter().any(|binding| binding.id == id);
        let gone = before.iter().filter(|old| !has(&entry.bindings, old.id));
        let mut deltas: Vec<Delta> = gone.map(|old| Delta::Gone(old.id)).collect();
        let put = entry.bindings.iter().filter(|new| !before.contains(new));
        deltas.extend(put.map(|new| Delta::Put(new.id)));
        let contacts = |bindings: &[Binding]| -> Vec<(u16, Option<Digest>)> {
            let contact = |b: &Binding| (b.id, contact_digest(self.hash_key, aor, b.texts().uri));
            bindings.iter().map(contact).collect()
        };
        let there = contacts(&entry.bindings);
        let clients: Vec<Digest> = entry
            .bindings
            .iter()
            .filter_map(|b| client_digest(&self.secret, aor, b))
            .collect();
        self.forget_contacts(key, &before);
        self.by_client
            .extend(clients.into_iter().map(|client| (client, key)));
        for (id, contact) in there {
            self.by_contact
                .extend(contact.map(|contact| (contact, (key, id))));
        }
        (self.settle(key), deltas)
    }

    /// Bindings whose time has come; one address of record at a time.
    pub fn expire(&mut self, now: Ms) -> Option<Expired> {
        while let Some(key) = self.wheel.expire(now) {
            let Some(entry) = self.entries.get_mut(key) else {
                continue;
            };
            let (gone, left) = std::mem::take(&mut entry.bindings)
                .into_iter()
                .partition(|binding| binding.until <= now);
            entry.bindings = left;
            let expired = Expired {
                aor: entry.aor.clone(),
                activity: entry.activity,
                bindings: gone,
                left: entry.bindings.len(),
            };
            self.bindings -= expired.bindings.len();
            self.forget_contacts(key, &expired.bindings);
            self.settle(key);
            if !expired.bindings.is_empty() {
                return Some(expired);
            }
        }
        None
    }

    /// When to call [`expire`](Self::expire) next.
    #[must_use]
    pub fn deadline(&self) -> Option<Ms> {
        self.wheel.next()
    }

    /// Drops an entry with all its bindings.
    pub fn remove(&mut self, key: Key) {
        if let Some(entry) = self.entries.get_mut(key) {
            let bindings = std::mem::take(&mut entry.bindings);
            self.bindings -= bindings.len();
            self.forget_contacts(key, &bindings);
            self.settle(key);
        }
    }

    /// Takes an address of record back after a restart; its bindings follow.
    pub fn restore(&mut self, activity: u64, aor: &Aor) -> Option<Key> {
        self.key_of(aor).or_else(|| self.insert(activity, aor))
    }

    /// Takes one of its bindings back.
    pub fn restore_binding(&mut self, key: Key, binding: Binding) -> bool {
        let Some(entry) = self.entries.get_mut(key) else {
            return false;
        };
        if self.bindings >= self.limit {
            return false;
        }
        let (id, contact) = (
            binding.id,
            contact_digest(self.hash_key, &entry.aor, binding.texts().uri),
        );
        let client = client_digest(&self.secret, &entry.aor, &binding);
        entry.bindings.push(binding);
        self.bindings += 1;
        self.by_client.extend(client.map(|client| (client, key)));
        self.by_contact
            .extend(contact.map(|contact| (contact, (key, id))));
        self.settle(key).is_some()
    }

    /// After a restart: drops entries that none of their bindings came back for, and names their activities.
    pub fn drop_empty(&mut self) -> Vec<u64> {
        let empty = |(_, entry): &(Key, &Entry)| entry.bindings.is_empty();
        let keys: Vec<Key> = self
            .entries
            .iter()
            .filter(empty)
            .map(|(key, _)| key)
            .collect();
        let activity = |key| self.entries.get(key).map(|entry| entry.activity);
        let activities = keys.iter().copied().filter_map(activity).collect();
        for key in keys {
            self.settle(key);
        }
        activities
    }

    // ---- the entries

    fn find(&self, aor: &Aor) -> Option<&Entry> {
        self.entries.get(self.key_of(aor)?)
    }

    fn key_of(&self, aor: &Aor) -> Option<Key> {
        self.by_aor.get(&self.digest(aor)).copied()
    }

    fn digest(&self, aor: &Aor) -> Digest {
        let mut hash = Sip24::wide(self.hash_key);
        hash.write(aor.as_str().as_bytes());
        hash.finish_wide()
    }

    fn insert(&mut self, activity: u64, aor: &Aor) -> Option<Key> {
        let entry = Entry {
            aor: aor.clone(),
            activity,
            bindings: Vec::new(),
            timer: TimerId::NONE,
        };
        let key = self.entries.insert(entry).ok()?;
        let digest = self.digest(aor);
        self.by_aor.insert(digest, key);
        Some(key)
    }

    /// Bindings of an entry are gone from it.
    fn forget_contacts(&mut self, key: Key, gone: &[Binding]) {
        let Some(entry) = self.entries.get(key) else {
            return;
        };
        for binding in gone {
            let contact = contact_digest(self.hash_key, &entry.aor, binding.texts().uri);
            if let Some(contact) = contact
                && self.by_contact.get(&contact) == Some(&(key, binding.id))
            {
                self.by_contact.remove(&contact);
            }
            let stays = |other: &Binding| other.instance() == binding.instance();
            if let Some(client) = client_digest(&self.secret, &entry.aor, binding)
                && !entry.bindings.iter().any(stays)
            {
                self.by_client.remove(&client);
            }
        }
    }

    /// Starts the timer of an entry anew, and drops an entry without bindings.
    fn settle(&mut self, key: Key) -> Option<Key> {
        let entry = self.entries.get_mut(key)?;
        self.wheel.cancel(entry.timer);
        match entry.bindings.iter().map(|binding| binding.until).min() {
            Some(first) => {
                entry.bindings.shrink_to_fit();
                entry.timer = self.wheel.start(first, key);
                Some(key)
            }
            None => {
                let entry = self.entries.remove(key)?;
                let digest = self.digest(&entry.aor);
                self.by_aor.remove(&digest);
                None
            }
        }
    }
}

fn client_digest(secret: &Secret, aor: &Aor, binding: &Binding) -> Option<Digest> {
    let instance = binding.instance()?;
    Some(Digest([gruu::client(secret, aor, instance), 0]))
}

/// What tells a contact: its user, host and port, and whose it is. Parameters come and go between a client's messages.
fn contact_digest(hash_key: [u64; 2], aor: &Aor, uri: &[u8]) -> Option<Digest> {
    let uri = Uri::parse(uri).ok()?;
    let mut hash = Sip24::wide(hash_key);
    hash.field(aor.as_str().as_bytes());
    hash.field(uri.user().unwrap_or_default());
    match uri.host()? {
        Host::Name(name) => hash.field_nocase(name),
        Host::Ip(ip) => hash.field(ip.to_canonical().to_string().as_bytes()),
    }
    hash.field(&uri.port().unwrap_or_default().to_be_bytes());
    Some(hash.finish_wide())
}
