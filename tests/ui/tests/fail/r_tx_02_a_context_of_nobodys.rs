use strowger::prelude::*;

fn outside(activity: Handle<NullActivity>) {
    let mut cx = Cx::default();
    cx.attach(activity);
}

fn main() {}
