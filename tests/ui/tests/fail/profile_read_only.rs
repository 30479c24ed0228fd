use strowger::prelude::*;

#[derive(Clone, Debug, Profile)]
struct Tariff {
    cents: u32,
}

fn raise(cx: &mut Cx, tariffs: Table<Tariff>) {
    let _ = tariffs.update(cx, "night", |tariff| tariff.cents += 1);
}

fn main() {}
