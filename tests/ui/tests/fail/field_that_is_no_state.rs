use std::net::TcpStream;
use strowger::prelude::*;

#[derive(State)]
struct Bell {
    rung: u32,
    wire: TcpStream,
}

fn main() {}
