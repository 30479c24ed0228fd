use std::cell::RefCell;
use strowger::prelude::*;

#[derive(Clone, Debug, Event)]
struct Ring;

thread_local! {
    static LATER: RefCell<Vec<Box<dyn FnOnce()>>> = RefCell::default();
}

#[derive(Default, State)]
struct Bell {}

#[sbb(name = "bell", vendor = "org.example", version = "1.0")]
impl Bell {
    #[on]
    fn ring(&mut self, cx: &mut Cx, _ev: &Ring) {
        LATER.with_borrow_mut(|later| later.push(Box::new(|| cx.set_rollback_only())));
    }
}

fn main() {}
