use strowger::prelude::*;

#[derive(Clone, Debug, Profile)]
struct Subscriber {
    zone: u32,
}

#[derive(Clone, Debug, Profile)]
struct Tariff {
    cents: u32,
}

fn cheap(cx: &Cx, subscribers: Table<Subscriber>) {
    let _ = subscribers.query(cx, &Tariff::CENTS.lt(5));
}

fn main() {}
