//! SBB state: plain data with a schema, so that a change that old bytes do not fit is seen before they are decoded.
//!
//! postcard reads the bytes of a reordered struct silently wrong; a fingerprint of the schema is therefore stored beside
//! every state and compared first.

use crate::activity::{Activity, Handle};
use crate::address::Address;
use crate::event::EventContext;
use crate::id::{ActivityId, EntityId, TimerId};
use crate::time::Wall;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Plain data that can be kept, moved and upgraded. Usually derived: `#[derive(State)]` also derives serde's traits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of an SBB's state",
    note = "state is plain data: derive `State` for it, or keep a handle, a timer id or a child instead"
)]
pub trait State: Serialize + DeserializeOwned + 'static {
    /// Appends this type's schema to `out`: names and types of the fields, in order, nested types written out.
    fn schema(out: &mut String);
}

/// Turns the state of an older version of an SBB into this one's (R-SV-08).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take over the state `{Old}`",
    note = "say how: `impl Migrate<{Old}> for {Self}`"
)]
pub trait Migrate<Old: State>: State {
    /// Called once for each entity that the old version left behind.
    fn migrate(old: Old) -> Self;
}

/// Schema of a state, and the 64 bits that stand for it in durable records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schema {
    /// For people: `strowger verify` shows it when two differ.
    pub text: String,
    /// FNV-1a of the text.
    pub fingerprint: u64,
}

impl Schema {
    /// The schema of `S`.
    #[must_use]
    pub fn of<S: State>() -> Self {
        let mut text = String::new();
        S::schema(&mut text);
        let fingerprint = crate::id::fingerprint(text.as_bytes());
        Self { text, fingerprint }
    }
}

impl Schema {
    /// The first field, in the order of the fields, in which another schema differs from this one; nothing if none does.
    #[must_use]
    pub fn change_to(&self, newer: &Self) -> Option<FieldChange> {
        (self.text != newer.text).then(|| change("", &self.text, &newer.text))
    }
}

/// A field of a state that differs between two schemas.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldChange {
    /// Its name, behind those of the fields that it lies in; empty where the states have no fields to compare.
    pub field: String,
    /// What has become of it.
    pub what: FieldFate,
}

/// What becomes of a field from one schema to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldFate {
    /// It was not there.
    Added,
    /// It is not there any more.
    Removed,
    /// It has another place among the fields.
    Moved,
    /// It has another type.
    Retyped,
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            FieldFate::Added => "is new",
            FieldFate::Removed => "is gone",
            FieldFate::Moved => "has another place",
            FieldFate::Retyped => "has another type",
        };
        match &*self.field {
            "" => f.write_str("the state has another type"),
            field => write!(f, "field `{field}` {what}"),
        }
    }
}

/// The first difference between two texts that are not the same.
fn change(within: &str, old: &str, new: &str) -> FieldChange {
    let found = |name: &str, what| FieldChange {
        field: match within {
            "" => name.to_owned(),
            within => format!("{within}.{name}"),
        },
        what,
    };
    let (Some(before), Some(after)) = (fields(old), fields(new)) else {
        return FieldChange {
            field: within.to_owned(),
            what: FieldFate::Retyped,
        };
    };
    let is_in = |list: &[(&str, &str)], name: &str| list.iter().any(|(n, _)| *n == name);
    for at in 0.. {
        match (before.get(at), after.get(at)) {
            (Some(a), Some(b)) if a == b => {}
            (Some((a, old)), Some((b, new))) if a == b => {
                return match (fields(old), fields(new)) {
                    (Some(_), Some(_)) => change(&found(a, FieldFate::Retyped).field, old, new),
                    _ => found(a, FieldFate::Retyped),
                };
            }
            (Some((a, _)), _) if !is_in(&after, a) => return found(a, FieldFate::Removed),
            (_, Some((b, _))) if !is_in(&before, b) => return found(b, FieldFate::Added),
            (Some((a, _)), _) => return found(a, FieldFate::Moved),
            (None, _) => break,
        }
    }
    FieldChange {
        field: within.to_owned(),
        what: FieldFate::Retyped,
    }
}

/// Names and types of the fields of a schema of a struct.
fn fields(schema: &str) -> Option<Vec<(&str, &str)>> {
    let (name, rest) = schema.split_once('{')?;
    let inner = rest
        .strip_suffix('}')
        .filter(|_| name != "enum" && !name.contains(['<', '(']))?;
    let (mut fields, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, byte) in inner.bytes().enumerate().chain([(inner.len(), b',')]) {
        match byte {
            b'{' | b'(' | b'<' => depth += 1,
            b'}' | b')' | b'>' => depth = depth.saturating_sub(1),
            b',' if depth == 0 || at == inner.len() => {
                let field = inner.get(from..at).unwrap_or_default();
                if !field.is_empty() {
                    fields.push(field.split_once(':').unwrap_or((field, "")));
                }
                from = at + 1;
            }
            _ => {}
        }
    }
    Some(fields)
}

/// Nesting at which a schema stops: a type that contains itself has no end.
const DEPTH: usize = 32;
/// Length at which it stops.
const LENGTH: usize = 16 * 1024;

/// For derived schemas: whether one more type may be written out; where it may not, dots stand for it.
#[doc(hidden)]
pub fn nest(out: &mut String) -> bool {
    let (mut open, mut closed) = (0_usize, 0_usize);
    for byte in out.bytes() {
        match byte {
            b'{' | b'(' => open += 1,
            b'}' | b')' => closed += 1,
            _ => {}
        }
    }
    let fits = open - closed < DEPTH && out.len() < LENGTH;
    if !fits {
        out.push_str("...");
    }
    fits
}

/// For derived states: serde by way of `State`, so that a field that is none gives one error.
#[doc(hidden)]
pub mod field {
    use super::State;
    use serde::{Deserializer, Serializer};

    pub fn serialize<T: State, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    pub fn deserialize<'de, T: State, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

macro_rules! plain {
    ($($type:ty = $name:literal),* $(,)?) => {
        $(impl State for $type {
            fn schema(out: &mut String) { out.push_str($name); }
        })*
    };
}

plain!(
    () = "()", bool = "bool", char = "char", u8 = "u8", u16 = "u16", u32 = "u32", u64 = "u64", u128 = "u128",
    i8 = "i8", i16 = "i16", i32 = "i32", i64 = "i64", i128 = "i128", f32 = "f32", f64 = "f64",
    String = "str", Box<str> = "str", Duration = "duration", Wall = "wall",
    IpAddr = "ip", SocketAddr = "socket-addr",
    ActivityId = "activity", EntityId = "entity", TimerId = "timer", EventContext = "event-context", Address = "address",
);

impl<A: Activity> State for Handle<A> {
    fn schema(out: &mut String) {
        out.push_str("handle ");
        out.push_str(A::TYPE.name);
    }
}

macro_rules! wrapper {
    ($($type:ty = $name:literal),* $(,)?) => {
        $(impl<T: State> State for $type {
            fn schema(out: &mut String) {
                out.push_str(concat!($name, "<"));
                T::schema(out);
                out.push('>');
            }
        })*
    };
}

wrapper!(Option<T> = "option", Vec<T> = "list", VecDeque<T> = "list", Box<[T]> = "list");

impl<T: State> State for Box<T> {
    fn schema(out: &mut String) {
        T::schema(out);
    }
}

impl<T: State + Ord> State for BTreeSet<T> {
    fn schema(out: &mut String) {
        out.push_str("list<");
        T::schema(out);
        out.push('>');
    }
}

impl<K: State + Ord, V: State> State for BTreeMap<K, V> {
    fn schema(out: &mut String) {
        out.push_str("map<");
        K::schema(out);
        out.push(',');
        V::schema(out);
        out.push('>');
    }
}

macro_rules! tuple {
    ($($name:ident)+) => {
        impl<$($name: State),+> State for ($($name,)+) {
            fn schema(out: &mut String) {
                out.push('(');
                $( $name::schema(out); out.push(','); )+
                out.push(')');
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_types_are_written_out() {
        let schema = Schema::of::<Option<(u8, Vec<String>)>>();
        assert_eq!(schema.text, "option<(u8,list<str>,)>");
        assert_ne!(
            schema.fingerprint,
            Schema::of::<Option<(u8, Vec<bool>)>>().fingerprint
        );
    }

    #[test]
    fn the_field_that_differs_is_named() {
        let schema = |text: &str| Schema {
            text: text.into(),
            fingerprint: 0,
        };
        let old = schema("{calls:u32,by:{a:u8,b:list<str>,},kind:enum{A,B(u8,),},}");
        for (new, said) in [
            (
                "{calls:u64,by:{a:u8,b:list<str>,},kind:enum{A,B(u8,),},}",
                "field `calls` has another type",
            ),
            (
                "{calls:u32,by:{a:u8,b:list<u8>,},kind:enum{A,B(u8,),},}",
                "field `by.b` has another type",
            ),
            (
                "{calls:u32,by:{a:u8,},kind:enum{A,B(u8,),},}",
                "field `by.b` is gone",
            ),
            (
                "{calls:u32,by:{a:u8,b:list<str>,},kind:enum{A,},}",
                "field `kind` has another type",
            ),
            (
                "{calls:u32,by:{a:u8,b:list<str>,},kind:enum{A,B(u8,),},x:u8,}",
                "field `x` is new",
            ),
            (
                "{by:{a:u8,b:list<str>,},calls:u32,kind:enum{A,B(u8,),},}",
                "field `calls` has another place",
            ),
            ("list<u8>", "the state has another type"),
        ] {
            let change = old.change_to(&schema(new));
            assert_eq!(
                change.map(|c| c.to_string()).as_deref(),
                Some(said),
                "{new}"
            );
        }
        assert_eq!(old.change_to(&old), None);
    }
}
