//! The dictionary: what an AVP, a command and an application are, and which AVPs a command may carry.
//!
//! Every table is a set of constants written from the facts of the RFC or 3GPP specification that its module names; nothing is
//! read from a file and nothing is built at run time, so a lookup allocates nothing. Operators add their own AVPs and commands
//! with [`Dictionary::extend`]. The dictionary holds no bytes: the wire module reads values, `validate` judges messages.

#[macro_use]
mod table;
pub mod base;
pub mod charging;
pub mod credit;
pub mod cx;
pub mod gx;
mod lookup;
pub mod nas;
pub mod overload;
pub mod rx;
pub mod s6a;
pub mod sh;
pub mod slh;
#[cfg(test)]
mod tests;
mod validate;

use std::borrow::Cow;

pub(in crate::proto) use lookup::AVPS;
pub use lookup::{Dictionary, DictionaryError, EXTENSIONS_MAX, ExtensionAvp, ExtensionCommand};

pub use validate::{Level, validate};

/// The vendor number of 3GPP.
pub const VENDOR_3GPP: u32 = 10415;

/// The vendor number of 3GPP2.
pub const VENDOR_3GPP2: u32 = 5535;

/// The vendor number of ETSI.
pub const VENDOR_ETSI: u32 = 13019;

/// Greatest length of a [`Member`] list.
pub const MEMBERS_MAX: usize = 160;

/// One AVP as its specification defines it.
#[derive(Clone, Debug)]
pub struct AvpDef {
    /// The AVP code.
    pub code: u32,
    /// The vendor, 0 for an AVP of the IETF (V bit clear).
    pub vendor: u32,
    /// The name as its specification writes it.
    pub name: Cow<'static, str>,
    /// The data format (RFC 6733 4.2 and 4.3).
    pub kind: Kind,
    /// What the specification says of the M bit.
    pub mandatory: Rule,
    /// The values of an Enumerated AVP; empty when any value is taken.
    pub items: &'static [(i32, &'static str)],
    /// The AVPs of a Grouped AVP that have a rule; empty when anything may be inside.
    pub members: &'static [Member],
    /// Whether a Grouped AVP takes AVPs that `members` does not name (`* [ AVP ]`).
    pub open: bool,
}

impl AvpDef {
    /// An AVP without items or members, with the M bit set by its senders.
    #[must_use]
    pub const fn new(code: u32, vendor: u32, name: &'static str, kind: Kind) -> AvpDef {
        AvpDef {
            code,
            vendor,
            name: Cow::Borrowed(name),
            kind,
            mandatory: Rule::Must,
            items: &[],
            members: &[],
            open: true,
        }
    }

    /// The name of a value of this Enumerated AVP.
    #[must_use]
    pub fn item(&self, value: i32) -> Option<&'static str> {
        self.items
            .iter()
            .find(|(item, _)| *item == value)
            .map(|(_, name)| *name)
    }

    /// The value that a name of this Enumerated AVP stands for.
    #[must_use]
    pub fn value(&self, item: &str) -> Option<i32> {
        self.items
            .iter()
            .find(|(_, name)| *name == item)
            .map(|(value, _)| *value)
    }

    /// Whether two definitions are of the same AVP.
    #[must_use]
    pub const fn is(&self, other: &AvpDef) -> bool {
        self.code == other.code && self.vendor == other.vendor
    }
}

/// The format of an AVP's data (RFC 6733 4.2 basic, 4.3 derived).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any octets.
    OctetString,
    /// 32 bits, signed.
    Integer32,
    /// 64 bits, signed.
    Integer64,
    /// 32 bits.
    Unsigned32,
    /// 64 bits.
    Unsigned64,
    /// IEEE 754 single precision.
    Float32,
    /// IEEE 754 double precision.
    Float64,
    /// AVPs.
    Grouped,
    /// A family of two octets and an address.
    Address,
    /// Seconds of the NTP era of RFC 6733 4.3.1.
    Time,
    /// UTF-8 text.
    Utf8String,
    /// A host or realm name.
    DiameterIdentity,
    /// `aaa://` or `aaas://`.
    DiameterUri,
    /// A signed number out of a list.
    Enumerated,
    /// A packet filter (RFC 6733 4.3.1).
    IpFilterRule,
    /// A quality of service filter (RFC 3588 4.3).
    QosFilterRule,
}

impl Kind {
    /// The only length that data of this kind can have.
    #[must_use]
    pub const fn fixed_length(self) -> Option<usize> {
        match self {
            Kind::Integer32 | Kind::Unsigned32 | Kind::Float32 | Kind::Enumerated | Kind::Time => {
                Some(4)
            }
            Kind::Integer64 | Kind::Unsigned64 | Kind::Float64 => Some(8),
            Kind::OctetString
            | Kind::Grouped
            | Kind::Address
            | Kind::Utf8String
            | Kind::DiameterIdentity
            | Kind::DiameterUri
            | Kind::IpFilterRule
            | Kind::QosFilterRule => None,
        }
    }

    /// The least length that data of this kind can have: that of the example of a missing AVP (RFC 6733 7.1.5, 5005).
    #[must_use]
    pub const fn least_length(self) -> usize {
        match self {
            Kind::Address => 6,
            Kind::OctetString
            | Kind::Grouped
            | Kind::Utf8String
            | Kind::DiameterIdentity
            | Kind::DiameterUri
            | Kind::IpFilterRule
            | Kind::QosFilterRule => 0,
            Kind::Integer32 | Kind::Unsigned32 | Kind::Float32 | Kind::Enumerated | Kind::Time => 4,
            Kind::Integer64 | Kind::Unsigned64 | Kind::Float64 => 8,
        }
    }
}

/// What a specification says of an AVP's M bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Senders set it.
    Must,
    /// Senders may set it.
    May,
    /// Senders leave it clear.
    MustNot,
}

/// How often an AVP stands in a command or a group.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The AVP.
    pub avp: &'static AvpDef,
    /// Least number.
    pub min: u16,
    /// Greatest number, 0 for any number.
    pub max: u16,
}

impl Member {
    /// `{ AVP }`: exactly one.
    #[must_use]
    pub const fn one(avp: &'static AvpDef) -> Member {
        Member {
            avp,
            min: 1,
            max: 1,
        }
    }

    /// `[ AVP ]`: one or none.
    #[must_use]
    pub const fn may(avp: &'static AvpDef) -> Member {
        Member {
            avp,
            min: 0,
            max: 1,
        }
    }

    /// `* [ AVP ]`: any number.
    #[must_use]
    pub const fn any(avp: &'static AvpDef) -> Member {
        Member {
            avp,
            min: 0,
            max: 0,
        }
    }

    /// `1* { AVP }`: at least one.
    #[must_use]
    pub const fn some(avp: &'static AvpDef) -> Member {
        Member {
            avp,
            min: 1,
            max: 0,
        }
    }
}

/// A command of an application, both ways.
#[derive(Clone, Debug)]
pub struct CommandDef {
    /// The command code.
    pub code: u32,
    /// The application whose messages these are.
    pub application: u32,
    /// The name without `-Request` or `-Answer`, as `Credit-Control`.
    pub name: Cow<'static, str>,
    /// Whether agents may handle it (the P bit).
    pub proxiable: bool,
    /// The AVPs of the request that have a rule.
    pub request: &'static [Member],
    /// The AVPs of the answer that have a rule.
    pub answer: &'static [Member],
    /// Whether both take AVPs that no rule names (`* [ AVP ]`).
    pub open: bool,
}

/// An application.
#[derive(Clone, Debug)]
pub struct ApplicationDef {
    /// The Application-Id.
    pub id: u32,
    /// Whose it is, 0 for one of the IETF.
    pub vendor: u32,
    /// The usual short name.
    pub name: Cow<'static, str>,
    /// In which AVP it is announced.
    pub kind: ApplicationKind,
}

/// How an application is announced in a capabilities exchange (RFC 6733 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApplicationKind {
    /// By Auth-Application-Id.
    Auth,
    /// By Acct-Application-Id.
    Acct,
}
