#![allow(unused_variables)]

use strowger::prelude::*;

#[derive(Clone, Debug, Event)]
struct Ring;

#[derive(Default, State)]
struct Bell {
    rung: u32,
}

mod sounds {
    pub(crate) use super::Ring;
}

#[sbb(name = "bell", vendor = "org.example", version = "1.0")]
impl Bell {
    #[on]
    fn ring(&mut self, cx: &mut Cx, ev: &Ring) {}
    #[on]
    fn ring_again(&mut self, cx: &mut Cx, ev: &sounds::Ring) {}
}

fn main() {}
