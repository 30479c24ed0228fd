//! Tests of configuration as a user meets it: texts in, a configuration or findings out.

mod common;
mod corpus;
mod defaults;
mod findings;
mod layers;
mod settings;
