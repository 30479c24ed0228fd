//! What services see of records: a trait for their types, and the provider.

use serde::{Deserialize, Serialize};
use strowger::activity::{Activity, Handle};
use strowger::context::Cx;
use strowger::event::Event;
use strowger::id::{ActivityId, Component, RaIx, Slot};
use strowger::ra::Provider;
use strowger::time::Wall;

use crate::ra::View;

/// A type of record. Its fields, as serde writes them in JSON, are what readers depend on: when they change in a way that a
/// reader would trip over, the version counts up.
pub trait Record: Serialize {
    /// What it is about: `call`, `message`.
    const KIND: &'static str;
    /// The version of its fields, from 1 on.
    const VERSION: u16;
    /// The fields that hold numbers or addresses of persons, which an operator may want masked.
    const PERSONAL: &'static [&'static str] = &[];
}

const fn named(name: &'static str) -> Component {
    Component {
        name,
        vendor: "strowger-records",
        version: "1.0",
    }
}

/// Records that a service is to tell on, until it has said whether it could: [`Offered`] happens on it, once.
#[derive(Clone, Copy, Debug)]
pub enum Offer {}

impl Activity for Offer {
    const TYPE: Component = named("records-offer");
}

/// Records are there to be told on. They are offered until [`Records::taken`] says that they have been, over restarts too.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Offered {
    /// How many.
    pub count: u32,
    /// The records, each a line as in the files, with its end.
    pub lines: String,
}

impl Event for Offered {
    const TYPE: Component = named("records-offered");
}

/// Records, as handlers take them: `records: Option<Ra<Records>>` for a service that can do without.
#[derive(Clone, Copy, Debug)]
pub struct Records {
    ra: RaIx,
}

/// Why a record was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// So many records wait that not even work in progress may add to them. It has been counted as lost.
    #[error("as many records wait to be written as may")]
    Full,
    /// It is longer than a record may be.
    #[error("a record has {0} bytes, at most {MAX_BYTES} are allowed")]
    TooLong(usize),
    /// It cannot be written as JSON.
    #[error("the record cannot be written as JSON: {0}")]
    Json(#[source] serde_json::Error),
}

/// Bytes of a record at most.
pub(crate) const MAX_BYTES: usize = 64 * 1024;

/// What the adaptor is asked to do.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "made by the provider's methods only, which say what each does"
)]
pub enum Command {
    Write {
        slot: Slot,
        kind: &'static str,
        version: u16,
        personal: &'static [&'static str],
        service: &'static str,
        time: Wall,
        body: Vec<u8>,
    },
    /// A record that was not taken.
    Lost,
    /// What came of an offer.
    Answer { offer: ActivityId, taken: bool },
}

impl Provider for Records {
    const TYPE: Component = named("records");
    fn bind(ra: RaIx) -> Self {
        Self { ra }
    }
}

impl Records {
    /// Writes a record, as part of the delivery's transaction: if that is rolled back there is none, and otherwise there is
    /// one, whatever happens to the process.
    ///
    /// # Errors
    /// It was not taken. Where the delivery commits all the same, the adaptor counts the record as lost and raises an alarm.
    pub fn write<R: Record>(&self, cx: &mut Cx<'_>, record: &R) -> Result<(), RecordError> {
        let written = self.try_write(cx, record);
        if written.is_err() {
            cx.command(self.ra, Command::Lost);
        }
        written
    }

    /// Whether new work may be begun that ends in a record. Work that was begun may still write its own when there is none.
    #[must_use]
    pub fn has_room(&self, cx: &Cx<'_>) -> bool {
        cx.view::<View>(self.ra).is_none_or(|view| view.room)
    }

    /// What was offered is where it should be.
    pub fn taken(&self, cx: &mut Cx<'_>, offer: Handle<Offer>) {
        self.answer(cx, offer, true);
    }

    /// What was offered cannot be told on now: it is offered again later.
    pub fn not_taken(&self, cx: &mut Cx<'_>, offer: Handle<Offer>) {
        self.answer(cx, offer, false);
    }

    fn answer(&self, cx: &mut Cx<'_>, offer: Handle<Offer>, taken: bool) {
        let offer = offer.id();
        cx.command(self.ra, Command::Answer { offer, taken });
    }

    fn try_write<R: Record>(&self, cx: &mut Cx<'_>, record: &R) -> Result<(), RecordError> {
        if cx.view::<View>(self.ra).is_some_and(|view| view.full) {
            return Err(RecordError::Full);
        }
        let body = serde_json::to_vec(record).map_err(RecordError::Json)?;
        if body.len() > MAX_BYTES {
            return Err(RecordError::TooLong(body.len()));
        }
        let command = Command::Write {
            slot: cx.entity().slot(),
            kind: R::KIND,
            version: R::VERSION,
            personal: R::PERSONAL,
            service: cx.service().map_or("", |service| service.name),
            time: cx.now().wall,
            body,
        };
        cx.command(self.ra, command);
        Ok(())
    }
}
