use strowger::prelude::*;

#[derive(Clone, Debug, Event)]
struct Ring;

#[derive(Default, State)]
struct Bell {
    rung: u32,
}

#[derive(State)]
struct OldBell {
    rung: u16,
}

#[sbb(name = "bell", vendor = "org.example", version = "1.0", migrate(OldBell))]
impl Bell {}

fn main() {}
