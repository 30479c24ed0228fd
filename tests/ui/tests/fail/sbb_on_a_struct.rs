use strowger::prelude::*;

#[sbb(name = "bell", vendor = "org.example", version = "1.0")]
#[derive(Default, State)]
struct Bell {
    rung: u32,
}

fn main() {}
