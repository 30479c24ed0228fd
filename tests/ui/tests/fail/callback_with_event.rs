use strowger::prelude::*;

#[derive(Clone, Debug, Event)]
struct Ring;

#[derive(Default, State)]
struct Bell {
    rung: u32,
}

#[sbb(name = "bell", vendor = "org.example", version = "1.0")]
impl Bell {
    #[on(remove)]
    fn unhang(&mut self, cx: &mut Cx, ev: &Ring) {}
}

fn main() {}
