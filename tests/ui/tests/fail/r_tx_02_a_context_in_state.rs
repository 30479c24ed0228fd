use strowger::prelude::*;

#[derive(State)]
struct Bell<'a> {
    later: Option<&'a mut Cx<'a>>,
}

fn main() {}
