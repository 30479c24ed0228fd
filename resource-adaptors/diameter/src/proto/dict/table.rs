//! The notation of the tables.
//!
//! An AVP is `IDENT(code "Name" Kind Rule)`, followed inside the parentheses by `enum { value "NAME", .. }` or by a group's members.
//! Members are in the ABNF's brackets, in this order and each list optional: `{ exactly one }`, `[ at most one ]`, `* [ any number ]`,
//! `+ { at least one }`, `..` for `* [ AVP ]`. A command is `IDENT(code application "Name" PXY|REQ request members; answer members)`.

/// Makes a static for every AVP and `ALL` of them.
macro_rules! avps {
    ($vendor:expr; $($(#[$doc:meta])* $id:ident ($code:literal $name:literal $kind:ident $rule:ident $($tail:tt)*))*) => {
        $(
            #[doc = concat!("The ", $name, " AVP, code ", $code, ".")]
            $(#[$doc])*
            pub static $id: $crate::proto::dict::AvpDef = $crate::proto::dict::AvpDef {
                code: $code,
                vendor: $vendor,
                name: std::borrow::Cow::Borrowed($name),
                kind: $crate::proto::dict::Kind::$kind,
                mandatory: $crate::proto::dict::Rule::$rule,
                items: items!($($tail)*),
                members: group!($($tail)*),
                open: is_open!($($tail)*),
            };
        )*
        pub(in $crate::proto::dict) const ALL: &[&$crate::proto::dict::AvpDef] = &[$(&$id),*];
    };
}

/// The values of an Enumerated AVP.
macro_rules! items {
    (enum { $($value:literal $name:literal),* $(,)? }) => { &[$(($value, $name)),*] };
    ($($other:tt)*) => { &[] };
}

/// The members of a Grouped AVP.
macro_rules! group {
    (enum $($other:tt)*) => { &[] };
    ($($members:tt)*) => { members!($($members)*) };
}

/// A list of members in the ABNF's brackets.
macro_rules! members {
    ($({ $($one:ident)* })? $([ $($may:ident)* ])? $(* [ $($any:ident)* ])? $(+ { $($some:ident)* })? $(..)?) => {
        &[
            $($($crate::proto::dict::Member::one(&$one),)*)?
            $($($crate::proto::dict::Member::some(&$some),)*)?
            $($($crate::proto::dict::Member::may(&$may),)*)?
            $($($crate::proto::dict::Member::any(&$any),)*)?
        ]
    };
}

/// Whether a list of members ends in `..`; one without members is open too.
macro_rules! is_open {
    () => {
        true
    };
    ($({ $($one:ident)* })? $([ $($may:ident)* ])? $(* [ $($any:ident)* ])? $(+ { $($some:ident)* })? ..) => {
        true
    };
    ($($other:tt)*) => {
        false
    };
}

/// Makes a static for every command and `COMMANDS` of them.
macro_rules! commands {
    ($($id:ident ($code:literal $application:ident $name:literal $bits:ident request ($($request:tt)*) answer ($($answer:tt)*)))*) => {
        $(
            #[doc = concat!("The ", $name, " command, code ", $code, ".")]
            pub static $id: $crate::proto::dict::CommandDef = $crate::proto::dict::CommandDef {
                code: $code,
                application: $application,
                name: std::borrow::Cow::Borrowed($name),
                proxiable: proxiable!($bits),
                request: members!($($request)*),
                answer: members!($($answer)*),
                open: is_open!($($request)*),
            };
        )*
        pub(in $crate::proto::dict) const COMMANDS: &[&$crate::proto::dict::CommandDef] = &[$(&$id),*];
    };
}

/// The ABNF's word for the P bit.
macro_rules! proxiable {
    (PXY) => {
        true
    };
    (REQ) => {
        false
    };
}
