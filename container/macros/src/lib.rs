//! The attribute and derive macros of Strowger, which re-exports them: authors depend on `strowger` alone.
//!
//! They write what one could write by hand against `strowger::sbb::Sbb`, `strowger::event::Event` and
//! `strowger::state::State`, and nothing else: no registry, no global state. Everything that the container must know of
//! an SBB follows from its methods' signatures, so that the two cannot drift apart.
//!
//! Invariant: a mistake is reported in one sentence, at the token that is wrong; `tests/ui` holds a case for each.

mod event;
mod profile;
mod sbb;
mod shadow;
mod state;
mod usage;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes an SBB of a type, from an impl block whose handlers are marked with `#[on]`.
///
/// Arguments:
///
/// - `name = "..."`, `vendor = "..."`, `version = "..."`: who it is. Required.
/// - `priority = 5`: default priority of its entities, -128 to 127, higher first; 0 when left out.
/// - `children(Announcement, Billing = 5)`: the SBBs of which it makes child entities, with their priority.
/// - `aliases(Blocked)`: attributes (`strowger::attribute::Attribute`) that it shares with other SBBs under an alias.
/// - `migrate(v1::Meter)`: older states that it can take over, by its `impl Migrate<v1::Meter>`.
///
/// See [`macro@on`] for the methods. Methods without `#[on]` stay what they are.
#[proc_macro_attribute]
pub fn sbb(args: TokenStream, item: TokenStream) -> TokenStream {
    sbb::expand(args.into(), item.into()).into()
}

/// Marks a method of an impl block under `#[sbb]` as a handler or a callback.
///
/// A handler is `fn(&mut self, cx: &mut Cx, ev: &E, ...)` and returns nothing or a `Result`; after its event it takes any
/// of `Aci<A>`, `Ra<T>`, `#[link("name")] Ra<T>`, `Conf<T>`, `Table<P>`, `#[table("name")] Table<P>`, `UsageSet<U>` and
/// `#[set("name")] UsageSet<U>`. With `Aci<A>` it receives the event on activities of
/// type `A` only; it goes before a handler of the same event without one.
///
/// | attribute | meaning |
/// |---|---|
/// | `#[on]` | the event on activities to which the entity is attached |
/// | `#[on(initial)]` | the event may make a new root entity, one per activity |
/// | `#[on(initial(address, event_type))]` | the same, one per combination of what is named: `activity`, `address`, `event_type`, `event`; with nothing named, one for the whole service |
/// | `#[on(initial, select = Self::pick)]` | `fn pick(sel: &mut Selector)` decides per event |
/// | `#[on(masked)]` | the event is masked when an entity attaches |
/// | `#[on(create)]`, `#[on(remove)]` | callback `fn(&mut self, cx: &mut Cx)` of an entity that comes or goes |
/// | `#[on(exception)]` | callback `fn(&mut self, cx: &mut Cx, error: &Error)` before the rollback |
/// | `#[on(rolled_back)]` | callback `fn(&mut self, cx: &mut Cx, what: &RolledBack)` after it |
#[proc_macro_attribute]
pub fn on(_args: TokenStream, item: TokenStream) -> TokenStream {
    let misplaced = syn::Error::new(
        proc_macro2::Span::call_site(),
        "`#[on]` belongs on a method of an impl block under `#[sbb]`",
    );
    let mut out = TokenStream::from(misplaced.into_compile_error());
    out.extend(item);
    out
}

/// Derives `strowger::event::Event`, and serde's traits with it; `Debug` is asked for besides, and `Clone` by timers.
///
/// `#[event(name = "...", vendor = "...", version = "...")]` names the event type. What is left out is the type's name in
/// kebab case, the crate's name and "1.0". With `#[event(serde = "own")]` the type brings its own `Serialize` and
/// `Deserialize`.
#[proc_macro_derive(Event, attributes(event))]
pub fn event(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    event::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Derives `strowger::profile::Profile`: a struct with named fields is the specification of profile tables. `State` comes
/// with it, and `Default`, which gives the values of a table's default profile; `Clone` and `Debug` are asked for besides.
///
/// On the type, `#[profile(...)]` takes:
///
/// - `name = "..."`, `vendor = "..."`, `version = "..."`: who it is; the type's name in kebab case, the crate's name, "1.0".
/// - `writable`: services may write its profiles, not only management.
/// - `silent`: changes of its profiles are not fired as events.
/// - `verify = Self::check`: `fn check(&self) -> Result<(), Invalid>` says whether the values fit together.
/// - `migrate(v1::Subscriber)`: older states that it can take over, by its `impl Migrate<v1::Subscriber>`.
///
/// On a field: `unique` (no two profiles have the same value; indexed), `indexed`, `default = value`, and `opaque` for a
/// type that is a `State` and no attribute's: it is stored and cannot be queried. Of each other field `name` a constant
/// `NAME` is made, of which queries are put together.
#[proc_macro_derive(Profile, attributes(profile, state))]
pub fn profile(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    profile::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Derives `strowger::state::State`: serde's traits, and a schema of the fields' names and types, nested ones written out.
///
/// The type's own name is no part of the schema, so that a state may be moved to a module `v1` or renamed when a new
/// version takes over. A field of a foreign type with serde's traits is marked `#[state(opaque = "name-1")]`; the text
/// stands for the type in the schema and is changed when the type's encoding changes. With `#[state(serde = "own")]` the
/// type itself brings its own `Serialize` and `Deserialize`.
#[proc_macro_derive(State, attributes(state))]
pub fn state(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    state::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Derives `strowger::usage::Usage`, and `Default` with it: a struct with named fields, each a `Counter` or a `Sample`, is a set
/// of usage parameters.
///
/// A field's comment is what operators read of it. `#[usage(unit = "ms")]` on a field names the unit of its values.
#[proc_macro_derive(Usage, attributes(usage))]
pub fn usage(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    usage::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
