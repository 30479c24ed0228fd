use strowger::prelude::*;

#[derive(Debug, Event)]
struct Ring<'a> {
    line: &'a str,
}

fn main() {}
