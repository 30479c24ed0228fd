//! No effect before its point of durability: what leaves a node is looked at together with what its disk would keep.

use std::cell::RefCell;
use std::collections::BTreeSet;
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

/// What was said too early, in words.
pub(crate) type Early = Rc<RefCell<Option<String>>>;

/// Looks at every answer that leaves from here on.
pub(crate) fn watch(kit: &TestKit, promises: Promises) -> Early {
    let early = Early::default();
    let told = Rc::clone(&early);
    let mut seen = BTreeSet::new();
    kit.watch_leaving(move |bytes, store| {
        let Some(needle) = promised(bytes, promises) else {
            return;
        };
        if seen.insert(needle.clone()) && !is_kept(store, &needle) {
            let what = String::from_utf8_lossy(&needle).into_owned();
            told.borrow_mut().get_or_insert(format!(
                "an answer left before what it says of `{what}` was durable"
            ));
        }
    });
    early
}

/// What must be in the store before this leaves: of the answer to a call its Call-ID, of that to a text its mark.
fn promised(bytes: &[u8], promises: Promises) -> Option<Vec<u8>> {
    if !bytes.starts_with(b"SIP/2.0 200") {
        return None;
    }
    let message = Message::parse(Bytes::copy_from_slice(bytes), &Limits::DEFAULT).ok()?;
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
