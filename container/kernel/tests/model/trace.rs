//! What both worlds write down: a trace line by line, and a picture of everything after each step.

use super::script::{Hook, Op};
use std::collections::BTreeMap;

/// What an entity was called for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
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
pub struct View {
    pub kind: usize,
    pub entity: usize,
    pub on: Option<usize>,
    pub count: u32,
    /// With the mask, as bits of event types 0, 1, timer, end.
    pub attached: Vec<(usize, u8)>,
    pub kids: Vec<usize>,
    pub parent: Option<usize>,
    pub priority: Option<i8>,
}

/// What became of an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Res {
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
pub enum Line {
    Called(What, View),
    Did(Op, Res),
    Started(usize),
    Adaptor(&'static str, Option<&'static str>),
    Done(usize, &'static str),
    Ended(usize),
    Unreferenced(usize),
    AdminRemoved(usize),
}

/// An operation without what is nested in it.
pub fn bare(op: &Op) -> Op {
    match op {
        Op::Call(ent, _) => Op::Call(*ent, Vec::new()),
        other => other.clone(),
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActivityPicture {
    pub kind: &'static str,
    pub ending: bool,
    /// In the order in which events are offered.
    pub attached: Vec<usize>,
    pub timers: Vec<usize>,
    pub names: Vec<String>,
    pub events: u32,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntityPicture {
    pub kind: usize,
    pub service: usize,
    pub parent: Option<usize>,
    pub kids: Vec<usize>,
    pub priority: i8,
    pub attached: Vec<usize>,
    pub count: u32,
}

/// Everything that can be seen from outside, by birth numbers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Picture {
    pub activities: BTreeMap<usize, ActivityPicture>,
    pub entities: BTreeMap<usize, EntityPicture>,
    /// Activity, next expiry, expiries to come.
    pub timers: BTreeMap<usize, (usize, u64, u32)>,
    pub names: BTreeMap<String, usize>,
    pub services: Vec<&'static str>,
    pub events: u32,
    pub suspended: u32,
}
