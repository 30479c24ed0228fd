use strowger::prelude::*;

#[derive(Clone, Debug, Event)]
struct Ring;

#[derive(Default, State)]
struct Bell {
    rung: u32,
}

#[sbb(vendor = "org.example", version = "1.0")]
impl Bell {}

fn main() {}
