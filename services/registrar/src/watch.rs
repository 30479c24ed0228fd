//! The event package `reg` (RFC 3680): who watches a user's registration, and when watchers are told.

use crate::Registrar;
use crate::reginfo::{Gone, REGINFO, Told};
use strowger::prelude::*;
use strowger_sip::{self as sip, Aor, Notification, Sip, Subscription};

/// The package.
pub(crate) const PACKAGE: &[u8] = b"reg";

/// A REGISTER was carried out. The table shows it from the next transaction on.
#[derive(Clone, Debug, Event)]
pub struct Changed;

/// What an entity knows while its user is watched.
#[derive(Debug, State)]
pub(crate) struct Watched {
    aor: String,
    watchers: Vec<Watcher>,
    told: Told,
    /// [`Changed`] is on its way.
    changing: bool,
}

#[derive(Debug, State)]
struct Watcher {
    subscription: Handle<Subscription>,
    /// Of its next document.
    version: u32,
}

impl Registrar {
    pub(crate) fn watchers(&self) -> usize {
        let watched = self.watched.as_ref();
        watched.map_or(0, |watched| watched.watchers.len())
    }

    /// One more watches; it is told what there is.
    pub(crate) fn watched_by(
        &mut self,
        cx: &mut Cx,
        sip: Sip,
        aor: &Aor,
        subscription: Handle<Subscription>,
    ) -> Result {
        let watched = self.watched.get_or_insert_with(|| {
            Box::new(Watched {
                aor: aor.as_str().to_owned(),
                watchers: Vec::new(),
                told: Told::default(),
                changing: false,
            })
        });
        watched.watchers.push(Watcher {
            subscription,
            version: 0,
        });
        self.tell(cx, sip, Gone::Expired, Some(subscription))
    }

    /// A REGISTER was carried out: watchers are told when the table shows it.
    pub(crate) fn note_change(&mut self, cx: &mut Cx) -> Result {
        let Some(watched) = self.watched.as_mut() else {
            return Ok(());
        };
        if let Some(first) = watched.watchers.first() {
            watched.changing = true;
            cx.fire(first.subscription, Changed)?;
        }
        Ok(())
    }

    /// The registration has ended. It did by itself unless a REGISTER did it, and then [`Changed`] tells.
    pub(crate) fn tell_end(&mut self, cx: &mut Cx, sip: Sip) -> Result {
        match &self.watched {
            Some(watched) if !watched.changing && watched.told.is_any() => {
                self.tell(cx, sip, Gone::Expired, None)
            }
            _ => Ok(()),
        }
    }

    /// Tells one watcher, or all of them, what there is and what is gone.
    pub(crate) fn tell(
        &mut self,
        cx: &mut Cx,
        sip: Sip,
        gone: Gone,
        only: Option<Handle<Subscription>>,
    ) -> Result {
        let Some(watched) = self.watched.as_mut() else {
            return Ok(());
        };
        let gone = match watched.changing {
            true => Gone::Unregistered,
            false => gone,
        };
        let bindings = sip.bindings(cx, &watched.aor);
        let document = watched.told.next(&bindings, cx.now().wall, gone);
        let only = only.filter(|_| !document.is_last_word);
        if only.is_none() {
            watched.changing = false;
        }
        for watcher in &mut watched.watchers {
            if only.is_some_and(|only| only != watcher.subscription) {
                continue;
            }
            let body = document.of(&watched.aor, watcher.version);
            watcher.version = watcher.version.saturating_add(1);
            let told = Notification::active(REGINFO, body);
            sip.notify(cx, watcher.subscription, told)?;
        }
        Ok(())
    }

    /// One watches no longer.
    pub(crate) fn left(&mut self, cx: &mut Cx, gone: Handle<Subscription>) -> Result {
        let Some(watched) = self.watched.as_mut() else {
            return Ok(());
        };
        watched
            .watchers
            .retain(|watcher| watcher.subscription != gone);
        let changing = watched.changing;
        if watched.watchers.is_empty() {
            self.watched = None;
        } else if changing {
            // It may have taken the event with it.
            self.note_change(cx)?;
        }
        Ok(())
    }
}

/// Whether a subscriber takes what it would be told (RFC 3680 4.4).
pub(crate) fn accepts(ev: &sip::Subscribe) -> bool {
    let Some(accept) = ev.header("Accept") else {
        return true;
    };
    let ranges = accept.split(|byte| *byte == b',');
    ranges
        .map(|range| range.split(|byte| *byte == b';').next().unwrap_or_default())
        .any(|range| {
            let range = range.trim_ascii();
            range == b"*/*"
                || range.eq_ignore_ascii_case(b"application/*")
                || range.eq_ignore_ascii_case(REGINFO.as_bytes())
        })
}
