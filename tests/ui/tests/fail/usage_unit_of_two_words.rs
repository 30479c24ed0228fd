use strowger::prelude::*;

#[derive(Usage)]
struct Calls {
    #[usage(unit = "milli seconds")]
    setup: Sample,
}

fn main() {}
