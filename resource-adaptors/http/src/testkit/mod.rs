//! The scripted other side of HTTP, for tests of services: clients that ask, and servers that are called.
//!
//! It stands in for the adaptor's driver, in the virtual time of a test kit: no bytes, no connections, no TLS. What clients
//! send is well-formed, as what a driver lets through is.
//!
//! ```
//! use strowger_http::testkit::HttpTestKit as _;
//! use strowger_testkit::TestKit;
//!
//! let kit = TestKit::none().adaptor(strowger_http::adaptor());
//! let alice = kit.http().client("alice");
//! alice.get("/nowhere").expect(404); // there is no service
//! ```

mod client;
mod server;
mod state;

pub use client::{Asked, Client};
pub use server::{Called, Server};

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use strowger_testkit::{Ground, TestKit};

use crate::driver::Up;
use state::State;

/// How long an expectation waits unless told otherwise: longer than the adaptor's own deadlines.
const PATIENCE: Duration = Duration::from_secs(120);

/// `slee.http()`.
pub trait HttpTestKit {
    /// The other side of the adaptor entity `http`.
    fn http(&self) -> OtherSide;
    /// The other side of an adaptor entity of another name.
    fn http_of(&self, entity: &str) -> OtherSide;
}

impl HttpTestKit for TestKit {
    fn http(&self) -> OtherSide {
        self.http_of("http")
    }

    fn http_of(&self, entity: &str) -> OtherSide {
        let ground = self.ground();
        let sides = self.keep(|_| Sides::default());
        let mut sides = sides.0.borrow_mut();
        let state = sides.entry(entity.to_owned()).or_insert_with(|| {
            let state = Rc::new(RefCell::new(State::default()));
            let driver = Rc::clone(&state);
            let able = ground.drive(
                entity,
                Box::new(move |event| driver.borrow_mut().happened(event)),
            );
            assert!(able, "the other side of HTTP is scripted in a test kit");
            state
        });
        OtherSide {
            kit: self.clone(),
            ground,
            entity: entity.to_owned(),
            state: Rc::clone(state),
            patience: PATIENCE,
        }
    }
}

#[derive(Default)]
struct Sides(RefCell<BTreeMap<String, Rc<RefCell<State>>>>);

/// The other side of an adaptor entity. Clones are the same side.
#[derive(Clone)]
pub struct OtherSide {
    kit: TestKit,
    ground: Rc<dyn Ground>,
    entity: String,
    state: Rc<RefCell<State>>,
    patience: Duration,
}

impl std::fmt::Debug for OtherSide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OtherSide")
            .field("entity", &self.entity)
            .finish_non_exhaustive()
    }
}

impl OtherSide {
    /// The same side, whose expectations wait this long.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Somebody who sends requests.
    #[must_use]
    pub fn client(&self, name: &str) -> Client {
        Client::new(self.clone(), name)
    }

    /// A server that calls of ours reach at a URL such as `https://hooks.example`; name servers know its host.
    ///
    /// # Panics
    /// It is no such URL.
    #[must_use]
    #[track_caller]
    pub fn server(&self, url: &str) -> Server {
        Server::new(self.clone(), url)
    }

    fn say(&self, note: &str, message: Up) {
        self.ground.say(&self.entity, note, Box::new(message));
    }

    fn wait(&self, holds: &dyn Fn(&State) -> bool) -> bool {
        self.ground
            .wait(self.patience, &|| holds(&self.state.borrow()))
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!("{what}\n{}", self.ground.context());
    }
}
