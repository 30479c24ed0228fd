//! A light hand on session descriptions (RFC 8866, RFC 3264): who sends media, and saying so in a new version.
//!
//! It is no parser of SDP: it looks at whole lines and changes none but those it is asked for. What it does not know
//! passes as it came.

use bytes::Bytes;

/// Which way media flows, as the describing side sees it (RFC 3264 5.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// It sends only: the other side is on hold.
    SendOnly,
    /// It receives only.
    RecvOnly,
    /// Neither: on hold without music.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn of(line: &[u8]) -> Option<Self> {
        Some(match line.strip_prefix(b"a=")? {
            b"sendrecv" => Self::SendRecv,
            b"sendonly" => Self::SendOnly,
            b"recvonly" => Self::RecvOnly,
            b"inactive" => Self::Inactive,
            _ => return None,
        })
    }

    /// The same, seen from the other side: what an answer to it may say at most (RFC 3264 6.1).
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::SendRecv => Self::SendRecv,
            Self::Inactive => Self::Inactive,
        }
    }
}

/// The direction of a description's first stream that is not refused (port 0): its own attribute, or the session's, or
/// both ways. The hold of RFC 2543, a connection address of zeros, counts as the stream's sending nothing.
#[must_use]
pub fn direction(sdp: &[u8]) -> Direction {
    let (mut session, mut stream) = ((None, false), (None, None));
    let mut section = Section::Session;
    for line in lines(sdp) {
        if line.starts_with(b"m=") {
            if section == Section::Stream {
                break;
            }
            section = if is_refused(line) {
                Section::Refused
            } else {
                Section::Stream
            };
            continue;
        }
        let (way, zero) = (Direction::of(line), is_zero(line));
        match section {
            Section::Session => {
                session.0 = way.or(session.0);
                session.1 |= zero == Some(true);
            }
            Section::Stream => {
                stream.0 = way.or(stream.0);
                stream.1 = zero.or(stream.1);
            }
            Section::Refused => {}
        }
    }
    let said = stream.0.or(session.0).unwrap_or(Direction::SendRecv);
    let held = stream.1.unwrap_or(session.1);
    match said {
        Direction::SendRecv if held => Direction::SendOnly,
        Direction::RecvOnly if held => Direction::Inactive,
        Direction::SendRecv | Direction::SendOnly | Direction::RecvOnly | Direction::Inactive => {
            said
        }
    }
}

/// Whether an offer puts its receiver on hold: it asks for nothing to be sent to it.
#[must_use]
pub fn is_hold(sdp: &[u8]) -> bool {
    matches!(direction(sdp), Direction::SendOnly | Direction::Inactive)
}

/// The session version of `o=` (RFC 8866 5.2).
#[must_use]
pub fn version(sdp: &[u8]) -> Option<u64> {
    let origin = lines(sdp).find(|line| line.starts_with(b"o="))?;
    let word = origin.split(|byte| *byte == b' ').nth(2)?;
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// The same description with another session version; as it came if it has none.
#[must_use]
pub fn with_version(sdp: &[u8], version: u64) -> Bytes {
    rewrite(sdp, |line, out| {
        let mut words = line.splitn(4, |byte| *byte == b' ');
        let (Some(user), Some(id), Some(_), Some(rest)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return false;
        };
        if !user.starts_with(b"o=") {
            return false;
        }
        for part in [
            user,
            b" ",
            id,
            b" ",
            version.to_string().as_bytes(),
            b" ",
            rest,
        ] {
            out.extend_from_slice(part);
        }
        true
    })
}

/// The same description with every stream in that direction and the next session version: a hold, or its end. Addresses
/// stay as they are.
#[must_use]
pub fn with_direction(sdp: &[u8], direction: Direction) -> Bytes {
    let mut out = Vec::with_capacity(sdp.len() + 32);
    let mut streams = 0;
    let end: &[u8] = if sdp.windows(2).any(|pair| pair == b"\r\n") {
        b"\r\n"
    } else {
        b"\n"
    };
    let attribute = |out: &mut Vec<u8>| {
        for part in [b"a=", direction.name().as_bytes(), end] {
            out.extend_from_slice(part);
        }
    };
    for line in lines(sdp) {
        if Direction::of(line).is_some() {
            continue;
        }
        if line.starts_with(b"m=") {
            if streams > 0 {
                attribute(&mut out);
            }
            streams += 1;
        }
        out.extend_from_slice(line);
        out.extend_from_slice(end);
    }
    attribute(&mut out);
    match version(sdp) {
        Some(version) => with_version(&out, version.wrapping_add(1)),
        None => out.into(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Session,
    Stream,
    Refused,
}

fn lines(sdp: &[u8]) -> impl Iterator<Item = &[u8]> {
    sdp.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
}

/// Copies a description line by line; `change` writes what stands in place of a line, without its end.
fn rewrite(sdp: &[u8], change: impl Fn(&[u8], &mut Vec<u8>) -> bool) -> Bytes {
    let mut out = Vec::with_capacity(sdp.len() + 16);
    for whole in sdp.split_inclusive(|byte| *byte == b'\n') {
        let line = whole.trim_ascii_end();
        if change(line, &mut out) {
            out.extend_from_slice(whole.get(line.len()..).unwrap_or_default());
        } else {
            out.extend_from_slice(whole);
        }
    }
    out.into()
}

fn is_refused(media: &[u8]) -> bool {
    let port = media.split(|byte| *byte == b' ').nth(1);
    port.is_some_and(|port| port.split(|byte| *byte == b'/').next() == Some(b"0"))
}

/// Whether a connection line names no address; none for another line.
fn is_zero(line: &[u8]) -> Option<bool> {
    let address = line
        .strip_prefix(b"c=")?
        .split(|byte| *byte == b' ')
        .nth(2)?;
    Some(matches!(address, b"0.0.0.0" | b"::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] =
        b"v=0\r\no=- 7 41 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

    fn with(find: &str, put: &str) -> Vec<u8> {
        let text = String::from_utf8(PLAIN.to_vec()).unwrap();
        assert!(text.contains(find));
        text.replacen(find, put, 1).into_bytes()
    }

    #[test]
    fn directions_are_read_where_they_count() {
        assert_eq!(direction(PLAIN), Direction::SendRecv);
        let held = with("a=rtpmap", "a=sendonly\r\na=rtpmap");
        assert_eq!(
            (direction(&held), is_hold(&held)),
            (Direction::SendOnly, true)
        );
        let session = with("t=0 0", "t=0 0\r\na=inactive");
        assert_eq!(direction(&session), Direction::Inactive);
        let both = String::from_utf8(session).unwrap() + "a=sendrecv\r\n";
        assert_eq!(
            direction(both.as_bytes()),
            Direction::SendRecv,
            "the stream's own wins"
        );
        let old = with("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0");
        assert!(is_hold(&old), "RFC 3264 8.4");
        let refused = with(
            "m=audio 4000",
            "m=video 0 RTP/AVP 31\r\na=inactive\r\nm=audio 4000",
        );
        assert_eq!(direction(&refused), Direction::SendRecv);
        assert_eq!(direction(b"junk"), Direction::SendRecv);
    }

    #[test]
    fn a_hold_changes_direction_and_version_only() {
        let held = with_direction(PLAIN, Direction::SendOnly);
        let want = String::from_utf8(with("7 41", "7 42")).unwrap() + "a=sendonly\r\n";
        assert_eq!(held, want.as_bytes());
        let back = with_direction(&held, Direction::SendRecv);
        assert_eq!(
            (direction(&back), version(&back)),
            (Direction::SendRecv, Some(43))
        );
        let lf = with_direction(b"v=0\nm=audio 1 x 0\nm=video 2 x 31\n", Direction::Inactive);
        assert_eq!(
            lf,
            &b"v=0\nm=audio 1 x 0\na=inactive\nm=video 2 x 31\na=inactive\n"[..]
        );
    }

    #[test]
    fn versions_are_replaced_in_place() {
        assert_eq!(version(PLAIN), Some(41));
        assert_eq!(with_version(PLAIN, 9), with("7 41", "7 9"));
        assert_eq!(
            with_version(b"v=0\r\no=short\r\n", 9),
            &b"v=0\r\no=short\r\n"[..]
        );
    }
}
