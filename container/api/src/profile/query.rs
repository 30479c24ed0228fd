//! Queries: put together from typed fields, carried out without types (R-PQ-01).

use super::{Profile, Text, Value};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Not;

/// An attribute of `P` whose values are of type `V`: a constant that `#[derive(Profile)]` makes of each field.
pub struct Field<P, V> {
    attribute: usize,
    types: PhantomData<fn() -> (P, V)>,
}

impl<P, V> Clone for Field<P, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, V> Copy for Field<P, V> {}

impl<P, V> fmt::Debug for Field<P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Field").field(&self.attribute).finish()
    }
}

/// How an attribute is compared with a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl<P, V> Field<P, V> {
    /// For `#[derive(Profile)]`: the attribute at that place.
    #[doc(hidden)]
    #[must_use]
    pub const fn at(attribute: usize) -> Self {
        Self {
            attribute,
            types: PhantomData,
        }
    }
    /// Its place among the attributes.
    #[must_use]
    pub const fn attribute(self) -> usize {
        self.attribute
    }
}

impl<P: Profile, V: Value> Field<P, V> {
    /// Its value is this one.
    #[must_use]
    pub fn eq(self, value: V::Arg<'_>) -> Query<P> {
        self.compare(Comparison::Equal, value)
    }
    /// Its value is another one.
    #[must_use]
    pub fn ne(self, value: V::Arg<'_>) -> Query<P> {
        self.compare(Comparison::NotEqual, value)
    }
    /// Its value is less.
    #[must_use]
    pub fn lt(self, value: V::Arg<'_>) -> Query<P> {
        self.compare(Comparison::Less, value)
    }
    /// Its value is less or equal.
    #[must_use]
    pub fn le(self, value: V::Arg<'_>) -> Query<P> {
        self.compare(Comparison::AtMost, value)
    }
    /// Its value is greater.
    #[must_use]
    pub fn gt(self, value: V::Arg<'_>) -> Query<P> {
        self.compare(Comparison::Greater, value)
    }
    /// Its value is greater or equal.
    #[must_use]
    pub fn ge(self, value: V::Arg<'_>) -> Query<P> {
        self.compare(Comparison::AtLeast, value)
    }
    /// Its value is one of those from `low` to `high`, both included.
    #[must_use]
    pub fn between(self, low: V::Arg<'_>, high: V::Arg<'_>) -> Query<P> {
        Query::new(Expr::Range(self.attribute, key::<V>(low), key::<V>(high)))
    }
    fn compare(self, how: Comparison, value: V::Arg<'_>) -> Query<P> {
        Query::new(Expr::Compare(self.attribute, how, key::<V>(value)))
    }
}

// The bound stands at each method: so the compiler says what it means.
impl<P: Profile, V: Value> Field<P, V> {
    /// Its value begins with this text.
    #[must_use]
    pub fn has_prefix(self, prefix: &str) -> Query<P>
    where
        V: Text,
    {
        Query::new(Expr::HasPrefix(self.attribute, key::<V>(prefix)))
    }
    /// Its value is a prefix of this text, and no other profile of the table has a longer one.
    #[must_use]
    pub fn longest_prefix_of(self, text: &str) -> Query<P>
    where
        V: Text,
    {
        Query::new(Expr::LongestPrefixOf(self.attribute, key::<V>(text)))
    }
}

fn key<V: Value>(arg: V::Arg<'_>) -> Box<[u8]> {
    let mut out = Vec::new();
    V::arg(arg, &mut out);
    out.into_boxed_slice()
}

/// What profiles of `P` are looked for.
#[derive(Clone, Debug)]
pub struct Query<P> {
    expr: Expr,
    max: Option<usize>,
    of: PhantomData<fn() -> P>,
}

impl<P: Profile> Query<P> {
    fn new(expr: Expr) -> Self {
        Self {
            expr,
            max: None,
            of: PhantomData,
        }
    }
    /// Every profile of a table.
    #[must_use]
    pub fn all() -> Self {
        Self::new(Expr::All)
    }
    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let max = self.max.or(other.max);
        Self {
            max,
            ..Self::new(Expr::And(vec![self.expr, other.expr]))
        }
    }
    /// One of them holds, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let max = self.max.or(other.max);
        Self {
            max,
            ..Self::new(Expr::Or(vec![self.expr, other.expr]))
        }
    }
    /// No more than so many; without this, more than the limit `profile_matches` are an error.
    #[must_use]
    pub const fn max(mut self, max: usize) -> Self {
        self.max = Some(max);
        self
    }
    /// The query without its type.
    #[must_use]
    pub const fn expr(&self) -> (&Expr, Option<usize>) {
        (&self.expr, self.max)
    }
}

impl<P: Profile> Not for Query<P> {
    type Output = Self;
    fn not(self) -> Self {
        Self {
            max: self.max,
            ..Self::new(Expr::Not(Box::new(self.expr)))
        }
    }
}

/// A query without types: attributes by their place, values by the bytes that order them. A comparison with an attribute
/// that has no value never holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expr {
    /// Always holds.
    All,
    /// The attribute's value compares so with this one.
    Compare(usize, Comparison, Box<[u8]>),
    /// It is at least the first and at most the second.
    Range(usize, Box<[u8]>, Box<[u8]>),
    /// It begins with this.
    HasPrefix(usize, Box<[u8]>),
    /// It is a prefix of this, the longest in the table.
    LongestPrefixOf(usize, Box<[u8]>),
    /// All of them hold.
    And(Vec<Self>),
    /// One or more of them hold.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
}
