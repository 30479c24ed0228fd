//! The scripted other side of records, for tests of services: files in memory, which outlive the process.
//!
//! ```
//! use strowger_records::testkit::RecordsTestKit as _;
//! use strowger_testkit::TestKit;
//!
//! let slee = TestKit::strict().adaptor(strowger_records::adaptor());
//! assert_eq!(slee.records().written().len(), 0); // there is no service
//! ```

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value;
use strowger_testkit::{Driven, Ground, Reaction, TestKit};

use crate::driver::{Down, RecordId, Up};

/// `slee.records()`.
pub trait RecordsTestKit {
    /// The other side of the adaptor entity `records`.
    fn records(&self) -> Written;
}

impl RecordsTestKit for TestKit {
    fn records(&self) -> Written {
        let ground = self.ground();
        let state = self.keep(|_| RefCell::new(State::default()));
        if !std::mem::replace(&mut state.borrow_mut().driving, true) {
            let driver = Rc::clone(&state);
            let happened = move |event| driver.borrow_mut().happened(event);
            let able = ground.drive(ENTITY, Box::new(happened));
            assert!(able, "the other side of records is scripted in a test kit");
        }
        Written { ground, state }
    }
}

const ENTITY: &str = "records";

/// What was written, in its order. Clones are the same.
#[derive(Clone)]
pub struct Written {
    ground: Rc<dyn Ground>,
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    driving: bool,
    stuck: bool,
    /// What waits while nothing can be written.
    waiting: Vec<Down>,
    ids: BTreeSet<RecordId>,
    lines: Vec<Value>,
    repeated: usize,
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written").finish_non_exhaustive()
    }
}

impl Written {
    /// The records in the files.
    #[must_use]
    pub fn written(&self) -> Vec<Value> {
        self.state.borrow().lines.clone()
    }

    /// What services wrote of one kind: the field `record` of each.
    #[must_use]
    pub fn of(&self, kind: &str) -> Vec<Value> {
        let state = self.state.borrow();
        let of = state.lines.iter().filter(|line| line["kind"] == kind);
        of.map(|line| line["record"].clone()).collect()
    }

    /// How many records the files were told that had them already.
    #[must_use]
    pub fn repeated(&self) -> usize {
        self.state.borrow().repeated
    }

    /// From here on nothing can be written, as on a full disk, or it can again.
    pub fn stuck(&self, stuck: bool) {
        let waiting = {
            let mut state = self.state.borrow_mut();
            state.stuck = stuck;
            if stuck {
                return;
            }
            std::mem::take(&mut state.waiting)
        };
        for down in waiting {
            let up = self.state.borrow_mut().write(&down);
            self.ground.say(ENTITY, "written", Box::new(up));
        }
    }
}

impl State {
    fn happened(&mut self, event: Driven) -> Reaction {
        match event {
            Driven::Told(message) => match message.downcast::<Down>() {
                Ok(down) => self.told(*down),
                Err(other) => {
                    panic!("the adaptor says {other:?}, which no driver of records is told")
                }
            },
            Driven::Died => {
                self.waiting.clear();
                Reaction::default()
            }
        }
    }

    fn told(&mut self, down: Down) -> Reaction {
        let note = format!("record {}", down.id);
        if self.stuck {
            self.waiting.push(down);
            return Reaction {
                note,
                ..Reaction::default()
            };
        }
        let up = self.write(&down);
        let said = vec![("written".to_owned(), Box::new(up) as _)];
        Reaction { note, said }
    }

    fn write(&mut self, down: &Down) -> Up {
        let line: Value = match serde_json::from_slice(&down.line) {
            Ok(line) => line,
            Err(error) => panic!("a record is no JSON: {error}"),
        };
        match self.ids.insert(down.id) {
            true => self.lines.push(line),
            false => self.repeated += 1,
        }
        Up { ids: vec![down.id] }
    }
}
