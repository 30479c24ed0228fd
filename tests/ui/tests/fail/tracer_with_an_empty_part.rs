use strowger::prelude::*;

const ROUTES: Tracer = Tracer::new("routes..best");

fn main() {
    println!("{}", ROUTES.name());
}
