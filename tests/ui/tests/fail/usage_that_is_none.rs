use strowger::prelude::*;

struct Calls {
    tried: u64,
}

#[derive(Default, State)]
struct Desk {}

#[sbb(name = "desk", vendor = "org.example", version = "1.0")]
impl Desk {
    #[on]
    fn started(&mut self, cx: &mut Cx, _ev: &ServiceStarted, calls: UsageSet<Calls>) {}
}

fn main() {}
