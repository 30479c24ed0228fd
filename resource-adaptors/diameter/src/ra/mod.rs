//! The binding: the stack of `proto` as an adaptor of the container.

mod sessions;
mod view;

pub(crate) use view::View;
