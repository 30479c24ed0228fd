//! TPDUs and the relay layer, from outside: octets that are known, every field both ways, and another reader of the same.

mod messages;
mod oracle;
mod relay;
mod round_trip;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits
        .chunks(2)
        .map(|p| pair(p).expect("hexadecimal"))
        .collect()
}
