use strowger::prelude::*;

#[derive(Default, State)]
struct Bell {
    #[state(opaqe = "loudness-1")]
    loudness: u8,
}

fn main() {}
