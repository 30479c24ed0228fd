//! The notation of the applications' tables.
//!
//! ```text
//! group SubscriptionId of SUBSCRIPTION_ID { lines }
//! request CreditControlRequest as Ccr of CREDIT_CONTROL_COMMAND { lines } besides { lines }
//! answer CreditControlAnswer as Cca of CREDIT_CONTROL_COMMAND { lines }
//! ```
//! A line is `getter: one|many KIND = AVP;` where KIND is `u32 u64 i32 i64 f32 f64 str identity uri bytes address time`,
//! `value ENUM` or `group VIEW`. The lines of a message become methods of the event and of the view; those after `besides` of
//! the view alone, since the event has them from another application that uses the command.

/// Makes the type of an Enumerated AVP, in which a value that its definition does not name is kept.
macro_rules! enumerated {
    ($($(#[$doc:meta])* $name:ident of $def:path { $($item:ident = $value:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(#[doc = concat!("Value ", $value, ".")] $item,)*
            /// A value that the definition does not name.
            Other(i32),
        }

        impl From<i32> for $name {
            fn from(value: i32) -> Self {
                match value {
                    $($value => Self::$item,)*
                    other => Self::Other(other),
                }
            }
        }

        impl From<$name> for i32 {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$item => $value,)*
                    $name::Other(other) => other,
                }
            }
        }

        impl $crate::proto::wire::Value for $name {
            fn write(&self, kind: $crate::proto::dict::Kind, out: &mut Vec<u8>) -> bool {
                i32::from(*self).write(kind, out)
            }
        }
    )*

    #[cfg(test)]
    mod enumerated {
        use super::*;

        #[test]
        fn the_types_name_the_values_that_the_dictionary_names() {
            $(
                let named: Vec<i32> = $def.items.iter().map(|(value, _)| *value).collect();
                assert_eq!(named, [$($value),*], "{}", $def.name);
                for value in named {
                    assert!(!matches!($name::from(value), $name::Other(_)));
                    assert_eq!(i32::from($name::from(value)), value);
                }
            )*
        }
    }
    };
}

/// Makes the views, the writers and the methods of events.
macro_rules! application {
    () => {};
    ($(#[$doc:meta])* group $view:ident of $def:path { $($lines:tt)* } $($rest:tt)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $view<'a> {
            avps: $crate::proto::wire::Avps<'a>,
        }

        impl<'a> $view<'a> {
            /// Reads a group of this kind.
            #[must_use]
            pub const fn of(avps: $crate::proto::wire::Avps<'a>) -> Self {
                Self { avps }
            }

            /// All AVPs of the group.
            #[must_use]
            pub const fn avps(&self) -> $crate::proto::wire::Avps<'a> {
                self.avps
            }

            /// The AVPs that the definition of the group does not name.
            pub fn extra(&self) -> impl Iterator<Item = $crate::proto::wire::Avp<'a>> + use<'a> {
                $crate::api::apps::others(self.avps, $def.members)
            }
        }

        reads! { 'a $view { $($lines)* } }
        writes! { $view { $($lines)* } }
        application! { $($rest)* }
    };
    ($(#[$doc:meta])* request $event:ident as $view:ident of $def:path { $($lines:tt)* } besides { $($more:tt)* } $($rest:tt)*) => {
        message! { $(#[$doc])* $event $view request $def { $($lines)* } { $($more)* } }

        impl $view<'_> {
            /// A request of this command with what `fill` writes.
            #[must_use]
            pub fn request(fill: impl FnOnce(&mut $crate::apps::Writer<'_, $view<'static>>)) -> $crate::Outgoing {
                let mut request = $crate::Outgoing::request(&$def);
                fill(&mut $crate::apps::Writer::new(request.body()));
                request
            }
        }
        application! { $($rest)* }
    };
    ($(#[$doc:meta])* answer $event:ident as $view:ident of $def:path { $($lines:tt)* } besides { $($more:tt)* } $($rest:tt)*) => {
        message! { $(#[$doc])* $event $view answer $def { $($lines)* } { $($more)* } }

        impl $view<'_> {
            /// An answer with this Result-Code and what `fill` writes.
            #[must_use]
            pub fn answer(result_code: u32, fill: impl FnOnce(&mut $crate::apps::Writer<'_, $view<'static>>)) -> $crate::Outgoing {
                let mut answer = $crate::Outgoing::answer(result_code);
                fill(&mut $crate::apps::Writer::new(answer.body()));
                answer
            }
        }
        application! { $($rest)* }
    };
    ($(#[$doc:meta])* $side:ident $event:ident as $view:ident of $def:path { $($lines:tt)* } $($rest:tt)*) => {
        application! { $(#[$doc])* $side $event as $view of $def { $($lines)* } besides {} $($rest)* }
    };
}

/// What requests and answers have in common.
macro_rules! message {
    ($(#[$doc:meta])* $event:ident $view:ident $side:ident $def:path { $($lines:tt)* } { $($more:tt)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $view<'a> {
            message: &'a $crate::proto::wire::Message,
        }

        impl<'a> $view<'a> {
            /// Reads a message of this command.
            #[must_use]
            pub const fn of(message: &'a $crate::proto::wire::Message) -> Self {
                Self { message }
            }

            /// The whole message.
            #[must_use]
            pub const fn message(&self) -> &'a $crate::proto::wire::Message {
                self.message
            }

            /// All top-level AVPs.
            #[must_use]
            pub fn avps(&self) -> $crate::proto::wire::Avps<'a> {
                self.message.avps()
            }

            /// The top-level AVPs that the definition of the command does not name.
            pub fn extra(&self) -> impl Iterator<Item = $crate::proto::wire::Avp<'a>> + use<'a> {
                $crate::api::apps::others(self.message.avps(), $def.$side)
            }
        }

        reads! { 'a $view { $($lines)* $($more)* } }
        writes! { $view { $($lines)* $($more)* } }
        events! { $event { $($lines)* } }
    };
}

/// The getters of a view, whose values live as long as the message.
macro_rules! reads {
    ($life:lifetime $view:ident { $($(#[$doc:meta])* $name:ident: $card:ident $kind:ident $($of:ident)? = $def:path;)* }) => {
        impl<$life> $view<$life> {
            $(reads! { @$card $life $kind ($($of)?) $name $def [$(#[$doc])*] })*
        }
    };
    (@one $life:lifetime $kind:ident ($($of:ident)?) $name:ident $def:path [$($doc:tt)*]) => {
        #[doc = concat!("AVP `", stringify!($def), "`.")]
        $($doc)*
        #[must_use]
        pub fn $name(&self) -> Option<value_type!($life $kind $($of)?)> {
            self.avps().get(&$def).and_then(|avp| read_value!(avp $kind $($of)?))
        }
    };
    (@many $life:lifetime $kind:ident ($($of:ident)?) $name:ident $def:path [$($doc:tt)*]) => {
        #[doc = concat!("Every AVP `", stringify!($def), "`.")]
        $($doc)*
        pub fn $name(&self) -> impl Iterator<Item = value_type!($life $kind $($of)?)> + use<$life> {
            self.avps().each(&$def).filter_map(|avp| read_value!(avp $kind $($of)?))
        }
    };
}

/// The getters of an event, whose values live as long as the event.
macro_rules! events {
    ($event:ident { $($(#[$doc:meta])* $name:ident: $card:ident $kind:ident $($of:ident)? = $def:path;)* }) => {
        impl $crate::$event {
            $(events! { @$card $kind ($($of)?) $name $def [$(#[$doc])*] })*
        }
    };
    (@one $kind:ident ($($of:ident)?) $name:ident $def:path [$($doc:tt)*]) => {
        #[doc = concat!("AVP `", stringify!($def), "`.")]
        $($doc)*
        #[must_use]
        pub fn $name(&self) -> Option<value_type!('_ $kind $($of)?)> {
            self.message().find(&$def).and_then(|avp| read_value!(avp $kind $($of)?))
        }
    };
    (@many $kind:ident ($($of:ident)?) $name:ident $def:path [$($doc:tt)*]) => {
        #[doc = concat!("Every AVP `", stringify!($def), "`.")]
        $($doc)*
        pub fn $name(&self) -> impl Iterator<Item = value_type!('_ $kind $($of)?)> {
            self.message().all(&$def).filter_map(|avp| read_value!(avp $kind $($of)?))
        }
    };
}

/// The setters of a writer: each writes one AVP.
macro_rules! writes {
    ($view:ident { $($(#[$doc:meta])* $name:ident: $card:ident $kind:ident $($of:ident)? = $def:path;)* }) => {
        impl $crate::apps::Writer<'_, $view<'static>> {
            $(writes! { @$kind ($($of)?) $name $def [$(#[$doc])*] })*
        }
    };
    (@group ($of:ident) $name:ident $def:path [$($doc:tt)*]) => {
        #[doc = concat!("Writes an AVP `", stringify!($def), "` with what `fill` writes in it.")]
        $($doc)*
        pub fn $name(
            &mut self,
            fill: impl FnOnce(&mut $crate::apps::Writer<'_, $of<'static>>),
        ) -> &mut Self {
            self.avps.group(&$def, |group| fill(&mut $crate::apps::Writer::new(group)));
            self
        }
    };
    (@$kind:ident ($($of:ident)?) $name:ident $def:path [$($doc:tt)*]) => {
        #[doc = concat!("Writes an AVP `", stringify!($def), "`.")]
        $($doc)*
        pub fn $name(&mut self, value: value_type!('_ $kind $($of)?)) -> &mut Self {
            self.avps.avp(&$def, value);
            self
        }
    };
}

/// The type of a kind.
macro_rules! value_type {
    ($life:lifetime str) => { &$life str };
    ($life:lifetime identity) => { &$life str };
    ($life:lifetime uri) => { &$life str };
    ($life:lifetime bytes) => { &$life [u8] };
    ($life:lifetime address) => { $crate::proto::wire::Address<$life> };
    ($life:lifetime time) => { $crate::proto::wire::Time };
    ($life:lifetime value $of:ident) => { $of };
    ($life:lifetime group $of:ident) => { $of<$life> };
    ($life:lifetime $number:ident) => { $number };
}

/// What reads a value of a kind out of an AVP.
macro_rules! read_value {
    ($avp:ident str) => {
        $avp.utf8().ok()
    };
    ($avp:ident uri) => {
        $avp.utf8().ok()
    };
    ($avp:ident bytes) => {
        Some($avp.data)
    };
    ($avp:ident value $of:ident) => {
        $avp.i32().ok().map($of::from)
    };
    ($avp:ident group $of:ident) => {
        Some($of::of($avp.group()))
    };
    ($avp:ident $other:ident) => {
        $avp.$other().ok()
    };
}
