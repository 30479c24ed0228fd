//! Adaptors whose bytes are moved by a driver of their own, because a library does it that lives in an async runtime.
//!
//! Such an adaptor has two halves. [`Driven`] is the half that everything depends on: activities, events, limits, deadlines,
//! placement; sans-IO as any [`Protocol`]. The driver, of the crate `strowger-driver`, has the sockets and runs beside the
//! shard. All that they share are two bounded queues of messages.
//! Not here: the driver, which only a node runs.

use super::{Adaptor, AdaptorDef, ClientTls, Input, Protocol, RaCx, Report};
use crate::time::Mono;
use std::any::Any;
use std::fmt;

/// A message on its way between the halves of an adaptor, with its type erased.
pub type Message = Box<dyn Any + Send>;

/// The half of an adaptor with a driver that does no input or output.
///
/// **Contract:** what it tells the driver leaves as bytes do: in order, and not before what it depends on is durable. A
/// process that dies takes the driver and both queues with it: after a restart nothing is left of what was said.
pub trait Driven: Protocol {
    /// What it tells its driver.
    type Down: Any + Send + fmt::Debug;
    /// What its driver tells it.
    type Up: Any + Send + fmt::Debug;

    /// What its driver is given.
    fn needs(settings: &Self::Settings) -> Needs;
    /// The driver has said something.
    fn heard(&mut self, cx: &mut RaCx<'_>, message: Self::Up);
    /// The driver does not take a message: as many wait for it as may, or it is gone.
    fn untold(&mut self, cx: &mut RaCx<'_>, message: Self::Down);
}

/// What a driver is given by the node, beside the listeners of its adaptor and their certificates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Needs {
    /// Messages from the adaptor that may wait for the driver; the adaptor gets back what is beyond.
    pub down: usize,
    /// Messages from the driver that may wait for the adaptor; a driver that finds no room waits until there is some, and
    /// does not read from its peers meanwhile.
    pub up: usize,
    /// Whom connections that it opens over TLS believe; `None` if it opens none.
    pub client: Option<ClientTls>,
}

impl RaCx<'_> {
    /// Tells the driver something.
    pub fn tell<P: Driven>(&mut self, message: P::Down) {
        self.host.tell(self.ra, Box::new(message));
    }
}

/// A driven adaptor with its types erased.
struct Erased<P>(P);

impl<P: Driven> Adaptor for Erased<P> {
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Box<dyn Any>>) {
        super::handle(&mut self.0, cx, input);
    }
    fn deadline(&self) -> Option<Mono> {
        self.0.deadline()
    }
    fn configure(&mut self, cx: &mut RaCx<'_>, settings: &(dyn Any + Send + Sync)) {
        super::configure(&mut self.0, cx, settings);
    }
    fn report(&self) -> Vec<Report> {
        self.0.report()
    }
    fn view(&self) -> &dyn Any {
        self.0.view()
    }
    fn heard(&mut self, cx: &mut RaCx<'_>, message: Message) {
        match message.downcast() {
            Ok(message) => self.0.heard(cx, *message),
            Err(_) => cx.count("foreign_message", 1),
        }
    }
    fn untold(&mut self, cx: &mut RaCx<'_>, message: Message) {
        match message.downcast() {
            Ok(message) => self.0.untold(cx, *message),
            Err(_) => cx.count("foreign_message", 1),
        }
    }
}

impl AdaptorDef {
    /// The definition of `P`. A node that has it needs its driver, too.
    #[must_use]
    pub fn driven<P: Driven>() -> Self {
        Self {
            driven: Some(|settings| settings.downcast_ref().map(P::needs)),
            create: |settings| Some(Box::new(Erased(P::new(settings.downcast_ref()?)))),
            ..Self::of::<P>()
        }
    }
}
