//! Whether an AVP's data are a value of its format and, where the definition lists the values, one of those.

use super::super::{AvpDef, Kind};
use crate::proto::wire::{Avp, ValueError};

/// Fails with an error whose Result-Code is 5004 or 5014.
pub(super) fn check(avp: &Avp<'_>, def: &AvpDef) -> Result<(), Invalid> {
    match def.kind {
        Kind::OctetString | Kind::Grouped => Ok(()),
        Kind::Integer32
        | Kind::Unsigned32
        | Kind::Float32
        | Kind::Integer64
        | Kind::Unsigned64
        | Kind::Float64
        | Kind::Time => Ok(()),
        Kind::Utf8String => avp.utf8().map(drop).map_err(Invalid::Format),
        Kind::DiameterIdentity => avp.identity().map(drop).map_err(Invalid::Format),
        Kind::DiameterUri => avp.uri().map(drop).map_err(Invalid::Format),
        Kind::Address => avp.address().map(drop).map_err(Invalid::Format),
        Kind::Enumerated => {
            let value = avp.i32().map_err(Invalid::Format)?;
            if def.items.is_empty() || def.item(value).is_some() {
                Ok(())
            } else {
                Err(Invalid::Unlisted)
            }
        }
        Kind::IpFilterRule | Kind::QosFilterRule => filter(avp),
    }
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Invalid {
    Format(ValueError),
    Unlisted,
    Filter,
}

impl Invalid {
    pub(super) fn result_code(self) -> u32 {
        match self {
            Invalid::Format(error) => error.result_code(),
            Invalid::Unlisted | Invalid::Filter => 5004,
        }
    }
}

/// A filter is printable ASCII (RFC 6733 4.3.1) with an action and a direction first.
fn filter(avp: &Avp<'_>) -> Result<(), Invalid> {
    let text = avp.utf8().map_err(Invalid::Format)?;
    let printable = text
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let mut words = text.split_ascii_whitespace();
    let action = matches!(words.next(), Some("permit" | "deny" | "tag" | "meter"));
    let direction = matches!(words.next(), Some("in" | "out"));
    if printable && action && direction {
        Ok(())
    } else {
        Err(Invalid::Filter)
    }
}
