use strowger::prelude::*;

#[derive(Clone, Debug, Profile)]
struct Subscriber {
    zone: u32,
}

fn main() {
    let _ = Subscriber::ZONE.has_prefix("4");
}
