//! Ladder diagrams of recorded calls: as a text, as SVG, as a capture that network tools read.
//!
//! All of it is pure: a [`Ladder`](strowger_node::Ladder) in, text or bytes out. What is recorded is the node's business.

mod chart;
mod pcapng;
mod svg;
mod text;

pub use pcapng::pcapng;
pub(crate) use svg::STYLE;
pub use svg::{Page, svg};
pub(crate) use text::instant;
pub use text::{Width, list, text};
