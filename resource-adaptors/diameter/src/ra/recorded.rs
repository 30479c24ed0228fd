//! What the node's recorder is told of messages: to which session they belong, what they are, without what is secret.
//!
//! Looked at only while something is recorded. The key is the Session-Id; messages between neighbours have none and are not
//! told of.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::SocketAddr;

use strowger::id::ActivityId;
use strowger::ra::{ConnId, Direction, ListenerIx, Parties, RaCx, Recorded, Redaction, Transport};

use crate::proto::wire::{Avp, Avps, HEADER_LEN, Header, Message};

/// Where the connections of an entity lead.
#[derive(Debug, Default)]
pub(super) struct Wires {
    ways: HashMap<ConnId, Way>,
    /// The one from which bytes came last.
    from: Option<ConnId>,
}

#[derive(Debug, Clone, Copy)]
struct Way {
    listener: ListenerIx,
    remote: SocketAddr,
    transport: Transport,
}

impl Wires {
    pub(super) fn opened(
        &mut self,
        conn: ConnId,
        listener: ListenerIx,
        remote: SocketAddr,
        secure: bool,
    ) {
        let transport = match secure {
            true => Transport::Tls,
            false => Transport::Tcp,
        };
        let way = Way {
            listener,
            remote,
            transport,
        };
        self.ways.insert(conn, way);
    }

    pub(super) fn closed(&mut self, conn: ConnId) {
        self.ways.remove(&conn);
    }

    pub(super) fn read_from(&mut self, conn: ConnId) {
        self.from = Some(conn);
    }

    /// Tells of a message that came on the connection from which bytes came last.
    pub(super) fn came(&self, cx: &mut RaCx<'_>, message: &Message) {
        if let Some(conn) = self.from {
            self.tell(cx, conn, Direction::In, message.bytes());
        }
    }

    /// Tells of a message that leaves.
    pub(super) fn leaves(&self, cx: &mut RaCx<'_>, conn: ConnId, bytes: &[u8]) {
        self.tell(cx, conn, Direction::Out, bytes);
    }

    fn tell(&self, cx: &mut RaCx<'_>, conn: ConnId, direction: Direction, bytes: &[u8]) {
        if !cx.is_recording() {
            return;
        }
        if let (Some(way), Some(key)) = (self.ways.get(&conn), session_id(bytes)) {
            cx.record(key, direction, |wanted| {
                Some(recorded(*way, bytes, wanted.redaction))
            });
        }
    }
}

/// Tells which session the activity of a message is a part of.
pub(super) fn activity(cx: &mut RaCx<'_>, activity: ActivityId, message: &Message) {
    if cx.is_recording()
        && let Some(key) = session_id(message.bytes())
    {
        cx.record_as(activity, key);
    }
}

const SESSION_ID: u32 = 263;
const USER_NAME: u32 = 1;
const RESULT_CODE: u32 = 268;
const DESTINATION_REALM: u32 = 283;
const CC_REQUEST_TYPE: u32 = 416;
const SUBSCRIPTION_ID: u32 = 443;
const SUBSCRIPTION_ID_DATA: u32 = 444;
const CREDIT_CONTROL: u32 = 272;
const TGPP: u32 = 10_415;

/// AVPs that hold passwords, keys and what is computed from them, by code and vendor.
const SECRETS: [(u32, u32); 15] = [
    (2, 0),        // User-Password
    (3, 0),        // CHAP-Password
    (103, 0),      // Digest-Response
    (121, 0),      // Digest-HA1
    (402, 0),      // CHAP-Auth
    (462, 0),      // EAP-Payload
    (464, 0),      // EAP-Master-Session-Key
    (609, TGPP),   // SIP-Authenticate
    (610, TGPP),   // SIP-Authorization
    (625, TGPP),   // Confidentiality-Key
    (626, TGPP),   // Integrity-Key
    (1_448, TGPP), // XRES
    (1_450, TGPP), // KASME
    (1_453, TGPP), // Kc
    (1_454, TGPP), // SRES
];
/// Groups in which such stand.
const GROUPS: [(u32, u32); 6] = [
    (612, TGPP),   // SIP-Auth-Data-Item
    (635, TGPP),   // SIP-Digest-Authenticate
    (1_413, TGPP), // Authentication-Info
    (1_414, TGPP), // E-UTRAN-Vector
    (1_415, TGPP), // UTRAN-Vector
    (1_416, TGPP), // GERAN-Vector
];
/// Groups within groups that are looked into.
const DEPTH: u8 = 4;

/// Commands, by their code.
const COMMANDS: [(u32, &str); 27] = [
    (258, "RA"),
    (265, "AA"),
    (268, "DE"),
    (271, "AC"),
    (272, "CC"),
    (274, "AS"),
    (275, "ST"),
    (300, "UA"),
    (301, "SA"),
    (302, "LI"),
    (303, "MA"),
    (304, "RT"),
    (305, "PP"),
    (306, "UD"),
    (307, "PU"),
    (308, "SN"),
    (309, "PN"),
    (316, "UL"),
    (317, "CL"),
    (318, "AI"),
    (319, "ID"),
    (320, "DS"),
    (321, "PU"),
    (322, "RE"),
    (323, "NO"),
    (8_388_620, "PL"),
    (8_388_622, "RI"),
];

fn avps(bytes: &[u8]) -> Avps<'_> {
    Avps::new(bytes.get(HEADER_LEN..).unwrap_or_default())
}

/// The Session-Id; where there is one it stands first (RFC 6733 8.8).
fn session_id(bytes: &[u8]) -> Option<&[u8]> {
    let first = avps(bytes).next()?;
    (first.code == SESSION_ID && first.vendor == 0).then(|| first.bytes())
}

fn recorded(way: Way, bytes: &[u8], redaction: Redaction) -> Recorded<'_> {
    let header = Header::read(bytes);
    Recorded {
        transport: way.transport,
        listener: way.listener,
        remote: way.remote,
        protocol: "diameter",
        title: header.map_or_else(String::new, |header| title(&header, bytes)),
        parties: header
            .filter(Header::is_request)
            .and_then(|header| parties(&header, bytes)),
        bytes: match redaction.secrets {
            true => Cow::Owned(without_secrets(bytes)),
            false => Cow::Borrowed(bytes),
        },
    }
}

fn number(bytes: &[u8], code: u32) -> Option<u32> {
    avps(bytes).get_code(code, 0)?.u32().ok()
}

fn title(header: &Header, bytes: &[u8]) -> String {
    let known = COMMANDS.iter().find(|(code, _)| *code == header.command);
    let mut title = known.map_or_else(
        || format!("{} ", header.command),
        |(_, name)| (*name).to_owned(),
    );
    title.push(if header.is_request() { 'R' } else { 'A' });
    if header.command == CREDIT_CONTROL {
        let part = number(bytes, CC_REQUEST_TYPE).unwrap_or_default();
        title.push_str(match part {
            1 => "-I",
            2 => "-U",
            3 => "-T",
            4 => "-E",
            _ => "",
        });
    }
    if let Some(result) = number(bytes, RESULT_CODE).filter(|_| !header.is_request()) {
        title.push_str(&format!(" {result}"));
    }
    title
}

/// Who wants what, of a request that may begin a session.
fn parties(header: &Header, bytes: &[u8]) -> Option<Parties> {
    let begins = match header.command {
        CREDIT_CONTROL => matches!(number(bytes, CC_REQUEST_TYPE), Some(1 | 4)),
        // Re-Auth, Abort-Session, Session-Termination.
        258 | 274 | 275 => false,
        _ => true,
    };
    let text = |avp: Avp<'_>| String::from_utf8_lossy(avp.bytes()).into_owned();
    let subscription = || {
        let group = avps(bytes).get_code(SUBSCRIPTION_ID, 0)?;
        Avps::new(group.bytes()).get_code(SUBSCRIPTION_ID_DATA, 0)
    };
    let calling = subscription().or_else(|| avps(bytes).get_code(USER_NAME, 0));
    let called = avps(bytes).get_code(DESTINATION_REALM, 0);
    begins.then(|| Parties {
        calling: calling.map(text).unwrap_or_default(),
        called: called.map(text).unwrap_or_default(),
    })
}

fn without_secrets(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    hide(bytes.get_mut(HEADER_LEN..).unwrap_or_default(), DEPTH);
    bytes
}

/// Writes over the values of secret AVPs, in groups too.
fn hide(mut rest: &mut [u8], depth: u8) {
    while let Some(head) = rest.first_chunk::<8>() {
        let word = |bytes: [u8; 4]| u32::from_be_bytes(bytes);
        let code = word([head[0], head[1], head[2], head[3]]);
        let length = word([0, head[5], head[6], head[7]]) as usize;
        let vendor = match head[4] & 0x80 {
            0 => None,
            _ => rest.get(8..12).and_then(|v| v.try_into().ok()).map(word),
        };
        let start = if vendor.is_some() { 12 } else { 8 };
        let name = (code, vendor.unwrap_or(0));
        if length < start || length > rest.len() {
            return;
        }
        let (avp, later) = std::mem::take(&mut rest).split_at_mut(length);
        let value = avp.get_mut(start..).unwrap_or_default();
        if SECRETS.contains(&name) {
            value.fill(b'x');
        } else if GROUPS.contains(&name) && depth > 0 {
            hide(value, depth - 1);
        }
        let padding = (length.next_multiple_of(4) - length).min(later.len());
        rest = later.get_mut(padding..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn avp(code: u32, vendor: u32, value: &[u8]) -> Vec<u8> {
        let mut avp = code.to_be_bytes().to_vec();
        let head = if vendor == 0 { 8 } else { 12 };
        avp.push(if vendor == 0 { 0x40 } else { 0xc0 });
        avp.extend(&((head + value.len()) as u32).to_be_bytes()[1..]);
        if vendor > 0 {
            avp.extend(vendor.to_be_bytes());
        }
        avp.extend(value);
        avp.resize(avp.len().next_multiple_of(4), 0);
        avp
    }

    fn message(command: u32, flags: u8, avps: &[Vec<u8>]) -> Vec<u8> {
        let body = avps.concat();
        let header = Header {
            version: 1,
            length: (HEADER_LEN + body.len()) as u32,
            flags,
            command,
            application: 4,
            hop_by_hop: 1,
            end_to_end: 1,
        };
        let mut bytes = header.to_bytes().to_vec();
        bytes.extend(body);
        bytes
    }

    #[test]
    fn a_message_is_told_by_its_session_and_in_a_word() {
        let subscription = avp(SUBSCRIPTION_ID_DATA, 0, b"46701234567");
        let request = message(
            CREDIT_CONTROL,
            0x80,
            &[
                avp(SESSION_ID, 0, b"a;1;2"),
                avp(DESTINATION_REALM, 0, b"ocs"),
                avp(CC_REQUEST_TYPE, 0, &[0, 0, 0, 1]),
                avp(SUBSCRIPTION_ID, 0, &subscription),
            ],
        );
        assert_eq!(session_id(&request), Some(&b"a;1;2"[..]));
        let header = Header::read(&request).unwrap();
        assert_eq!(title(&header, &request), "CCR-I");
        let parties = parties(&header, &request).unwrap();
        assert_eq!(
            (parties.calling.as_str(), parties.called.as_str()),
            ("46701234567", "ocs")
        );
        let answer = message(
            316,
            0,
            &[
                avp(SESSION_ID, 0, b"a"),
                avp(RESULT_CODE, 0, &2_001_u32.to_be_bytes()),
            ],
        );
        assert_eq!(title(&Header::read(&answer).unwrap(), &answer), "ULA 2001");
        assert_eq!(
            session_id(&message(280, 0x80, &[avp(264, 0, b"host")])),
            None
        );
    }

    #[test]
    fn keys_and_passwords_are_hidden_wherever_they_stand() {
        let vector = avp(
            1_414,
            TGPP,
            &[avp(1_447, TGPP, b"random"), avp(1_450, TGPP, b"kasme-key")].concat(),
        );
        let bytes = message(
            318,
            0,
            &[
                avp(SESSION_ID, 0, b"a"),
                avp(2, 0, b"secret"),
                avp(1_413, TGPP, &vector),
                avp(2, 9, b"others"),
            ],
        );
        let hidden = without_secrets(&bytes);
        assert_eq!(hidden.len(), bytes.len());
        let has = |text: &[u8]| hidden.windows(text.len()).any(|part| part == text);
        assert!(!has(b"secret") && !has(b"kasme-key"));
        assert!(has(b"random") && has(b"others") && has(b"xxxxxxxxx"));
    }

    #[test]
    fn bytes_that_are_no_avps_are_left_as_they_are() {
        for bytes in [&b"short"[..], &[0; 40], &[0xff; 64]] {
            assert_eq!(without_secrets(bytes), bytes);
        }
    }
}
