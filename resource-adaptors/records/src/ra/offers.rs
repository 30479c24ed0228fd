//! Offers to services: what waits for a service, a few at a time, each as an activity that ends when the service has said
//! whether it could tell the records on.
//!
//! An offer that is not taken, for whatever reason, is made again later under another activity. Offers do not outlive their
//! process; what they hold is kept.

use std::collections::BTreeMap;
use std::time::Duration;
use strowger::id::ActivityId;
use strowger::ra::{ActivityFlags, RaCx};
use strowger::time::Mono;

use super::pending::Left;
use super::{RecordsProtocol, keep_on, release, slot};
use crate::api::{Offer, Offered};
use crate::driver::RecordId;

/// Offers at a time.
const OPEN: usize = 4;

/// The offers that are made.
#[derive(Debug, Default)]
pub(super) struct Offers {
    /// Between `Active` and `Stopping`.
    active: bool,
    open: BTreeMap<ActivityId, Vec<RecordId>>,
    /// When to look what there is to be offered.
    pub(super) due: Option<Mono>,
    /// How long was waited since the last offer that was not taken; nothing once one was.
    pause: Duration,
    /// The alarm stands.
    raised: bool,
}

impl Offers {
    pub(super) const fn is_paused(&self) -> bool {
        !self.pause.is_zero()
    }
}

impl RecordsProtocol {
    /// The SLEE runs: offers can be made.
    pub(super) fn begin_offers(&mut self, cx: &RaCx<'_>) {
        self.offers.active = true;
        self.look_for_offers(cx);
    }

    /// It stops: no offer keeps it from that.
    pub(super) fn end_offers(&mut self, cx: &mut RaCx<'_>) {
        self.offers.active = false;
        for (offer, ids) in std::mem::take(&mut self.offers.open) {
            self.pending.untaken(&ids);
            end(cx, offer);
        }
    }

    /// Whether that is an offer of this process.
    pub(super) fn is_offered(&self, offer: ActivityId) -> bool {
        self.offers.open.contains_key(&offer)
    }

    /// Something may be there to be offered.
    pub(super) fn look_for_offers(&mut self, cx: &RaCx<'_>) {
        let offers = &mut self.offers;
        if self.settings.offer.enabled && offers.active && offers.pause.is_zero() {
            let now = cx.now().mono;
            offers.due.get_or_insert(now);
        }
    }

    /// Makes offers of what waits.
    pub(super) fn offer(&mut self, cx: &mut RaCx<'_>) {
        self.offers.due = None;
        self.bound_offers(cx);
        if !self.offers.active || self.pending.for_service() == 0 {
            return;
        }
        if !cx.has_receiver::<Offered>() {
            return self.pause(cx);
        }
        while self.offers.open.len() < OPEN {
            let records = self.pending.next_offer(self.settings.offer.batch);
            let Some((first, _)) = records.first() else {
                return;
            };
            let flags = ActivityFlags {
                report_unreferenced: true,
                ..ActivityFlags::default()
            };
            let started = cx.start_activity::<Offer>(slot(*first), flags, 0);
            let ids: Vec<RecordId> = records.iter().map(|(id, _)| *id).collect();
            let Ok(offer) = started else {
                self.pending.untaken(&ids);
                return self.pause(cx);
            };
            let mut lines = String::new();
            for (_, line) in &records {
                lines.push_str(&String::from_utf8_lossy(line));
                lines.push('\n');
            }
            let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            self.offers.open.insert(offer, ids);
            if cx.fire(offer, Offered { count, lines }).is_err() {
                return self.answered(cx, offer, false);
            }
        }
    }

    /// A service has said what came of an offer, or has gone without a word.
    pub(super) fn answered(&mut self, cx: &mut RaCx<'_>, offer: ActivityId, taken: bool) {
        let Some(ids) = self.offers.open.remove(&offer) else {
            return;
        };
        end(cx, offer);
        if !taken {
            cx.count("records.not_taken", ids.len() as u64);
            self.pending.untaken(&ids);
            return self.pause(cx);
        }
        cx.count("records.taken", ids.len() as u64);
        for id in ids {
            self.has_service(cx, id);
        }
        if self.offers.is_paused() {
            (self.offers.pause, self.offers.due) = (Duration::ZERO, None);
        }
        if std::mem::take(&mut self.offers.raised) {
            cx.alarm("records_untaken", false, "");
        }
        self.look_for_offers(cx);
    }

    /// It goes to no service any more.
    fn has_service(&mut self, cx: &mut RaCx<'_>, id: RecordId) {
        match self.pending.taken(id) {
            Some(Left::Nowhere) => release(cx, id),
            Some(Left::To(to, line)) => keep_on(cx, id, to, &line),
            None => {}
        }
    }

    /// Waits before the next offer, twice as long each time.
    fn pause(&mut self, cx: &mut RaCx<'_>) {
        let (settings, offers) = (&self.settings.offer, &mut self.offers);
        let again = offers.is_paused();
        // Several offers that were made together are one attempt.
        if again && offers.due.is_some() {
            return;
        }
        let longest = settings.longest.max(settings.retry);
        offers.pause = (offers.pause * 2).clamp(settings.retry, longest);
        offers.due = Some(cx.now().mono + offers.pause);
        if again && !offers.raised {
            offers.raised = true;
            let text = "no service takes records to tell them on; they are offered again";
            cx.alarm("records_untaken", true, text);
        }
    }

    /// Gives up offering the oldest where too many wait.
    fn bound_offers(&mut self, cx: &mut RaCx<'_>) {
        let most = self.settings.offer.waiting as usize;
        let beyond = self.pending.for_service().saturating_sub(most);
        if beyond == 0 {
            return;
        }
        for (id, _) in self
            .pending
            .next_offer(u32::try_from(beyond).unwrap_or(u32::MAX))
        {
            cx.count("records.not_offered", 1);
            self.has_service(cx, id);
        }
        let text =
            "too many records wait for a service to tell them on: the oldest are in the files only";
        cx.alarm("records_unoffered", true, text);
    }
}

/// Ends an activity; one that has ended is no mistake.
pub(super) fn end(cx: &mut RaCx<'_>, offer: ActivityId) {
    let _ = cx.end_activity(offer);
}
