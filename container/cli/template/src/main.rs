//! A node with this service, SIP and the management API: `cargo run -- my-service.toml`.

use std::process::ExitCode;
use strowger_node::Node;

fn main() -> ExitCode {
    Node::builder()
        .adaptor(strowger_sip::adaptor())
        .service(my_service::service())
        .companion(strowger_management::api::companion())
        .main()
}
