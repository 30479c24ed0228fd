use strowger::prelude::*;

#[derive(Usage)]
struct Calls {
    tried: Counter,
}

#[derive(Usage)]
struct Texts {
    sent: Counter,
}

#[derive(Clone, Debug, Event)]
struct Ring;

#[derive(Default, State)]
struct Desk {}

#[sbb(name = "desk", vendor = "org.example", version = "1.0")]
impl Desk {
    #[on]
    fn started(&mut self, cx: &mut Cx, _ev: &ServiceStarted, calls: UsageSet<Calls>) {
        calls.tried.increment();
    }

    #[on]
    fn ring(&mut self, cx: &mut Cx, _ev: &Ring, texts: UsageSet<Texts>) {
        texts.sent.increment();
    }
}

fn main() {}
