//! A record as it is written: one object in JSON, in one line.

use serde_json::Value;
use strowger::civil::Civil;
use strowger::time::Wall;

use crate::driver::RecordId;

/// What stands before what the service wrote.
pub(super) struct Head<'a> {
    pub(super) id: RecordId,
    pub(super) kind: &'a str,
    pub(super) version: u16,
    pub(super) node: &'a str,
    pub(super) service: &'a str,
    pub(super) time: Wall,
}

impl Head<'_> {
    /// The line. `id` is the first field of each, which whoever reads files back depends on.
    pub(super) fn line(&self, body: &[u8]) -> Vec<u8> {
        let Self {
            id,
            kind,
            version,
            node,
            service,
            time,
        } = self;
        let (kind, node) = (text(kind), text(node));
        let (service, time) = (text(service), rfc3339(*time));
        let mut line = format!(
            r#"{{"id":"{id}","kind":{kind},"version":{version},"node":{node},"service":{service},"time":"{time}","record":"#
        )
        .into_bytes();
        line.extend_from_slice(body);
        line.push(b'}');
        line
    }
}

fn text(text: &str) -> Value {
    Value::from(text)
}

/// Masks the last so many letters and digits of each of these fields.
pub(super) fn mask(body: &[u8], personal: &[&str], last: u8) -> Option<Vec<u8>> {
    if last == 0 || personal.is_empty() {
        return None;
    }
    let mut value: Value = serde_json::from_slice(body).ok()?;
    let fields = value.as_object_mut()?;
    for name in personal {
        if let Some(Value::String(text)) = fields.get_mut(*name) {
            *text = masked(text, last);
        }
    }
    serde_json::to_vec(&value).ok()
}

/// The same of one number or address: of a URI its user, of anything else the whole.
fn masked(text: &str, last: u8) -> String {
    let start = text.find(':').map_or(0, |colon| colon + 1);
    let rest = text.get(start..).unwrap_or_default();
    let end = start + rest.find(['@', ';', '?']).unwrap_or(rest.len());
    let user: Vec<char> = text.get(start..end).unwrap_or_default().chars().collect();
    let mut left = usize::from(last);
    let mut hidden: Vec<char> = user
        .into_iter()
        .rev()
        .map(|c| {
            if left > 0 && c.is_alphanumeric() {
                left -= 1;
                return '*';
            }
            c
        })
        .collect();
    hidden.reverse();
    let hidden: String = hidden.into_iter().collect();
    let (head, tail) = (text.get(..start), text.get(end..));
    format!(
        "{}{hidden}{}",
        head.unwrap_or_default(),
        tail.unwrap_or_default()
    )
}

/// A time in UTC (RFC 3339), to the millisecond.
#[must_use]
pub fn rfc3339(time: Wall) -> String {
    let (seconds, millis) = (time.0 / 1_000, time.0 % 1_000);
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = Civil::of(i64::try_from(seconds).unwrap_or(i64::MAX));
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_object() {
        let head = Head {
            id: RecordId {
                origin: 1,
                number: 2,
            },
            kind: "call",
            version: 1,
            node: "edge \"1\"\n",
            service: "b2bua",
            time: Wall(1_732_226_871_123),
        };
        let line = String::from_utf8(head.line(br#"{"calling":"1"}"#)).unwrap();
        assert!(
            line.starts_with(r#"{"id":"00000001-0000000000000002","kind":"call""#),
            "{line}"
        );
        assert!(!line.contains('\n'));
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["node"], "edge \"1\"\n");
        assert_eq!(value["time"], "2024-11-21T22:07:51.123Z");
        assert_eq!(value["record"]["calling"], "1");
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        for (time, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_767_225_599_000, "2025-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(rfc3339(Wall(time)), text);
        }
    }

    #[test]
    fn numbers_are_masked_from_their_end() {
        assert_eq!(masked("+31201234567", 4), "+3120123****");
        assert_eq!(
            masked("sip:+31201234567@a.example;x=1", 4),
            "sip:+3120123****@a.example;x=1"
        );
        assert_eq!(masked("sip:bob@b.example", 4), "sip:***@b.example");
        assert_eq!(
            masked("tel:+31-20-12", 3),
            "tel:+31-*-**".replace("31-*", "31-2*")
        );
        assert_eq!(masked("", 4), "");
        assert_eq!(masked("sip:b.example", 2), "sip:b.examp**");
        let body = br#"{"calling":"123456","n":7,"other":"123456"}"#;
        let masked = mask(body, &["calling", "n", "none"], 2).unwrap();
        assert_eq!(masked, br#"{"calling":"1234**","n":7,"other":"123456"}"#);
        assert_eq!(mask(body, &["calling"], 0), None);
    }
}
