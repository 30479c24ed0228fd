//! The language that kernel and model both execute: what the outside does (steps), and what handlers do (programs).
//!
//! Events carry the number of a program; what an entity does with one depends on its kind. Things are named by when
//! they were born, counted over everything that was ever made, so that a script can name what is gone.

use strowger::ra::Entropy;

/// Kinds of SBB: three roots and a child.
pub(crate) const KINDS: usize = 4;
/// The child's kind.
pub(crate) const KID: usize = 3;
/// Number of services; service `n` has the root SBB `n`.
pub(crate) const SERVICES: usize = 3;
/// Things that one step may make, so that scripts cannot go on for ever.
pub(crate) const ENERGY: u32 = 25;

/// Names an activity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    /// The one whose event is handled.
    Here,
    /// One of the latest, counted back.
    Back(u8),
    /// The first to which this entity is attached.
    Mine,
    /// That of the service.
    Service,
}

/// Names an entity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ent {
    Me,
    Parent,
    Kid(u8),
    /// One of the latest, counted back.
    Back(u8),
}

/// Policy for missed occurrences of a timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keep {
    None,
    All,
    Last,
}

/// What a timer is set with; times in milliseconds, `first` counts from now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Clockwork {
    pub(crate) first: i32,
    pub(crate) period: u32,
    pub(crate) times: u32,
    pub(crate) timeout: u32,
    pub(crate) keep: Keep,
}

/// What an event is fired with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shot {
    /// Event type: 0 or 1.
    pub(crate) kind: u8,
    pub(crate) program: u8,
    pub(crate) address: Option<u8>,
    pub(crate) service: Option<u8>,
}

/// One thing that a handler does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Op {
    Count(u8),
    Attach(Act),
    Detach(Act),
    AttachOther(Ent, Act),
    DetachOther(Ent, Act),
    Fire(Act, Shot),
    Timer(Act, u8, Clockwork),
    Cancel(u8),
    TimerActivity(u8),
    /// A new child, perhaps attached here at once.
    Child(bool),
    Call(Ent, Vec<Op>),
    Remove(Ent),
    Priority(Ent, i8),
    Mask(Act, u8),
    Bind(u8, Act),
    Unbind(u8),
    Lookup(u8),
    Alive(Act),
    Null,
    EndNull(Act),
    Start,
    Command(Act, Option<Shot>),
    Set(Act, bool, u8),
    Get(Act, bool),
    Suspend(Option<u16>),
    Resume(u8),
    IsSuspended(u8),
    RollbackOnly,
    Fail,
    Panic,
}

/// Callbacks and events without a program of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hook {
    Create,
    Remove,
    Exception,
    RolledBack,
    End,
    Started,
}

/// Number of [`Hook`]s.
pub(crate) const HOOKS: usize = 6;

/// What the outside does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Act1 {
    Start {
        slot: u8,
        unreferenced: bool,
    },
    Fire(u8, Shot),
    End(u8),
    Advance(u32),
    Activate(u8),
    Deactivate(u8),
    AdminEnd(u8),
    /// The SLEE stops, or starts again.
    Stop,
    Restart,
    Crash,
    Nothing,
}

/// One step: an action, then deliveries (all, or so many), then perhaps a commit to the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Step {
    pub(crate) action: Act1,
    pub(crate) budget: Option<u8>,
    pub(crate) group: bool,
}

/// A case of the property.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Which services are of class strict; the others are of class none.
    pub(crate) durable: [bool; SERVICES],
    pub(crate) programs: Vec<[Vec<Op>; KINDS]>,
    pub(crate) hooks: Vec<[Vec<Op>; HOOKS]>,
    pub(crate) steps: Vec<Step>,
}

impl Case {
    /// What an entity of a kind does with a program's event.
    pub(crate) fn program(&self, program: u8, kind: usize) -> &[Op] {
        let programs = self.programs.len().max(1);
        self.programs
            .get(usize::from(program) % programs)
            .map_or(&[], |p| &p[kind])
    }
    /// What an entity of a kind does in a callback.
    pub(crate) fn hook(&self, hook: Hook, kind: usize) -> &[Op] {
        &self.hooks[kind][hook as usize]
    }
}

/// Random choices from a seed.
pub(crate) struct Dice(Entropy);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Self(Entropy::from_seed(bytes))
    }
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }
    fn small(&mut self, n: u64) -> u8 {
        self.below(n) as u8
    }
    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn act(&mut self) -> Act {
        match self.below(10) {
            0..=3 => Act::Here,
            4..=6 => Act::Back(self.small(6)),
            7 | 8 => Act::Mine,
            _ => Act::Service,
        }
    }
    fn ent(&mut self) -> Ent {
        match self.below(8) {
            0 | 1 => Ent::Me,
            2 => Ent::Parent,
            3..=6 => Ent::Kid(self.small(3)),
            _ => Ent::Back(self.small(6)),
        }
    }
    fn shot(&mut self) -> Shot {
        Shot {
            kind: self.small(2),
            program: self.small(12),
            address: self.chance(40).then(|| self.small(3)),
            service: self.chance(15).then(|| self.small(3)),
        }
    }
    fn clockwork(&mut self) -> Clockwork {
        let period = if self.chance(50) {
            0
        } else {
            400 * (1 + self.below(4) as u32)
        };
        Clockwork {
            first: self.one_of(&[-3000, -1, 0, 1, 300, 800, 1500, 2500]),
            period,
            times: self.small(5).into(),
            timeout: self.one_of(&[0, 0, 100, 400, 700, 3000]),
            keep: self.one_of(&[Keep::None, Keep::All, Keep::Last]),
        }
    }

    fn op(&mut self, depth: u32) -> Op {
        match self.below(82) {
            0..=5 => Op::Count(1 + self.small(200)),
            6..=10 => Op::Attach(self.act()),
            11..=15 => Op::Detach(self.act()),
            16..=20 => Op::AttachOther(self.ent(), self.act()),
            21 | 22 => Op::DetachOther(self.ent(), self.act()),
            23..=29 => Op::Fire(self.act(), self.shot()),
            30..=33 => Op::Timer(self.act(), self.small(12), self.clockwork()),
            34 => Op::Cancel(self.small(4)),
            35 => Op::TimerActivity(self.small(4)),
            36..=39 => Op::Child(self.chance(80)),
            40..=43 if depth > 0 => Op::Call(self.ent(), self.ops(depth - 1)),
            44 | 45 => Op::Remove(self.ent()),
            46..=48 => Op::Priority(self.ent(), self.one_of(&[-128, -3, 0, 5, 10, 11, 127])),
            49 | 50 => Op::Mask(self.act(), self.small(16)),
            51 | 52 => Op::Bind(self.small(3), self.act()),
            53 => Op::Unbind(self.small(3)),
            54 => Op::Lookup(self.small(3)),
            55 => Op::Alive(self.act()),
            56 | 57 => Op::Null,
            58 => Op::EndNull(self.act()),
            59 => Op::Start,
            60 => Op::Command(self.act(), self.chance(60).then(|| self.shot())),
            61 => Op::Set(self.act(), self.chance(50), self.small(250)),
            62 => Op::Get(self.act(), self.chance(50)),
            63 | 64 => Op::Suspend(self.one_of(&[None, Some(0), Some(200), Some(900)])),
            65 | 66 => Op::Resume(self.small(3)),
            67 => Op::IsSuspended(self.small(3)),
            68 => Op::RollbackOnly,
            69 => Op::Fail,
            70 => Op::Panic,
            71 | 72 => Op::Child(true),
            73..=76 if depth > 0 => Op::Call(Ent::Kid(self.small(3)), self.ops(depth - 1)),
            77..=79 => Op::EndNull(Act::Back(self.small(3))),
            80 => Op::Null,
            _ if depth < 2 => Op::Fail,
            _ => Op::Count(1),
        }
    }
    fn ops(&mut self, depth: u32) -> Vec<Op> {
        let count = self.below(6);
        (0..count).map(|_| self.op(depth)).collect()
    }
    fn some_ops(&mut self, percent: u64) -> Vec<Op> {
        if self.chance(percent) {
            self.ops(1)
        } else {
            Vec::new()
        }
    }

    fn action(&mut self, crashes: bool) -> Act1 {
        match self.below(42) {
            0..=5 => Act1::Start {
                slot: self.small(3),
                unreferenced: self.chance(50),
            },
            6..=24 => Act1::Fire(self.small(4), self.shot()),
            25 | 26 => Act1::End(self.small(5)),
            27..=31 => Act1::Advance(self.one_of(&[1, 100, 350, 1000, 4000, 12_000])),
            32 => Act1::Activate(self.small(3)),
            33 => Act1::Deactivate(self.small(3)),
            34 => Act1::AdminEnd(self.small(5)),
            38 => Act1::Restart,
            39 if self.chance(40) => Act1::Stop,
            35..=37 if crashes => Act1::Crash,
            _ => Act1::Nothing,
        }
    }

    /// A case of so many steps.
    pub(crate) fn case(&mut self, steps: usize) -> Case {
        let crashes = self.chance(60);
        let budgets = self.chance(50);
        let step = |dice: &mut Self| Step {
            action: dice.action(crashes),
            budget: (budgets && dice.chance(50)).then(|| 1 + dice.small(4)),
            group: dice.chance(80),
        };
        let all = self.chance(60);
        Case {
            durable: std::array::from_fn(|_| all || self.chance(60)),
            programs: (0..12)
                .map(|_| std::array::from_fn(|_| self.ops(2)))
                .collect(),
            hooks: (0..KINDS)
                .map(|_| std::array::from_fn(|_| self.some_ops(35)))
                .collect(),
            steps: (0..steps).map(|_| step(self)).collect(),
        }
    }
}
