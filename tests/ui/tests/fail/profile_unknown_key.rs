use strowger::prelude::*;

#[derive(Clone, Debug, Profile)]
#[profile(read_only)]
struct Tariff {
    #[profile(index)]
    cents: u32,
}

fn main() {}
