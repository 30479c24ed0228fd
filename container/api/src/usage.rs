//! Usage parameters: what a service counts of its own work, for operators (R-US).
//!
//! A struct of [`Counter`]s and [`Sample`]s with `#[derive(Usage)]` is a set of them. The container keeps one unnamed set of
//! each SBB in each service, and named ones beside it; a handler takes the set as [`UsageSet`] and counts in it. That is no
//! operation of the delivery's transaction: it counts at once and stays, whatever becomes of the delivery (R-US-05).
//!
//! Not here: figures of the container itself, and adaptors' counters ([`RaCx::count`](crate::ra::RaCx::count)).
//! Invariant: counting allocates nothing but a sample's buckets, of which there are never more than [`BUCKETS`].

mod sample;

pub use sample::{BUCKETS, Sample, SampleReading};

use std::any::{Any, TypeId};
use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

/// A set of usage parameters. `#[derive(Usage)]` on a struct of [`Counter`]s and [`Sample`]s implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of usage parameters",
    note = "put `#[derive(Usage)]` on it: a struct whose fields are `Counter`s and `Sample`s"
)]
pub trait Usage: Default + 'static {
    /// Its parameters, in the order of its fields.
    const PARAMETERS: &'static [ParameterDecl];
    /// A parameter by its place.
    fn parameter(&self, place: usize) -> Option<Parameter<'_>>;
}

/// What is known of a parameter before anything is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParameterDecl {
    /// The field's name.
    pub name: &'static str,
    /// What it is; one kind per name (R-US-01).
    pub kind: ParameterKind,
    /// Of its values: `ms`, `bytes`; empty where they are plain numbers.
    pub unit: &'static str,
    /// The field's comment.
    pub help: &'static str,
}

/// The two kinds of usage parameters (R-US-01).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParameterKind {
    /// How often something happened.
    Counter,
    /// How large something was, each time.
    Sample,
}

impl ParameterKind {
    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Sample => "sample",
        }
    }
}

/// A parameter of a set.
#[derive(Clone, Copy, Debug)]
pub enum Parameter<'a> {
    /// A counter.
    Counter(&'a Counter),
    /// A sample.
    Sample(&'a Sample),
}

impl Parameter<'_> {
    /// What it has now.
    #[must_use]
    pub fn read(self) -> Reading {
        match self {
            Self::Counter(counter) => Reading::Counter(counter.get()),
            Self::Sample(sample) => Reading::Sample(sample.read()),
        }
    }
    /// As if nothing had been counted.
    pub fn reset(self) {
        match self {
            Self::Counter(counter) => counter.0.set(0),
            Self::Sample(sample) => sample.reset(),
        }
    }
}

/// What a parameter had when it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reading {
    /// Of a counter.
    Counter(u64),
    /// Of a sample.
    Sample(SampleReading),
}

/// Usage parameter: how often something happened. It only grows, until it is reset.
#[derive(Default)]
pub struct Counter(Cell<u64>);

impl Counter {
    /// Once more.
    pub fn increment(&self) {
        self.add(1);
    }
    /// So often more.
    pub fn add(&self, n: u64) {
        self.0.set(self.0.get().saturating_add(n));
    }
    /// How often since the set was made or reset.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.get()).finish()
    }
}

/// Handler parameter: the unnamed set of usage parameters of its SBB in its service, or the one that `#[set("name")]` before
/// it names. All handlers of an SBB take the same `U`.
pub struct UsageSet<U>(Rc<U>);

impl<U: Usage> UsageSet<U> {
    pub(crate) fn of(any: Rc<dyn Any>) -> Option<Self> {
        any.downcast().ok().map(Self)
    }
}

impl<U> Clone for UsageSet<U> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<U> Deref for UsageSet<U> {
    type Target = U;
    fn deref(&self) -> &U {
        &self.0
    }
}

impl<U> fmt::Debug for UsageSet<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UsageSet")
    }
}

/// A set's type, erased, as the container holds it.
#[derive(Clone, Copy)]
pub struct UsageDecl {
    /// The parameters.
    pub parameters: &'static [ParameterDecl],
    /// Makes a set in which nothing was counted.
    pub make: fn() -> Rc<dyn Any>,
    /// A parameter of a set that it made.
    pub parameter: fn(&dyn Any, usize) -> Option<Parameter<'_>>,
    id: fn() -> TypeId,
}

impl UsageDecl {
    /// The declaration of `U`.
    #[must_use]
    pub const fn of<U: Usage>() -> Self {
        Self {
            parameters: U::PARAMETERS,
            make: || Rc::new(U::default()),
            parameter: |set, place| set.downcast_ref::<U>()?.parameter(place),
            id: TypeId::of::<U>,
        }
    }
    /// Whether both are of one type.
    #[must_use]
    pub fn is_of_type(&self, other: &Self) -> bool {
        (self.id)() == (other.id)()
    }
    /// Place of the parameter of a name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|p| p.name == name)
    }
}

impl fmt::Debug for UsageDecl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageDecl")
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

/// What a handler says of usage: the type of its SBB's sets, and the name of one that it cannot do without.
#[derive(Clone, Copy, Debug)]
pub struct UsageNeed {
    /// The type.
    pub decl: UsageDecl,
    /// A named set; none for the unnamed one.
    pub set: Option<&'static str>,
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Counter {}
    impl Sealed for super::Sample {}
}

/// What the fields of a set are; for the expansion of `#[derive(Usage)]`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no usage parameter",
    label = "neither `Counter` nor `Sample`",
    note = "the fields of a set of usage parameters are `Counter`s and `Sample`s"
)]
pub trait Field: sealed::Sealed {
    /// Which it is.
    const KIND: ParameterKind;
    /// Itself.
    fn parameter(&self) -> Parameter<'_>;
}

impl Field for Counter {
    const KIND: ParameterKind = ParameterKind::Counter;
    fn parameter(&self) -> Parameter<'_> {
        Parameter::Counter(self)
    }
}

impl Field for Sample {
    const KIND: ParameterKind = ParameterKind::Sample;
    fn parameter(&self) -> Parameter<'_> {
        Parameter::Sample(self)
    }
}
