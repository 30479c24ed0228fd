use strowger::prelude::*;

#[derive(Clone, Debug, Profile)]
struct Subscriber {
    number: String,
    notes: Vec<String>,
}

fn main() {}
