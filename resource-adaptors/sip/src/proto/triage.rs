//! What a message is to a node that has too much to do, seen from its bytes alone: part of what goes on, new work, or urgent
//! new work.
//!
//! It looks at the start line and at the names of header fields, once from the front to the back; nothing is parsed or
//! checked. Where the bytes leave a doubt a message is taken for part of what goes on, since that is not refused for lack of
//! time. Not here: what becomes of it (the user agent, and the binding to the node).

use memchr::memchr;

use super::wire::Message;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Part of what goes on: a response, or a request within a dialog or a transaction.
    Going,
    /// It begins something.
    New,
    /// The same, and it must not wait.
    Urgent,
}

/// What makes a request urgent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urgency {
    /// Service URNs (RFC 5031), each with all below it: `urn:service:sos` is `urn:service:sos.fire`, too.
    pub services: Vec<Vec<u8>>,
    /// User parts of SIP URIs, and numbers of `tel` URIs.
    pub numbers: Vec<Vec<u8>>,
    /// `Priority: emergency` (RFC 3261 20.26).
    pub priority: bool,
    /// Namespaces of Resource-Priority (RFC 4412), such as `esnet`.
    pub namespaces: Vec<Vec<u8>>,
}

impl Default for Urgency {
    fn default() -> Self {
        Self {
            services: vec![b"urn:service:sos".to_vec()],
            numbers: Vec::new(),
            priority: true,
            namespaces: vec![b"esnet".to_vec()],
        }
    }
}

/// Methods whose requests belong to something that is there.
const GOING: [&[u8]; 6] = [b"ACK", b"BYE", b"CANCEL", b"INFO", b"PRACK", b"UPDATE"];

/// What the bytes of a message say.
#[must_use]
pub fn triage(message: &[u8], urgency: &Urgency) -> Work {
    let mut lines = lines(message);
    let mut words = lines.next().unwrap_or_default().split(|byte| *byte == b' ');
    let (Some(method), Some(uri)) = (words.next(), words.next()) else {
        return Work::Going;
    };
    if method.starts_with(b"SIP/") || GOING.contains(&method) {
        return Work::Going;
    }
    let (mut urgent, mut to) = (urgency.is_for(uri), false);
    let mut within: &[u8] = b"";
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let value = match line.first() {
            None => break,
            // The line before goes on.
            Some(b' ' | b'\t') => line,
            Some(_) => {
                let Some((name, value)) = split(line, b':') else {
                    return Work::Going;
                };
                within = name.trim_ascii_end();
                value
            }
        };
        if within.eq_ignore_ascii_case(b"to") || within.eq_ignore_ascii_case(b"t") {
            if has_tag(value) {
                return Work::Going;
            }
            to = true;
        }
        urgent |= urgency.says(within, value);
    }
    match (to, urgent) {
        (false, _) => Work::Going,
        (true, false) => Work::New,
        (true, true) => Work::Urgent,
    }
}

/// Whether a To field may have a tag: its parameters are behind the URI's `>`, if it has one, which no other comes before.
fn has_tag(value: &[u8]) -> bool {
    let begin = memchr(b'>', value).unwrap_or(0);
    let parameters = value.get(begin..).unwrap_or_default();
    parameters
        .windows(3)
        .any(|word| word.eq_ignore_ascii_case(b"tag"))
}

impl Urgency {
    /// Whether a request says so.
    pub(super) fn is_of(&self, request: &Message) -> bool {
        let mut headers = request.headers();
        request.uri_raw().is_some_and(|uri| self.is_for(uri))
            || headers.any(|header| self.says(header.name, header.value))
    }

    /// Whether a Request-URI is one of an urgent service, or of an urgent number.
    pub(super) fn is_for(&self, uri: &[u8]) -> bool {
        let Some((scheme, rest)) = split(uri, b':') else {
            return false;
        };
        if scheme.eq_ignore_ascii_case(b"urn") {
            return self.services.iter().any(|service| {
                let (head, tail) = uri.split_at(service.len().min(uri.len()));
                head.eq_ignore_ascii_case(service)
                    && matches!(tail.first(), None | Some(b'.' | b';'))
            });
        }
        let number = match split(rest, b'@') {
            Some((user, _)) => user,
            None if scheme.eq_ignore_ascii_case(b"tel") => rest,
            None => return false,
        };
        let number = split(number, b';').map_or(number, |(number, _)| number);
        self.numbers.iter().any(|urgent| urgent == number)
    }

    /// Whether a header field says so.
    pub(super) fn says(&self, name: &[u8], value: &[u8]) -> bool {
        match name.len() {
            8 if self.priority && name.eq_ignore_ascii_case(b"Priority") => {
                value.trim_ascii().eq_ignore_ascii_case(b"emergency")
            }
            17 if name.eq_ignore_ascii_case(b"Resource-Priority") => {
                let mut values = value.split(|byte| *byte == b',');
                values.any(|value| {
                    let namespace = split(value, b'.').map(|(namespace, _)| namespace.trim_ascii());
                    namespace.is_some_and(|namespace| {
                        let is = |known: &Vec<u8>| namespace.eq_ignore_ascii_case(known);
                        self.namespaces.iter().any(is)
                    })
                })
            }
            _ => false,
        }
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest.take()?;
        let Some((line, behind)) = split(bytes, b'\n') else {
            return Some(bytes);
        };
        rest = Some(behind);
        Some(line)
    })
}

/// What is before and behind the first such byte.
fn split(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let n = memchr(at, bytes)?;
    Some((bytes.get(..n)?, bytes.get(n + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(start: &str, lines: &[&str]) -> Work {
        let lines = lines.join("\r\n");
        let text = format!(
            "{start} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKtag\r\n{lines}\r\n\r\nTo: <x>;tag=1\r\n"
        );
        let urgency = Urgency {
            numbers: vec![b"112".to_vec()],
            ..Urgency::default()
        };
        triage(text.as_bytes(), &urgency)
    }

    #[test]
    fn requests_without_a_to_tag_are_new() {
        for to in [
            "To: <sip:b@x>",
            "t:sip:b@x",
            "TO : \"a ;tag=1\" <sip:b@x;tag=2>",
            "To: Bob\r\n <sip:b@x>",
        ] {
            for method in ["INVITE", "REGISTER", "MESSAGE", "OPTIONS", "SUBSCRIBE"] {
                assert_eq!(of(&format!("{method} sip:b@x"), &[to]), Work::New, "{to}");
            }
        }
    }

    #[test]
    fn what_belongs_to_something_goes_on() {
        for to in [
            "To: <sip:b@x>;tag=1",
            "t: sip:b@x ; TAG=1",
            "To: <sip:b@x>\r\n\t;tag=1",
            "To: <sip:b@x>;x=\"a>b\";tag=1",
            "To: <sip:b@x>;tag=1;x=\"a>b\"",
            "",
        ] {
            assert_eq!(of("INVITE sip:b@x", &[to]), Work::Going, "{to}");
        }
        for start in [
            "ACK sip:b@x",
            "CANCEL sip:b@x",
            "BYE sip:b@x",
            "SIP/2.0 200",
        ] {
            assert_eq!(of(start, &["To: <sip:b@x>"]), Work::Going, "{start}");
        }
        assert_eq!(
            of("INVITE sip:b@x", &["nonsense", "To: <sip:b@x>"]),
            Work::Going
        );
        assert_eq!(triage(b"", &Urgency::default()), Work::Going);
    }

    #[test]
    fn emergency_calls_are_urgent() {
        let to = "To: <sip:b@x>";
        for uri in [
            "urn:service:sos",
            "URN:service:SOS.fire",
            "sip:112@x",
            "sip:112;phone-context=x@x",
            "tel:112",
            "tel:112;phone-context=+41",
        ] {
            assert_eq!(of(&format!("INVITE {uri}"), &[to]), Work::Urgent, "{uri}");
        }
        for line in [
            "Priority: emergency",
            "priority : Emergency",
            "Resource-Priority: wps.3, ESNET.1",
        ] {
            assert_eq!(of("INVITE sip:b@x", &[line, to]), Work::Urgent, "{line}");
            assert_eq!(of("INVITE sip:b@x", &[to, line]), Work::Urgent, "{line}");
        }
        for (uri, line) in [
            ("urn:service:sosx", "Priority: urgent"),
            ("urn:service", "Resource-Priority: wps.3"),
            ("sip:1123@x", "Resource-Priority: esnet"),
            ("sip:x@112", "X-Priority: emergency"),
            ("tel:113", "Subject: emergency"),
        ] {
            assert_eq!(
                of(&format!("INVITE {uri}"), &[to, line]),
                Work::New,
                "{uri}"
            );
        }
    }
}
