use strowger::prelude::*;

#[derive(Debug, Event)]
#[event(nme = "ring")]
struct Ring;

fn main() {}
