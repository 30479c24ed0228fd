use strowger::prelude::*;

#[derive(Usage)]
struct Calls {
    tried: Counter,
    failed: u64,
}

fn main() {}
