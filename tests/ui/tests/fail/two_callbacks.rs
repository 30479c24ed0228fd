#![allow(unused_variables)]

use strowger::prelude::*;

#[derive(Clone, Debug, Event)]
struct Ring;

#[derive(Default, State)]
struct Bell {
    rung: u32,
}

#[sbb(name = "bell", vendor = "org.example", version = "1.0")]
impl Bell {
    #[on(create)]
    fn hang(&mut self, cx: &mut Cx) {}
    #[on(create)]
    fn mount(&mut self, cx: &mut Cx) {}
}

fn main() {}
