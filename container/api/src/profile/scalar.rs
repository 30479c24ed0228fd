//! A value whose type is known at run time only: how management gives one to a query.

use super::Kind;
use std::fmt;
use std::net::IpAddr;

/// A value to compare an attribute with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scalar {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Integer(i128),
    /// A text, which may stand for an address.
    Text(Box<str>),
}

/// A value is not of that type.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Value;

    #[test]
    fn keys_are_those_of_the_typed_values() {
        fn same<V: Value>(value: &V, scalar: &Scalar) {
            let (mut typed, mut untyped) = (Vec::new(), Vec::new());
            assert!(value.key(&mut typed));
            V::KIND.key(scalar, &mut untyped).unwrap();
            assert_eq!(typed, untyped, "{scalar:?}");
        }
        same(&true, &Scalar::Bool(true));
        same(&7_u8, &Scalar::Integer(7));
        same(&u64::MAX, &Scalar::Integer(u64::MAX.into()));
        same(&-5_i16, &Scalar::Integer(-5));
        same(&i64::MIN, &Scalar::Integer(i64::MIN.into()));
        same(&i32::MAX, &Scalar::Integer(i32::MAX.into()));
        same(&"4930".to_owned(), &text("4930"));
        same(&Some(3_u32), &Scalar::Integer(3));
        same(&"::1".parse::<IpAddr>().unwrap(), &text("::1"));
    }

    fn text(text: &str) -> Scalar {
        Scalar::Text(Box::from(text))
    }

    #[test]
    fn what_is_no_value_of_a_type_is_told() {
        let told = |kind: Kind, scalar: Scalar| {
            let refused = kind.key(&scalar, &mut Vec::new());
            refused.unwrap_err().to_string()
        };
        assert_eq!(told(Kind::Bool, text("yes")), "expected true or false");
        assert_eq!(
            told(Kind::Unsigned(1), Scalar::Integer(256)),
            "expected a number from 0 to 255"
        );
        assert_eq!(
            told(Kind::Signed(2), Scalar::Integer(-32_769)),
            "expected a number from -32768 to 32767"
        );
        assert_eq!(
            told(Kind::Unsigned(8), text("7")),
            "expected a number from 0 to 18446744073709551615"
        );
        assert_eq!(
            told(Kind::Ip, text("host")),
            "expected an address of IPv4 or IPv6"
        );
    }
}
