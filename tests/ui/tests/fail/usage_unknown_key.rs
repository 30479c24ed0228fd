use strowger::prelude::*;

#[derive(Usage)]
struct Calls {
    #[usage(units = "ms")]
    setup: Sample,
}

fn main() {}
