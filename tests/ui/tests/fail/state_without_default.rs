use strowger::prelude::*;

#[derive(State)]
struct Bell {
    rung: u32,
}

#[sbb(name = "bell", vendor = "org.example", version = "1.0")]
impl Bell {}

fn main() {}
