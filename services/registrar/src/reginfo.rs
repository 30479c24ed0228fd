//! What a watcher is told: application/reginfo+xml with the full state of one address of record (RFC 3680 5).
//!
//! It compares what there is with what was told last, so that a contact that is gone is told once, with why. It sends nothing.

use std::fmt::Write;
use strowger::prelude::*;
use strowger::time::Wall;
use strowger_sip::Binding;

/// Its type.
pub(crate) const REGINFO: &str = "application/reginfo+xml";

/// Clocks differ by as much between two looks at the same time left.
const SLACK_MS: u64 = 1_500;

/// What was last told of a contact.
#[derive(Debug, State)]
pub(crate) struct Contact {
    /// The same for as long as the contact is bound.
    id: u32,
    uri: String,
    reg_id: Option<u32>,
    /// When it ends, in milliseconds of the calendar's clock.
    until: u64,
}

/// Why contacts are gone.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gone {
    /// Nobody refreshed them.
    Expired,
    /// A REGISTER took them out.
    Unregistered,
}

impl Gone {
    fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Unregistered => "unregistered",
        }
    }
}

/// The contacts of one user as they were told last.
#[derive(Debug, Default, State)]
pub(crate) struct Told {
    contacts: Vec<Contact>,
    made: u32,
}

/// A document that has no version yet.
#[derive(Debug)]
pub(crate) struct Document {
    state: &'static str,
    contacts: String,
    /// It tells of contacts that are gone, which no later one does.
    pub(crate) is_last_word: bool,
}

impl Told {
    /// Whether contacts were told that would have to be told as gone.
    pub(crate) fn is_any(&self) -> bool {
        !self.contacts.is_empty()
    }

    /// What there is now, and what is gone since the last time.
    pub(crate) fn next(&mut self, bindings: &[Binding], now: Wall, gone: Gone) -> Document {
        let mut lines = String::new();
        let mut contacts = Vec::with_capacity(bindings.len());
        for binding in bindings {
            let uri = String::from_utf8_lossy(&binding.uri()).into_owned();
            let left = binding.expires();
            let until = now.0 + u64::try_from(left.as_millis()).unwrap_or(u64::MAX / 2);
            let before = self
                .contacts
                .iter()
                .position(|old| old.uri == uri && old.reg_id == binding.reg_id())
                .map(|at| self.contacts.swap_remove(at));
            let event = match &before {
                Some(old) if until > old.until + SLACK_MS => "refreshed",
                Some(old) if until + SLACK_MS < old.until => "shortened",
                Some(_) | None => "registered",
            };
            let id = before.map_or_else(|| self.fresh(), |old| old.id);
            let attributes = format!(
                "state=\"active\" event=\"{event}\" expires=\"{}\" q=\"{}.{:03}\"",
                left.as_millis().div_ceil(1000),
                binding.q() / 1000,
                binding.q() % 1000,
            );
            contact(&mut lines, id, &attributes, &uri);
            contacts.push(Contact {
                id,
                uri,
                reg_id: binding.reg_id(),
                until,
            });
        }
        let left = std::mem::replace(&mut self.contacts, contacts);
        for old in &left {
            let attributes = format!("state=\"terminated\" event=\"{}\"", gone.name());
            contact(&mut lines, old.id, &attributes, &old.uri);
        }
        Document {
            state: match (bindings.is_empty(), left.is_empty()) {
                (false, _) => "active",
                (true, false) => "terminated",
                (true, true) => "init",
            },
            contacts: lines,
            is_last_word: !left.is_empty(),
        }
    }

    fn fresh(&mut self) -> u32 {
        self.made = self.made.wrapping_add(1);
        self.made
    }
}

impl Document {
    /// The document for one watcher, who counts its versions.
    pub(crate) fn of(&self, aor: &str, version: u32) -> String {
        format!(
            "<?xml version=\"1.0\"?>\r\n<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"{version}\" \
             state=\"full\">\r\n<registration aor=\"{}\" id=\"r\" state=\"{}\">\r\n{}</registration>\r\n</reginfo>\r\n",
            Escaped(aor),
            self.state,
            self.contacts,
        )
    }
}

fn contact(out: &mut String, id: u32, attributes: &str, uri: &str) {
    // Writing to a String does not fail.
    let _ = write!(
        out,
        "<contact id=\"c{id}\" {attributes}><uri>{}</uri></contact>\r\n",
        Escaped(uri)
    );
}

/// A text as XML writes it; what XML has no way to write becomes a question mark.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                c if c < ' ' => f.write_char('?')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_markup_is_escaped() {
        let odd = Escaped("sip:a&b\"<c>\u{1}@h").to_string();
        assert_eq!(odd, "sip:a&amp;b&quot;&lt;c&gt;?@h");
    }

    #[test]
    fn nobody_registered_is_the_initial_state() {
        let document = Told::default().next(&[], Wall(0), Gone::Expired);
        let text = document.of("sip:a@b", 7);
        assert!(text.contains("version=\"7\"") && text.contains("state=\"init\""));
    }
}
