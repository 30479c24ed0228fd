use strowger::event::Event;
use strowger::id::Component;

#[derive(Debug, serde::Serialize)]
struct Ring {
    line: u16,
}

impl Event for Ring {
    const TYPE: Component = Component {
        name: "ring",
        vendor: "org.example",
        version: "1.0",
    };
}

fn main() {}
