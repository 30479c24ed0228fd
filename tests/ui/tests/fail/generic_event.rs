use strowger::prelude::*;

#[derive(Debug, Event)]
struct Ring<T>(T);

fn main() {}
