//! Values of attributes as bytes that compare as the values do: what indexes hold and queries look for.

use crate::address::Address;
use crate::state::State;
use std::net::IpAddr;

/// The type of an attribute's values, for whoever does not know the Rust type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// `false` is less than `true`.
    Bool,
    /// An integer, unsigned; as many bytes as are given.
    Unsigned(u8),
    /// An integer, signed; as many bytes as are given.
    Signed(u8),
    /// A text, ordered by its bytes.
    Text,
    /// An address of IPv4 or IPv6, in that order.
    Ip,
    /// A plan and a text, in that order.
    Address,
}

/// A type of attributes that can be compared, indexed and queried. `None` is no value: nothing compares with it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of an attribute",
    note = "an attribute is a `bool`, an integer, a `String`, an `IpAddr`, an `Address`, or an `Option` of one of them; another \
            type that is a `State` is stored with `#[profile(opaque)]` before the field, and cannot be queried"
)]
pub trait Value: State {
    /// How a value is given to a query: a text as `&str`, all others as they are.
    type Arg<'a>;
    /// The type, for whoever does not know it.
    const KIND: Kind;
    /// Whether there may be no value.
    const OPTIONAL: bool = false;
    /// Appends the bytes that order it; `false` where there is no value.
    fn key(&self, out: &mut Vec<u8>) -> bool;
    /// The same of a value given to a query.
    fn arg(arg: Self::Arg<'_>, out: &mut Vec<u8>);
    /// Whether [`key`](Self::key) would append these bytes.
    fn has_key(&self, key: &[u8]) -> bool {
        let mut own = Vec::with_capacity(key.len());
        self.key(&mut own) && own == key
    }
}

/// A type of attributes that are texts: they have prefixes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text, so it has no prefix",
    note = "prefixes are asked for of attributes that are `String` or `Option<String>`"
)]
pub trait Text: for<'a> Value<Arg<'a> = &'a str> {}

impl Text for String {}
impl Text for Box<str> {}
impl<T: Text> Text for Option<T> {}

impl Value for bool {
    type Arg<'a> = Self;
    const KIND: Kind = Kind::Bool;
    fn key(&self, out: &mut Vec<u8>) -> bool {
        Self::arg(*self, out);
        true
    }
    fn arg(arg: Self, out: &mut Vec<u8>) {
        out.push(u8::from(arg));
    }
}

macro_rules! integers {
    ($kind:ident, $flip:literal: $($type:ty)*) => {
        $(impl Value for $type {
            type Arg<'a> = Self;
            const KIND: Kind = Kind::$kind(size_of::<$type>() as u8);
            fn key(&self, out: &mut Vec<u8>) -> bool {
                Self::arg(*self, out);
                true
            }
            fn arg(arg: Self, out: &mut Vec<u8>) {
                let start = out.len();
                out.extend_from_slice(&arg.to_be_bytes());
                if let Some(first) = out.get_mut(start) {
                    *first ^= $flip;
                }
            }
        })*
    };
}
integers!(Unsigned, 0: u8 u16 u32 u64);
// With its sign turned over, a negative number is less than the others.
integers!(Signed, 0x80: i8 i16 i32 i64);

macro_rules! texts {
    ($($type:ty)*) => {
        $(impl Value for $type {
            type Arg<'a> = &'a str;
            const KIND: Kind = Kind::Text;
            fn key(&self, out: &mut Vec<u8>) -> bool {
                Self::arg(self, out);
                true
            }
            fn has_key(&self, key: &[u8]) -> bool {
                self.as_bytes() == key
            }
            fn arg(arg: &str, out: &mut Vec<u8>) {
                out.extend_from_slice(arg.as_bytes());
            }
        })*
    };
}
texts!(String Box<str>);

impl Value for IpAddr {
    type Arg<'a> = Self;
    const KIND: Kind = Kind::Ip;
    fn key(&self, out: &mut Vec<u8>) -> bool {
        Self::arg(*self, out);
        true
    }
    fn arg(arg: Self, out: &mut Vec<u8>) {
        match arg {
            Self::V4(ip) => {
                out.push(4);
                out.extend_from_slice(&ip.octets());
            }
            Self::V6(ip) => {
                out.push(6);
                out.extend_from_slice(&ip.octets());
            }
        }
    }
}

impl Value for Address {
    type Arg<'a> = &'a Self;
    const KIND: Kind = Kind::Address;
    fn key(&self, out: &mut Vec<u8>) -> bool {
        Self::arg(self, out);
        true
    }
    fn arg(arg: &Self, out: &mut Vec<u8>) {
        out.push(arg.plan() as u8);
        out.extend_from_slice(arg.text().as_bytes());
    }
}

impl<V: Value> Value for Option<V> {
    type Arg<'a> = V::Arg<'a>;
    const KIND: Kind = V::KIND;
    const OPTIONAL: bool = true;
    fn key(&self, out: &mut Vec<u8>) -> bool {
        self.as_ref().is_some_and(|value| value.key(out))
    }
    fn has_key(&self, key: &[u8]) -> bool {
        self.as_ref().is_some_and(|value| value.has_key(key))
    }
    fn arg(arg: V::Arg<'_>, out: &mut Vec<u8>) {
        V::arg(arg, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<V: Value>(value: &V) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(value.key(&mut out));
        out
    }

    fn sorted<V: Value>(values: &[V]) {
        for pair in values.windows(2) {
            assert!(key(&pair[0]) < key(&pair[1]));
        }
    }

    #[test]
    fn bytes_compare_as_values_do() {
        sorted(&[false, true]);
        sorted(&[0_u8, 1, 127, 128, 255]);
        sorted(&[0_u64, 1, 256, u64::MAX]);
        sorted(&[i32::MIN, -256, -1, 0, 1, i32::MAX]);
        sorted(&["", "4", "49", "5"].map(str::to_owned));
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        sorted(&[ip("10.0.0.9"), ip("10.0.1.0"), ip("::1")]);
        assert!(!None::<u8>.key(&mut Vec::new()));
        assert_eq!(key(&Some(7_u16)), key(&7_u16));
    }
}
