#![allow(unused_variables)]

use strowger::prelude::*;

#[derive(Clone, Debug, Event)]
struct Ring;

#[derive(Default, State)]
struct Bell {
    rung: u32,
}

impl Bell {
    #[on(initial)]
    fn ring(&mut self, cx: &mut Cx, ev: &Ring) {}
}

fn main() {}
