use strowger::prelude::*;

#[derive(Clone, Debug, Profile)]
struct Subscriber {
    #[profile(opaque, indexed)]
    notes: Vec<String>,
}

fn main() {}
