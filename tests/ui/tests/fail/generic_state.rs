use strowger::prelude::*;

#[derive(Default, State)]
struct Bell<T> {
    rung: T,
}

fn main() {}
