use std::net::TcpStream;
use strowger::event::Event;
use strowger::id::Component;

#[derive(Debug, serde::Deserialize)]
struct Accepted {
    #[serde(skip)]
    wire: Option<TcpStream>,
}

impl Event for Accepted {
    const TYPE: Component = Component {
        name: "accepted",
        vendor: "org.example",
        version: "1.0",
    };
}

fn main() {}
