use strowger::prelude::*;

#[derive(Clone, Debug, Profile)]
enum Tariff {
    Day,
    Night,
}

fn main() {}
