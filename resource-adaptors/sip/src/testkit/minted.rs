//! The names that user agents invent, in a message: what differs between two runs that do the same.

use crate::proto::wire::text::eq_token;
use std::ops::Range;
use strowger_testkit::Minted;

/// Calls of SIP, for [`strowger_testkit::replay`].
pub const MINTED: Minted = Minted {
    protocol: "sip",
    names: minted,
};

/// Parameters whose values are invented.
const PARAMS: [&[u8]; 7] = [
    b"branch",
    b"tag",
    b"from-tag",
    b"to-tag",
    b"nonce",
    b"cnonce",
    b"opaque",
];
/// Headers whose values are invented from their first to their last letter, or to a blank or semicolon.
const HEADERS: [&[u8]; 5] = [b"call-id", b"i", b"rseq", b"rack", b"replaces"];

/// Where a message has names that somebody has invented: Call-IDs, tags, branches, nonces, numbers of reliable responses.
fn minted(message: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line == b"\r\n" || line == b"\n" {
            break;
        }
        in_line(line, start, &mut found);
        start += line.len();
    }
    found.sort_by_key(|range| range.start);
    found.dedup();
    found
}

fn in_line(line: &[u8], at: usize, found: &mut Vec<Range<usize>>) {
    let colon = line.iter().position(|byte| *byte == b':');
    if let Some(colon) = colon {
        let (name, value) = line.split_at(colon);
        if HEADERS
            .iter()
            .any(|known| eq_token(name.trim_ascii(), known))
        {
            let value = value.get(1..).unwrap_or_default();
            let blanks = value.len() - value.trim_ascii_start().len();
            let start = colon + 1 + blanks;
            found.push(at + start..at + end_of_value(line, start));
        }
    }
    for (place, byte) in line.iter().enumerate() {
        if *byte != b'=' {
            continue;
        }
        let before = line.get(..place).unwrap_or_default();
        let letters = before.iter().rev().take_while(|b| is_name(**b)).count();
        let name = before.get(place - letters..).unwrap_or_default();
        if PARAMS.iter().any(|known| eq_token(name, known)) {
            let start = place + 1 + usize::from(line.get(place + 1) == Some(&b'"'));
            found.push(at + start..at + end_of_value(line, start));
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn end_of_value(line: &[u8], start: usize) -> usize {
    let rest = line.get(start..).unwrap_or_default();
    let ends = |byte: &u8| {
        matches!(
            byte,
            b' ' | b'\t' | b'\r' | b'\n' | b';' | b',' | b'"' | b'>'
        )
    };
    start + rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_agents_invent_are_found() {
        let message =
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;rport;branch=z9hG4bK1\r\nCall-ID: a@b\r\n\
            From: <sip:a;tag=no@h>;tag=t1\r\nTo: <sip:b>;tag=t2\r\nRSeq: 17\r\n\
            WWW-Authenticate: Digest nonce=\"n;1\", realm=\"r\"\r\n\r\ntag=body\r\n";
        let names: Vec<&str> = minted(message)
            .into_iter()
            .map(|range| std::str::from_utf8(&message[range]).unwrap())
            .collect();
        assert_eq!(names, ["z9hG4bK1", "a@b", "no@h", "t1", "t2", "17", "n"]);
    }
}
