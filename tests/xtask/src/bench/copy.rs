//! `cargo xtask bench copy`: what passing a call on costs at the very least on this machine.
//!
//! It takes a datagram from one side and sends it to the other, reads of it no more than whose it is, and knows nothing
//! of SIP. What a system needs above this is its own; below it nothing can come that wakes up for each datagram.

use std::net::{SocketAddrV4, UdpSocket};

use crate::bench::system::{CALLED, CALLER, PROBE, UNDER_TEST};
use crate::error::{Result, at};

/// The topmost Via stands in these first octets.
const HEAD: usize = 256;

/// Copies until it is stopped.
pub(crate) fn run() -> Result<()> {
    let socket = UdpSocket::bind(UNDER_TEST).map_err(at("bind", "the socket to copy from"))?;
    let probe = PROBE.to_string();
    let mut buffer = [0; 8192];
    loop {
        let (length, from) = socket
            .recv_from(&mut buffer)
            .map_err(at("receive from", "the socket"))?;
        let datagram = &buffer[..length];
        let to = match from == CALLED.into() {
            true => asker(datagram, &probe),
            false => CALLED,
        };
        // A side that is not there yet, or not any more, gets it again by itself.
        let _ = socket.send_to(datagram, to);
    }
}

/// Whose the request was that this answers.
fn asker(response: &[u8], probe: &str) -> SocketAddrV4 {
    let head = String::from_utf8_lossy(&response[..response.len().min(HEAD)]);
    match head.contains(probe) {
        true => PROBE,
        false => CALLER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_to_whom_its_via_names() {
        let answer = |via: SocketAddrV4| {
            format!(
                "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bKx\r\n{}",
                "x".repeat(HEAD)
            )
        };
        for asked in [CALLER, PROBE] {
            assert_eq!(asker(answer(asked).as_bytes(), &PROBE.to_string()), asked);
        }
    }
}
