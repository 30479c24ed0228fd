//! A service whose state can be checked: it writes down what it is told, fires numbered events to itself, and sets a timer for
//! each thing that it was told.
//!
//! A MESSAGE says `note MILLISECONDS STEPS HOW`; its sender's user is the mark that is written down. What is committed is complete:
//! whatever was fired has been seen, each mark has either its timer or its ring, and its child has the same marks. `close` ends it.

use schemars::JsonSchema;
use serde::Deserialize;
use strowger::prelude::*;
use strowger_sip::{self as sip, ServerTx, Sip};
use strowger_testkit::TimerInfo;

use crate::sabotage::Flaw;

/// The service.
pub(crate) fn service() -> ServiceDef {
    ServiceDef::of::<Ledger>().settings::<Settings>()
}

/// What is wrong with it on purpose.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct Settings {
    #[serde(skip)]
    pub(crate) flaw: Option<Flaw>,
}

/// One ledger.
#[derive(Debug, Default, State)]
pub(crate) struct Ledger {
    pub(crate) home: Option<Handle<NullActivity>>,
    /// What it was told.
    pub(crate) marks: Vec<String>,
    /// What it was reminded of, in that order.
    pub(crate) rung: Vec<String>,
    /// Events fired so far.
    pub(crate) fired: u32,
    /// The number of the last one that came.
    pub(crate) seen: u32,
    /// Numbers that came out of order.
    pub(crate) disorder: Vec<u32>,
    /// Rings before their time.
    pub(crate) early: Vec<String>,
}

/// A numbered event.
#[derive(Clone, Debug, Event)]
pub(crate) struct Step {
    number: u32,
}

/// It is time for a mark.
#[derive(Clone, Debug, Event)]
pub(crate) struct Due {
    mark: String,
    at: u64,
}

/// A child of a ledger, called for each mark.
#[derive(Debug, Default, State)]
pub(crate) struct Carbon {
    pub(crate) marks: Vec<String>,
}

#[sbb(name = "carbon", vendor = "simulation", version = "1.0")]
impl Carbon {
    /// It has handlers, too, though nothing comes to it.
    #[on]
    fn step(&mut self, _: &mut Cx, _: &Step) -> Result {
        Ok(())
    }
}

#[sbb(
    name = "ledger",
    vendor = "simulation",
    version = "1.0",
    children(Carbon)
)]
impl Ledger {
    fn pick(sel: &mut Selector) {
        let user = sel.event::<sip::Message>().map(|ev| ev.user());
        match user.filter(|user| user.starts_with(b"ledger")) {
            Some(user) => {
                sel.by_activity = false;
                sel.custom = Some(String::from_utf8_lossy(user).into());
            }
            None => sel.decline(),
        }
    }

    #[on(initial, select = Self::pick)]
    fn message(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Message,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        let text = String::from_utf8_lossy(ev.body()).into_owned();
        let words: Vec<_> = text.split(' ').collect();
        let number = |n: usize| words.get(n).and_then(|word| word.parse::<u32>().ok());
        if let Some(home) = self.home.filter(|_| words[0] == "close") {
            cx.end(home)?;
            self.home = None;
        } else if words[0] == "note" {
            let from = ev.message().from().ok().map(|from| from.uri_raw);
            let mark = String::from_utf8_lossy(user(from.unwrap_or_default())).into_owned();
            if !self.marks.contains(&mark) {
                let (after, steps) = (number(1).unwrap_or(0), number(2).unwrap_or(0));
                self.note(cx, &mark, (after, steps), conf.flaw)?;
                let fails = words.get(3) == Some(&"deep");
                Self::copy(cx, mark, fails)?;
            }
            match words.get(3) {
                Some(&"panic") => panic!("a simulated panic"),
                Some(&"fail") => return Err(OpError::NoEvent.into()),
                _ => {}
            }
        }
        sip.respond(cx, ev, 200)
    }

    #[on]
    fn step(&mut self, _: &mut Cx, ev: &Step, conf: Conf<Settings>) -> Result {
        if ev.number != self.seen + 1 {
            self.disorder.push(ev.number);
        }
        self.seen = ev.number;
        if conf.flaw == Some(Flaw::SkipsAStep) && ev.number.is_multiple_of(7) {
            self.seen -= 1;
        }
        Ok(())
    }

    #[on]
    fn due(&mut self, cx: &mut Cx, ev: &Timer<Due>, conf: Conf<Settings>) -> Result {
        if cx.now().wall.0 < ev.tag.at {
            self.early.push(ev.tag.mark.clone());
        }
        self.rung.push(ev.tag.mark.clone());
        if conf.flaw == Some(Flaw::RingsTwice) {
            self.rung.push(ev.tag.mark.clone());
        }
        Ok(())
    }
}

impl Ledger {
    /// Has its child write down the same.
    fn copy(cx: &mut Cx, mark: String, fails: bool) -> Result {
        let child = match cx.children::<Carbon>().first() {
            Some(child) => *child,
            None => cx.create::<Carbon>()?,
        };
        cx.call(child, |carbon, _| {
            carbon.marks.push(mark);
            match fails {
                true => panic!("a simulated panic of a child"),
                false => Ok(()),
            }
        })
    }

    fn note(
        &mut self,
        cx: &mut Cx,
        mark: &str,
        (after, steps): (u32, u32),
        flaw: Option<Flaw>,
    ) -> Result {
        let home = match self.home {
            Some(home) => home,
            None => {
                let home = cx.null_activity()?;
                cx.attach(home);
                *self.home.insert(home)
            }
        };
        for _ in 0..steps {
            self.fired += 1;
            let number = self.fired;
            cx.fire(home, Step { number })?;
        }
        let mut at = cx.now().wall;
        at.0 += u64::from(after);
        let due = Due {
            mark: mark.to_owned(),
            at: at.0,
        };
        if flaw != Some(Flaw::ForgetsTheTimer) {
            cx.timer_with(home, TimerOptions::once(at), &due)?;
        }
        if flaw == Some(Flaw::LeavesAnActivity) {
            let other = cx.null_activity()?;
            cx.bind(mark, other)?;
        }
        if flaw != Some(Flaw::WritesNothingDown) {
            self.marks.push(mark.to_owned());
        }
        Ok(())
    }
}

/// Whether a timer is one of a mark.
pub(crate) fn is_due(timer: &TimerInfo) -> bool {
    timer.event.name == Due::TYPE.name && timer.event.vendor == Due::TYPE.vendor
}

/// The user of a URI.
fn user(uri: &[u8]) -> &[u8] {
    let rest = uri.strip_prefix(b"sip:").unwrap_or(uri);
    let end = rest.iter().position(|b| *b == b'@').unwrap_or(0);
    &rest[..end]
}
