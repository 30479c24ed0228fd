//! The attribute and derive macros of Strowger.

use proc_macro::TokenStream;

/// Makes an SBB of an impl block.
#[proc_macro_attribute]
pub fn sbb(_args: TokenStream, item: TokenStream) -> TokenStream {
    item
}

/// Derives `strowger::event::Event`.
#[proc_macro_derive(Event, attributes(event))]
pub fn event(_item: TokenStream) -> TokenStream {
    TokenStream::new()
}

/// Derives `strowger::state::State` and serde's traits.
#[proc_macro_derive(State, attributes(state))]
pub fn state(_item: TokenStream) -> TokenStream {
    TokenStream::new()
}
