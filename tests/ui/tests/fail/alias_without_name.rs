use strowger::prelude::*;

#[derive(Clone, Debug, Event)]
struct Ring;

#[derive(Default, State)]
struct Bell {
    rung: u32,
}

enum Loudness {}

impl Attribute for Loudness {
    type Value = u8;
    const NAME: &'static str = "loudness";
}

#[sbb(name = "bell", vendor = "org.example", version = "1.0", aliases(Loudness))]
impl Bell {}

fn main() {}
