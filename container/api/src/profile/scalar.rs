//! A value whose type is known at run time only: how management gives one to an attribute or to a query.

use super::Kind;
use serde::de::{Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;
use std::net::IpAddr;

/// A value of an attribute, or none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scalar {
    /// No value, for attributes that may have none.
    None,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Integer(i128),
    /// A text, which may stand for an address.
    Text(Box<str>),
}

/// A text is not a value of that type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected {0}")]
pub struct NotOfKind(pub Kind);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("true or false"),
            Self::Unsigned(bytes) => write!(f, "a number from 0 to {}", limits(*bytes, false).1),
            Self::Signed(bytes) => {
                let (min, max) = limits(*bytes, true);
                write!(f, "a number from {min} to {max}")
            }
            Self::Text => f.write_str("a text"),
            Self::Ip => f.write_str("an address of IPv4 or IPv6"),
            Self::Address => f.write_str("an address"),
        }
    }
}

/// The least and the greatest integer of so many bytes.
const fn limits(bytes: u8, signed: bool) -> (i128, i128) {
    let values = 1_i128 << (8 * bytes as u32);
    if signed {
        (-values / 2, values / 2 - 1)
    } else {
        (0, values - 1)
    }
}

impl Kind {
    /// Reads a value that is written as a text, as in a table of texts.
    ///
    /// # Errors
    /// It is not of this type.
    pub fn read(self, text: &str) -> Result<Scalar, NotOfKind> {
        let value = match self {
            Self::Bool => text.parse().ok().map(Scalar::Bool),
            Self::Unsigned(_) | Self::Signed(_) => text.parse().ok().map(Scalar::Integer),
            Self::Text | Self::Ip | Self::Address => Some(Scalar::Text(Box::from(text))),
        };
        let value = value.ok_or(NotOfKind(self))?;
        // What is an address is found out here, and not by whoever stores it.
        self.key(&value, &mut Vec::new()).map(|()| value)
    }

    /// Appends the bytes that order a value of this type, as [`Value::key`](super::Value::key) does.
    ///
    /// # Errors
    /// It is none of this type. For `Address` there is no such text, so that none can be looked for.
    pub fn key(self, value: &Scalar, out: &mut Vec<u8>) -> Result<(), NotOfKind> {
        let wrong = NotOfKind(self);
        match (self, value) {
            (Self::Bool, Scalar::Bool(value)) => out.push(u8::from(*value)),
            (Self::Unsigned(bytes), Scalar::Integer(value)) => {
                append(out, *value, bytes, false).ok_or(wrong)?;
            }
            (Self::Signed(bytes), Scalar::Integer(value)) => {
                append(out, *value, bytes, true).ok_or(wrong)?;
            }
            (Self::Text, Scalar::Text(text)) => out.extend_from_slice(text.as_bytes()),
            (Self::Ip, Scalar::Text(text)) => {
                let ip: IpAddr = text.parse().map_err(|_| wrong)?;
                <IpAddr as super::Value>::arg(ip, out);
            }
            (
                Self::Bool
                | Self::Unsigned(_)
                | Self::Signed(_)
                | Self::Text
                | Self::Ip
                | Self::Address,
                _,
            ) => return Err(wrong),
        }
        Ok(())
    }
}

/// Appends an integer, big endian, the sign of a signed one turned over; `None` if it has more bytes.
fn append(out: &mut Vec<u8>, value: i128, bytes: u8, signed: bool) -> Option<()> {
    let (min, max) = limits(bytes, signed);
    if value < min || value > max {
        return None;
    }
    let shifted = (value - min).to_be_bytes();
    out.extend_from_slice(shifted.get(16 - usize::from(bytes)..)?);
    Some(())
}

/// What went wrong when a value was given to an attribute, as serde says it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(Box<str>);

impl Error for Unfit {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string().into_boxed_str())
    }
}

/// Gives the value to whatever type asks: also to one that may have none.
impl<'de> Deserializer<'de> for &Scalar {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self {
            Scalar::None => visitor.visit_unit(),
            Scalar::Bool(value) => visitor.visit_bool(*value),
            Scalar::Integer(value) => match (u64::try_from(*value), i64::try_from(*value)) {
                (Ok(value), _) => visitor.visit_u64(value),
                (_, Ok(value)) => visitor.visit_i64(value),
                _ => visitor.visit_i128(*value),
            },
            Scalar::Text(text) => visitor.visit_str(text),
        }
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self {
            Scalar::None => visitor.visit_none(),
            Scalar::Bool(_) | Scalar::Integer(_) | Scalar::Text(_) => visitor.visit_some(self),
        }
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Value;

    #[test]
    fn keys_are_those_of_the_typed_values() {
        fn same<V: Value>(value: &V, text: &str) {
            let (mut typed, mut untyped) = (Vec::new(), Vec::new());
            assert!(value.key(&mut typed));
            let scalar = V::KIND.read(text).unwrap();
            V::KIND.key(&scalar, &mut untyped).unwrap();
            assert_eq!(typed, untyped, "{text}");
        }
        same(&true, "true");
        same(&7_u8, "7");
        same(&u64::MAX, "18446744073709551615");
        same(&-5_i16, "-5");
        same(&i64::MIN, "-9223372036854775808");
        same(&i32::MAX, "2147483647");
        same(&"4930".to_owned(), "4930");
        same(&Some(3_u32), "3");
        same(&"::1".parse::<IpAddr>().unwrap(), "::1");
    }

    #[test]
    fn what_is_no_value_of_a_type_is_told() {
        let text = |kind: Kind, text: &str| kind.read(text).unwrap_err().to_string();
        assert_eq!(text(Kind::Bool, "yes"), "expected true or false");
        assert_eq!(
            text(Kind::Unsigned(1), "256"),
            "expected a number from 0 to 255"
        );
        assert_eq!(
            text(Kind::Signed(2), "-32769"),
            "expected a number from -32768 to 32767"
        );
        assert_eq!(
            text(Kind::Unsigned(8), ""),
            "expected a number from 0 to 18446744073709551615"
        );
        assert_eq!(
            text(Kind::Ip, "host"),
            "expected an address of IPv4 or IPv6"
        );
    }

    #[test]
    fn a_value_is_given_to_attributes_that_may_have_none() {
        use serde::Deserialize;
        let seven = Scalar::Integer(7);
        assert_eq!(Option::<u32>::deserialize(&seven).unwrap(), Some(7));
        assert_eq!(u8::deserialize(&seven).unwrap(), 7);
        assert_eq!(Option::<u32>::deserialize(&Scalar::None).unwrap(), None);
        assert!(u32::deserialize(&Scalar::None).is_err());
        assert!(u8::deserialize(&Scalar::Integer(-1)).is_err());
        let text = Scalar::Text("10.0.0.1".into());
        assert_eq!(IpAddr::deserialize(&text).unwrap().to_string(), "10.0.0.1");
        assert_eq!(String::deserialize(&text).unwrap(), "10.0.0.1");
    }
}
