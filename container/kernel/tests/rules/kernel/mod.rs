//! Tests that hold the kernel where on a node its threads, its store or its configuration are: these are run before the kernel alone.

mod desired;
mod durable;
mod moving;
mod sv;
mod tr;
mod turns;
mod us;
