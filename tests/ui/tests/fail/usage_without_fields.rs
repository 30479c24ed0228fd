use strowger::prelude::*;

#[derive(Usage)]
struct Calls(Counter);

fn main() {}
