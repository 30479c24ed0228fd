//! Tests of the node, in virtual time, over a network of the tests' own.

mod anything;
mod failing;
mod faults;
mod leaving;
mod net;
mod opening;
mod overloading;
mod raw;
mod refusing;
mod routing;
mod watching;

use bytes::Bytes;

use super::*;
use crate::proto::dict::{base, credit};
use crate::proto::wire::{AvpBuf, Builder, Message};

/// Credit control.
const CC: u32 = 4;

/// A request of credit control to a realm, with or without a host.
fn request(from: &str, realm: &str, host: Option<&str>) -> Bytes {
    let mut builder = Builder::request(272, CC);
    builder.avp(&base::SESSION_ID, format!("{from};1;2").as_str());
    builder.identities(from, "test");
    builder.avp(&base::DESTINATION_REALM, realm);
    builder.avp(&base::AUTH_APPLICATION_ID, CC);
    builder.opt(&base::DESTINATION_HOST, host);
    builder.put(461, 0, 0x40, b"test@example");
    builder.put(416, 0, 0x40, &1_u32.to_be_bytes());
    builder.put(415, 0, 0x40, &0_u32.to_be_bytes());
    builder.finish(0, 0).unwrap()
}

/// A good answer.
fn success(request: &Message, host: &str) -> Bytes {
    let mut builder = Builder::answer(request);
    builder.avp(&base::RESULT_CODE, 2001_u32);
    builder.identities(host, "test");
    builder
        .finish(request.header().hop_by_hop, request.header().end_to_end)
        .unwrap()
}

/// Settings of a node in the realm `test` that serves credit control.
fn config(host: &str) -> Config {
    let mut config = Config::new(host, "test");
    config.applications = vec![Application {
        id: CC,
        vendor: 0,
        accounting: false,
    }];
    config.origin_state_id = 1;
    config
}
