//! What both worlds write down: a trace line by line, and a picture of everything after each step.

use super::script::{Hook, Op};
use std::collections::BTreeMap;

/// What an entity was called for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    Event(u8, u8),
    Timer {
        timer: usize,
        program: u8,
        scheduled: u64,
        actual: u64,
        remaining: u32,
        missed: u32,
    },
    Hook(Hook),
    /// Whether the container's own removal was rolled back.
    RolledBack(bool),
    Call,
}

/// What an entity sees of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct View {
    pub(crate) kind: usize,
    pub(crate) entity: usize,
    pub(crate) on: Option<usize>,
    pub(crate) count: u32,
    /// With the mask, as bits of event types 0, 1, timer, end.
    pub(crate) attached: Vec<(usize, u8)>,
    pub(crate) kids: Vec<usize>,
    pub(crate) parent: Option<usize>,
    pub(crate) priority: Option<i8>,
}

/// What became of an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Res {
    /// It has no result of its own: whether the transaction is marked for rollback.
    Marked(bool),
    Flag(bool),
    Number(u64),
    Activity(Option<usize>),
    Entity(usize),
    Timer(usize),
    Refused(&'static str),
    /// What the script names does not exist.
    Nobody,
    /// The step's energy is spent.
    Tired,
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Line {
    Called(What, View),
    Did(Op, Res),
    Started(usize),
    Adaptor(&'static str, Option<&'static str>),
    Done(usize, &'static str),
    Ended(usize),
    Unreferenced(usize),
    AdminRemoved(usize),
}

/// What kind of line it is, to see that the cases reach everything.
pub(crate) fn sort(line: &Line) -> String {
    match line {
        Line::Called(What::Event(..), _) => "event".to_owned(),
        Line::Called(What::Timer { missed, .. }, _) if *missed > 0 => "timer, missed".to_owned(),
        Line::Called(What::Timer { .. }, _) => "timer".to_owned(),
        Line::Called(what, _) => format!("{what:?}"),
        Line::Did(_, Res::Refused(refused)) => (*refused).to_owned(),
        Line::Did(..) => "did".to_owned(),
        Line::Adaptor(name, _) => (*name).to_owned(),
        Line::Done(_, outcome) => (*outcome).to_owned(),
        Line::Started(_) => "started".to_owned(),
        Line::Ended(_) => "ended".to_owned(),
        Line::Unreferenced(_) => "unreferenced".to_owned(),
        Line::AdminRemoved(_) => "removed by the operator".to_owned(),
    }
}

/// An operation without what is nested in it.
pub(crate) fn bare(op: &Op) -> Op {
    match op {
        Op::Call(ent, _) => Op::Call(*ent, Vec::new()),
        other => other.clone(),
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ActivityPicture {
    pub(crate) kind: &'static str,
    pub(crate) ending: bool,
    /// In the order in which events are offered.
    pub(crate) attached: Vec<usize>,
    pub(crate) timers: Vec<usize>,
    pub(crate) names: Vec<String>,
    pub(crate) events: u32,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct EntityPicture {
    pub(crate) kind: usize,
    pub(crate) service: usize,
    pub(crate) parent: Option<usize>,
    pub(crate) kids: Vec<usize>,
    pub(crate) priority: i8,
    pub(crate) attached: Vec<usize>,
    pub(crate) count: u32,
}

/// Everything that can be seen from outside, by birth numbers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Picture {
    pub(crate) activities: BTreeMap<usize, ActivityPicture>,
    pub(crate) entities: BTreeMap<usize, EntityPicture>,
    /// Activity, next expiry, expiries to come.
    pub(crate) timers: BTreeMap<usize, (usize, u64, u32)>,
    pub(crate) names: BTreeMap<String, usize>,
    pub(crate) services: Vec<&'static str>,
    pub(crate) slee: &'static str,
    pub(crate) events: u32,
    pub(crate) suspended: u32,
}
