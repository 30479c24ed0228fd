//! Who is believed about identities, and what that does to headers: P-Asserted-Identity, P-Preferred-Identity and Privacy
//! (RFC 3323, RFC 3325), History-Info (RFC 7044). For proxies ([`Fork`]) and back-to-back user agents ([`Outgoing`]).
//!
//! Diversion and Referred-By pass as they came. Nothing here decides whom to believe: that is a service's setting.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use strowger::context::Cx;
use strowger::network::Network;
use strowger::schemars::JsonSchema;

use super::{Aor, Fork, Outgoing, Request, Response, Sip, Target};
use crate::proto::proxy::{Aim, Belief, lost, wants};
use crate::proto::wire::{Elements, HeaderId, Host, Message, NameAddr, Uri};

/// Peers that are believed: the trust domain of RFC 3324.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
#[schemars(crate = "strowger::schemars", with = "Vec<String>")]
pub struct Trust {
    entries: Vec<String>,
    networks: Vec<Network>,
}

/// An entry of a [`Trust`] that is neither a network nor a host name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a network such as 10.0.0.0/8 nor a host name")]
pub struct NotAPeer(String);

impl TryFrom<Vec<String>> for Trust {
    type Error = NotAPeer;

    fn try_from(entries: Vec<String>) -> Result<Self, NotAPeer> {
        let mut networks = Vec::new();
        for entry in &entries {
            match entry.parse() {
                Ok(network) => networks.push(network),
                Err(_) if matches!(Host::parse(entry.as_bytes()), Ok(Host::Name(_))) => {}
                Err(_) => return Err(NotAPeer(entry.clone())),
            }
        }
        Ok(Self { entries, networks })
    }
}

impl From<Trust> for Vec<String> {
    fn from(trust: Trust) -> Self {
        trust.entries
    }
}

impl Trust {
    /// Whether a request came from one of them, by its source address.
    #[must_use]
    pub fn holds(&self, request: &Request) -> bool {
        self.holds_ip(request.flow().peer().ip())
    }

    /// Whether what goes to a target goes to one of them: by the address where its way is known, else by the host of its
    /// first route or URI. What goes wherever a request says goes to none.
    #[must_use]
    pub fn holds_target(&self, target: &Target) -> bool {
        self.holds_way(
            target.flow.map(|flow| flow.peer().ip()),
            &target.route,
            &target.uri,
        )
    }

    /// Whether every target of a proxied request is one of them. Of those that may be added later nothing is known.
    #[must_use]
    pub fn holds_fork(&self, fork: &Fork) -> bool {
        let one =
            |aim: &Aim| self.holds_way(aim.flow.map(|flow| flow.peer.ip()), &aim.route, &aim.uri);
        !fork.fork.recurse && !fork.fork.ask && fork.fork.aims.iter().all(one)
    }

    fn holds_way(&self, flow: Option<IpAddr>, route: &[u8], uri: &[u8]) -> bool {
        if let Some(ip) = flow {
            return self.holds_ip(ip);
        }
        match Elements::new(route)
            .next()
            .and_then(|route| NameAddr::parse(route).ok())
        {
            Some(route) => self.holds_uri(route.uri_raw),
            None => self.holds_uri(uri),
        }
    }

    fn holds_uri(&self, uri: &[u8]) -> bool {
        match Uri::parse(uri).ok().and_then(|uri| uri.host()) {
            Some(Host::Ip(ip)) => self.holds_ip(ip),
            Some(Host::Name(name)) => {
                let same = |entry: &String| entry.as_bytes().eq_ignore_ascii_case(name);
                self.entries.iter().any(same)
            }
            None => false,
        }
    }

    /// Whether a response came from one of them, by the address that its dialog is with. One of no dialog that stands came from
    /// nobody who is believed.
    #[must_use]
    pub fn holds_response(&self, cx: &Cx<'_>, sip: Sip, response: &Response) -> bool {
        let message = response.message();
        let way = sip.ua(cx).and_then(|ua| {
            let (call_id, ours) = (message.call_id().ok()?, message.from_tag()?);
            ua.peer_of(call_id, ours, message.to_tag().unwrap_or_default())
        });
        way.is_some_and(|ip| self.holds_ip(ip))
    }

    fn holds_ip(&self, ip: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(ip))
    }
}

/// Whom a request is from, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A peer that is believed brought it: what it asserts stands.
    Trusted,
    /// A user who has proved to be this one: a URI.
    User(String),
    /// Anybody.
    Unknown,
}

/// Changes of headers, in the order in which they are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    lines: Vec<(String, Option<String>)>,
    belief: Option<Belief>,
}

impl Changes {
    fn remove(&mut self, id: HeaderId) {
        self.lines.push((name(id), None));
    }

    fn add(&mut self, id: HeaderId, value: String) {
        self.lines.push((name(id), Some(value)));
    }

    /// Makes them on every copy of a proxied request. Those of an [`identity`] hold for what follows, too: responses, and
    /// later requests of a dialog that stays by here, lose what their side is not believed about.
    #[must_use]
    pub fn on_fork(&self, mut fork: Fork) -> Fork {
        fork.fork.belief = self.belief.or(fork.fork.belief);
        self.lines
            .iter()
            .fold(fork, |fork, (name, value)| match value {
                Some(value) => fork.header(name, value),
                None => fork.without(name),
            })
    }

    /// Makes them on a request that is sent.
    #[must_use]
    pub fn on_outgoing(&self, outgoing: Outgoing) -> Outgoing {
        self.lines
            .iter()
            .fold(outgoing, |out, (name, value)| match value {
                Some(value) => out.header(name, value),
                None => out.without(name),
            })
    }
}

fn name(id: HeaderId) -> String {
    String::from_utf8_lossy(id.name()).into_owned()
}

/// What the identity headers of a request become on its way to a peer that is believed to keep them, or not (RFC 3325 5
/// to 7).
#[must_use]
pub fn identity(request: &Request, caller: &Caller, to_trusted: bool) -> Changes {
    let message = request.message();
    let believed = *caller == Caller::Trusted;
    let mut changes = Changes {
        lines: Vec::new(),
        belief: Some(Belief {
            caller: believed,
            called: to_trusted,
        }),
    };
    for id in lost(message, believed, to_trusted) {
        changes.remove(id);
    }
    if let Caller::User(uri) = caller
        && (to_trusted || !wants(message, &[b"id"]))
    {
        changes.add(HeaderId::PAssertedIdentity, preferred(request, uri));
    }
    changes
}

/// The headers that a request or response within a call loses on its way to the other side, by whether the side that it
/// comes from is believed. Whether the other side is believed is not asked: who wants to be hidden is (RFC 3325 7).
#[must_use]
pub fn unbelieved(message: &Message, believed: bool) -> Vec<&'static str> {
    let names = lost(message, believed, false)
        .into_iter()
        .map(HeaderId::name);
    names
        .filter_map(|name| std::str::from_utf8(name).ok())
        .collect()
}

/// The user's own wording of an identity, where it names the one that was proved.
fn preferred(request: &Request, uri: &str) -> String {
    let same = |addr: &NameAddr<'_>| {
        Aor::parse(addr.uri_raw)
            .is_ok_and(|wished| Aor::parse(uri.as_bytes()).is_ok_and(|own| own == wished))
    };
    let addresses = request.message().addresses(HeaderId::PPreferredIdentity);
    let wish = addresses.filter_map(Result::ok).find(same);
    let display = wish.map(|addr| addr.display_raw).unwrap_or_default();
    match std::str::from_utf8(display) {
        Ok(display) if !display.is_empty() => format!("{display} <{uri}>"),
        _ => format!("<{uri}>"),
    }
}

/// The History-Info that a request gets when it is sent on to another URI (RFC 7044 10): an entry for where it was meant to
/// go if it has none, and one for where it goes. `cause` is the status that moved it on.
#[must_use]
pub fn history(request: &Request, to: &[u8], cause: Option<u16>) -> Changes {
    let mut changes = Changes::default();
    let text = |bytes: &[u8]| -> Option<String> {
        let clean = |b: &u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>');
        (!bytes.is_empty() && bytes.iter().all(clean))
            .then(|| String::from_utf8_lossy(bytes).into_owned())
    };
    let (Some(from), Some(to)) = (text(request.uri()), text(to)) else {
        return changes;
    };
    let entries = request.message().addresses(HeaderId::HistoryInfo);
    let last = entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.params.value(b"index"))
        .last()
        .and_then(text)
        .filter(|index| index.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    let parent = last.unwrap_or_else(|| {
        changes.add(HeaderId::HistoryInfo, format!("<{from}>;index=1"));
        "1".to_owned()
    });
    let reason = cause.map_or_else(String::new, |cause| {
        format!(
            "{}Reason=SIP%3Bcause%3D{cause}",
            if to.contains('?') { '&' } else { '?' }
        )
    });
    changes.add(
        HeaderId::HistoryInfo,
        format!("<{to}{reason}>;index={parent}.1"),
    );
    changes
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::proto::flow::{Flow, Transport};
    use crate::proto::wire::Limits;

    fn request(lines: &str) -> Request {
        let text = format!(
            "INVITE sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\n\
             Call-ID: x\r\nCSeq: 1 INVITE\r\n{lines}Content-Length: 0\r\n\r\n"
        );
        let message = Message::parse(Bytes::from(text), &Limits::DEFAULT).unwrap();
        let flow = Flow::seen(Transport::Udp, 0, "10.1.2.3:5060".parse().unwrap());
        Request::new(Box::new(message), 1, flow)
    }

    fn said(changes: &Changes) -> Vec<String> {
        let one = |(name, value): &(String, Option<String>)| match value {
            Some(value) => format!("{name}: {value}"),
            None => format!("-{name}"),
        };
        changes.lines.iter().map(one).collect()
    }

    #[test]
    fn a_trust_domain_is_networks_and_names() {
        let trust =
            Trust::try_from(vec!["10.0.0.0/8".to_owned(), "gw.example".to_owned()]).unwrap();
        assert!(trust.holds(&request("")));
        assert!(trust.holds_uri(b"sip:x@GW.example:5070") && trust.holds_uri(b"sip:10.9.9.9"));
        assert!(!trust.holds_uri(b"sip:x@11.0.0.1") && !Trust::default().holds(&request("")));
        assert!(Trust::try_from(vec!["10.0.0.0/99".to_owned()]).is_err());
    }

    #[test]
    fn what_strangers_assert_is_taken_out_and_what_was_proved_put_in() {
        let pai = "P-Asserted-Identity: <sip:a@b>\r\n";
        let user = Caller::User("sip:a@b".to_owned());
        assert_eq!(
            said(&identity(&request(pai), &Caller::Unknown, true)),
            ["-P-Asserted-Identity"]
        );
        assert_eq!(
            said(&identity(&request(pai), &Caller::Trusted, false)),
            [] as [&str; 0]
        );
        let ppi = request("P-Preferred-Identity: \"Al\" <sip:a@b>\r\n");
        assert_eq!(
            said(&identity(&ppi, &user, true)),
            [
                "-P-Preferred-Identity",
                "P-Asserted-Identity: \"Al\" <sip:a@b>"
            ]
        );
        let other = request("P-Preferred-Identity: \"Bo\" <sip:b@b>\r\n");
        assert_eq!(
            said(&identity(&other, &user, true))[1],
            "P-Asserted-Identity: <sip:a@b>"
        );
    }

    #[test]
    fn who_wants_to_be_hidden_is_known_to_the_trusted_only() {
        let hidden = request("P-Asserted-Identity: <sip:a@b>\r\nPrivacy: user;id\r\n");
        assert_eq!(
            said(&identity(&hidden, &Caller::Trusted, true)),
            [] as [&str; 0]
        );
        assert_eq!(
            said(&identity(&hidden, &Caller::Trusted, false)),
            ["-P-Asserted-Identity"]
        );
        let user = Caller::User("sip:a@b".to_owned());
        assert_eq!(
            said(&identity(&hidden, &user, false)),
            ["-P-Asserted-Identity"]
        );
    }

    /// RFC 7044 10.1: as a whole, in either direction.
    #[test]
    fn history_that_is_to_be_private_goes_to_the_trusted_only() {
        let lines = "History-Info: <sip:x@c>;index=1\r\nPrivacy: history\r\n";
        let private = request(lines);
        for (to_trusted, said_of_it) in [(true, &[][..]), (false, &["-History-Info"])] {
            let changes = identity(&private, &Caller::Trusted, to_trusted);
            assert_eq!(said(&changes), said_of_it);
        }
        assert_eq!(unbelieved(private.message(), true), ["History-Info"]);
    }

    #[test]
    fn history_begins_with_the_first_target_and_grows() {
        assert_eq!(
            said(&history(&request(""), b"sip:d@e", Some(486))),
            [
                "History-Info: <sip:b@c>;index=1",
                "History-Info: <sip:d@e?Reason=SIP%3Bcause%3D486>;index=1.1"
            ]
        );
        let more = request("History-Info: <sip:x@c>;index=1, <sip:b@c>;index=1.2\r\n");
        assert_eq!(
            said(&history(&more, b"sip:d@e", None)),
            ["History-Info: <sip:d@e>;index=1.2.1"]
        );
        assert_eq!(
            said(&history(&request(""), b"sip:d@e>\r\nVia: x", None)),
            [] as [&str; 0]
        );
    }
}
