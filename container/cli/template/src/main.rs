//! A node with this service and SIP: `cargo run -- my-service.toml`.

use std::process::ExitCode;
use strowger_node::Node;

fn main() -> ExitCode {
    Node::builder()
        .adaptor(strowger_sip::adaptor())
        .service(my_service::service())
        .main()
}
