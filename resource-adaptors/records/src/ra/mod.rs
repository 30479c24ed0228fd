//! The adaptor: records from their commit until they are in the files.
//!
//! A record is kept as one of the adaptor entity's own, in class strict whatever the class of its service, so that the commit
//! that wrote it is durable before the driver hears of it (docs/adr/0010). Its only activities are offers to services that tell
//! records on.

mod line;
mod numbers;
mod offers;
mod pending;
mod settings;

pub use line::rfc3339;
pub use settings::{FileSettings, OfferSettings, Settings};

use bytes::Bytes;
use std::any::Any;
use std::time::Duration;
use strowger::activity::Activity as _;
use strowger::event::EventDecl;
use strowger::id::{Component, Slot};
use strowger::ra::{
    AdaptorDef, Driven, Input, Listener, Needs, Protocol, Provider as _, RaCx, Report,
    SettingsError,
};
use strowger::time::Mono;

use crate::api::{Command, Offer, Offered, Records};
use crate::driver::{Down, RecordId, Up};
use line::Head;
use numbers::{CEILING, Numbers};
use offers::Offers;
use pending::{Left, Pending, To, WINDOW};

/// The adaptor type, to be installed: its driver is another crate's.
#[must_use]
pub fn adaptor() -> AdaptorDef {
    AdaptorDef::driven::<RecordsProtocol>()
}

/// What the provider reads while a handler runs.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// New work may begin.
    pub(crate) room: bool,
    /// Nothing more is taken.
    pub(crate) full: bool,
}

/// A records adaptor entity.
#[derive(Debug)]
pub struct RecordsProtocol {
    settings: Settings,
    numbers: Numbers,
    pending: Pending,
    view: View,
    /// The SLEE runs: the driver may be told.
    active: bool,
    /// When to tell the driver again what it did not take.
    again: Option<Mono>,
    offers: Offers,
}

/// Time after which the driver is told again what it did not take.
const AGAIN: Duration = Duration::from_secs(1);
/// Messages from the driver that wait at most.
const UP: usize = 64;

impl Protocol for RecordsProtocol {
    const TYPE: Component = Records::TYPE;
    type Settings = Settings;
    type Command = Command;

    fn verify(settings: &Settings) -> Result<(), SettingsError> {
        settings.verify()
    }
    fn listeners(_: &Settings) -> Vec<Listener> {
        Vec::new()
    }
    fn events() -> Vec<EventDecl> {
        vec![EventDecl::of::<Offered>()]
    }
    fn activities() -> Vec<Component> {
        vec![Offer::TYPE]
    }
    fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            numbers: Numbers::default(),
            pending: Pending::default(),
            view: View {
                room: true,
                full: false,
            },
            active: false,
            again: None,
            offers: Offers::default(),
        }
    }
    fn deadline(&self) -> Option<Mono> {
        let due = [self.again, self.offers.due];
        due.into_iter().flatten().min()
    }
    fn configure(&mut self, cx: &mut RaCx<'_>, settings: &Settings) {
        self.settings = settings.clone();
        self.look(cx);
    }
    fn view(&self) -> &dyn Any {
        &self.view
    }

    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Command>) {
        match input {
            Input::Active => {
                self.active = true;
                self.tell(cx);
                self.begin_offers(cx);
            }
            Input::Timeout => self.due(cx),
            Input::Command { command, .. } => self.command(cx, command),
            Input::RestoreKept { slot, sub, value } => self.restore(cx, slot, sub, value),
            Input::Restored => self.look(cx),
            // Work in progress writes its records also while the adaptor is stopping, and what is not written by the end of
            // the process is there at its next start.
            Input::Stopping => self.end_offers(cx),
            Input::Unreferenced(offer) | Input::AdministrativeRemove(offer) => {
                self.answered(cx, offer, false);
            }
            Input::QueryLiveness(offer) if !self.is_offered(offer) => offers::end(cx, offer),
            // It was made by a process before: what it holds is offered anew.
            Input::Restore { activity, .. } | Input::RestoreBare { activity, .. } => {
                offers::end(cx, activity);
            }
            Input::QueryLiveness(_) | Input::Inactive | Input::NewWork(_) | _ => {}
        }
    }

    fn report(&self) -> Vec<Report> {
        let waiting = ("waiting".to_owned(), self.pending.for_files() as u64);
        let told = ("told".to_owned(), self.pending.told as u64);
        let files = Report {
            name: "files".to_owned(),
            state: if self.view.room { "open" } else { "full" }.to_owned(),
            detail: String::new(),
            counts: [waiting, told].into(),
        };
        if !self.settings.offer.enabled {
            return vec![files];
        }
        let waiting = ("waiting".to_owned(), self.pending.for_service() as u64);
        let service = Report {
            name: "service".to_owned(),
            state: if self.offers.is_paused() {
                "not taken"
            } else {
                "open"
            }
            .to_owned(),
            detail: String::new(),
            counts: [waiting].into(),
        };
        vec![files, service]
    }
}

impl Driven for RecordsProtocol {
    type Down = Down;
    type Up = Up;

    fn needs(_: &Settings) -> Needs {
        Needs {
            down: WINDOW,
            up: UP,
            client: None,
        }
    }

    fn heard(&mut self, cx: &mut RaCx<'_>, Up { ids }: Up) {
        for id in ids {
            let left = self.pending.safe(id);
            cx.count("records.done", u64::from(left.is_some()));
            match left {
                Some(Left::Nowhere) => release(cx, id),
                Some(Left::To(to, line)) => keep_on(cx, id, to, &line),
                None => {}
            }
        }
        self.look(cx);
        self.tell(cx);
    }

    fn untold(&mut self, cx: &mut RaCx<'_>, down: Down) {
        cx.count("records.driver_full", 1);
        self.pending.untold(down.id);
        let due = cx.now().mono + AGAIN;
        self.again.get_or_insert(due);
    }
}

impl RecordsProtocol {
    fn command(&mut self, cx: &mut RaCx<'_>, command: Command) {
        match command {
            Command::Write {
                slot,
                kind,
                version,
                personal,
                service,
                time,
                body,
            } => {
                let id = self.numbers.next(cx, slot);
                let head = Head {
                    id,
                    kind,
                    version,
                    node: &self.settings.node,
                    service,
                    time,
                };
                let masked = line::mask(&body, personal, self.settings.mask_last);
                let line = head.line(masked.as_ref().unwrap_or(&body));
                cx.count("records.written", 1);
                cx.keep_strict(slot, &sub(id), &line);
                let to = To {
                    files: true,
                    service: self.settings.offer.enabled,
                };
                self.pending.insert(id, Bytes::from(line), to);
                self.look(cx);
                self.tell(cx);
                self.look_for_offers(cx);
            }
            Command::Answer { offer, taken } => self.answered(cx, offer, taken),
            Command::Lost => {
                cx.count("records.lost", 1);
                let text = "a record was not taken, since too many wait to be written: it is lost";
                cx.alarm("records_lost", true, text);
            }
        }
    }

    /// A record of an earlier process.
    fn restore(&mut self, cx: &mut RaCx<'_>, slot: Slot, sub: &[u8], value: &[u8]) {
        if sub == CEILING {
            if !self.numbers.restore(slot, value) {
                cx.count("records.bad", 1);
            }
            return;
        }
        let Ok(number) = sub.try_into().map(u64::from_be_bytes) else {
            return cx.count("records.bad", 1);
        };
        let origin = self.numbers.origin(cx);
        let id = RecordId { origin, number };
        cx.count("records.restored", 1);
        let (mut to, line) = pending::restored(value);
        to.service &= self.settings.offer.enabled;
        if !to.files && !to.service {
            return release(cx, id);
        }
        let line = Bytes::copy_from_slice(line);
        self.pending.insert(id, line, to);
    }

    /// Does what is due.
    fn due(&mut self, cx: &mut RaCx<'_>) {
        let now = cx.now().mono;
        let has_come = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        if has_come(self.again) {
            self.again = None;
            self.tell(cx);
        }
        if has_come(self.offers.due) {
            self.offer(cx);
        }
    }

    /// Tells the driver what there is room for.
    fn tell(&mut self, cx: &mut RaCx<'_>) {
        if !self.active || self.again.is_some() {
            return;
        }
        while let Some((id, line)) = self.pending.next() {
            cx.tell::<Self>(Down { id, line });
        }
    }

    /// Looks how full it is.
    fn look(&mut self, cx: &mut RaCx<'_>) {
        let (most, bytes) = (self.settings.pending as usize, self.settings.pending_bytes);
        let (waiting, size) = (self.pending.for_files(), self.pending.bytes);
        self.view.full = waiting >= 2 * most || size >= 2 * bytes;
        // Once it was full, a tenth is to be free before it is not.
        let room = match self.view.room {
            true => waiting < most && size < bytes,
            false => waiting < most - most / 10 && size < bytes - bytes / 10,
        };
        if room != self.view.room {
            self.view.room = room;
            let text = "as many records wait to be written as may: new work is refused";
            cx.alarm("records_full", !room, text);
        }
    }
}

fn release(cx: &mut RaCx<'_>, id: RecordId) {
    cx.discard(slot(id), &sub(id));
}

/// It goes on waiting for what is left.
fn keep_on(cx: &mut RaCx<'_>, id: RecordId, to: To, line: &[u8]) {
    cx.keep_strict(slot(id), &sub(id), &pending::kept(to, line));
}

fn slot(id: RecordId) -> Slot {
    Slot((id.number >> 56) as u8)
}

fn sub(id: RecordId) -> [u8; 8] {
    id.number.to_be_bytes()
}
