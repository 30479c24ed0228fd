//! No effect before its point of durability: what leaves a node is looked at together with what its disk would keep.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use strowger::bytes::Bytes;
use strowger_sip::proto::wire::{Limits, Message};
use strowger_testkit::{MemoryStore, TestKit};

/// Which services promise to be durable before they answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Promises {
    pub(crate) calls: bool,
    pub(crate) texts: bool,
}

/// What leaves the node is looked at, from the moment that this is made.
#[derive(Clone, Default)]
pub(crate) struct Leaving(Rc<RefCell<Seen>>);

#[derive(Default)]
struct Seen {
    /// What was said before it was kept.
    promised: BTreeSet<Vec<u8>>,
    /// Calls that were answered: Call-ID, tag of the node.
    answered: BTreeMap<Vec<u8>, Vec<u8>>,
    clock_was_set: bool,
    /// What must not be, in words.
    wrong: Option<String>,
}

impl Leaving {
    pub(crate) fn watch(kit: &TestKit, promises: Promises) -> Self {
        let leaving = Self::default();
        let Self(seen) = leaving.clone();
        kit.watch_leaving(move |bytes, store| {
            if let Some(message) = answer(bytes) {
                let mut seen = seen.borrow_mut();
                let kept = seen.check_kept(&message, store, promises);
                let known = kept.and_then(|()| seen.check_known(&message, promises));
                seen.wrong = seen.wrong.take().or_else(|| known.err());
            }
        });
        leaving
    }

    /// How long ago something was is no longer known.
    pub(crate) fn clock_was_set(&self) {
        self.0.borrow_mut().clock_was_set = true;
    }

    /// # Errors
    /// What has left must not have left.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.0.borrow_mut().wrong.take().map_or(Ok(()), Err)
    }
}

impl Seen {
    fn check_kept(
        &mut self,
        message: &Message,
        store: &MemoryStore,
        promises: Promises,
    ) -> Result<(), String> {
        let Some(needle) = promised(message, promises) else {
            return Ok(());
        };
        if !self.promised.insert(needle.clone()) || is_kept(store, &needle) {
            return Ok(());
        }
        let what = String::from_utf8_lossy(&needle);
        Err(format!(
            "an answer left before what it says of `{what}` was durable"
        ))
    }

    /// A call that was answered is not answered as another one, whoever repeats its INVITE.
    fn check_known(&mut self, message: &Message, promises: Promises) -> Result<(), String> {
        let is_call = message.cseq().is_ok_and(|cseq| cseq.method == b"INVITE");
        let (Ok(call_id), Some(tag)) = (message.call_id(), message.to_tag()) else {
            return Ok(());
        };
        if !is_call || !promises.calls || self.clock_was_set {
            return Ok(());
        }
        let first = self
            .answered
            .entry(call_id.to_vec())
            .or_insert_with(|| tag.to_vec());
        match first == tag {
            true => Ok(()),
            false => Err(format!(
                "the call {} was answered as two",
                String::from_utf8_lossy(call_id)
            )),
        }
    }
}

/// A 200, if it is one.
fn answer(bytes: &[u8]) -> Option<Message> {
    if !bytes.starts_with(b"SIP/2.0 200") {
        return None;
    }
    Message::parse(Bytes::copy_from_slice(bytes), &Limits::DEFAULT).ok()
}

/// What must be in the store before this leaves: of the answer to a call its Call-ID, of that to a text its mark.
fn promised(message: &Message, promises: Promises) -> Option<Vec<u8>> {
    let answered = message.cseq().ok()?.method;
    let user = |uri: &[u8]| {
        let uri = String::from_utf8_lossy(uri).into_owned();
        uri.strip_prefix("sip:")?
            .split('@')
            .next()
            .map(str::to_owned)
    };
    if answered == b"INVITE" && promises.calls {
        return Some(message.call_id().ok()?.to_vec());
    }
    let mark = user(message.from().ok()?.uri_raw)?;
    let is_mark = answered == b"MESSAGE" && mark.starts_with("mark");
    (is_mark && promises.texts).then(|| mark.into_bytes())
}

fn is_kept(store: &MemoryStore, needle: &[u8]) -> bool {
    store.holds_durably(needle).unwrap_or(false)
}
