//! What a client writes, for scripted peers: the adaptor opens no WebSocket connection itself.

use super::frame::mask;

/// The request that opens a connection, with the key of RFC 6455 1.3.
#[must_use]
pub fn request(host: &str, path: &str, origin: Option<&str>) -> String {
    let origin = origin.map_or_else(String::new, |origin| format!("Origin: {origin}\r\n"));
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{origin}Sec-WebSocket-Protocol: sip\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// One frame of a client: `first` is FIN, the reserved bits and the opcode (0x81 a whole text), `key` its mask.
#[must_use]
pub fn frame(first: u8, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    let mut out = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..126), _) => out.push(0x80 | short),
        (_, Ok(length)) => {
            out.push(0x80 | 126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&key);
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(payload) = out.get_mut(start..) {
        mask(payload, key);
    }
    out
}

/// Takes one frame of a server off the front: its first byte and its payload.
#[must_use]
pub fn server_frame(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[first, short], rest) = data.split_first_chunk::<2>()?;
    let (length, rest) = match short {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u64::from_be_bytes(*length)).ok()?, rest)
        }
        short => (usize::from(short), rest),
    };
    let (payload, rest) = rest.split_at_checked(length)?;
    Some((first, payload, rest))
}
