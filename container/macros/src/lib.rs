//! The attribute and derive macros of Strowger.
