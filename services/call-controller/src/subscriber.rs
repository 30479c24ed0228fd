//! A subscriber, as operators provide him.

use strowger::prelude::*;
use strowger::profile::Invalid;
use strowger_sip::{Aor, Target};

/// What a subscriber wants to be done with calls to him.
#[derive(Clone, Debug, Profile)]
#[profile(name = "call-subscriber", verify = Self::check)]
pub struct Subscriber {
    /// His address of record, `sip:bob@b.example`: without port and parameters, the host in lower case.
    #[profile(unique)]
    pub address: String,
    /// Whose calls he does not want: addresses of record, `sip:mallory@b.example`; without a user, `sip:b.example`, all of a
    /// domain.
    #[profile(opaque)]
    pub blocked: Vec<String>,
    /// Whether he does not want calls of callers who hide who they are.
    pub block_anonymous: bool,
    /// Where all calls go in place of his phones: a SIP URI.
    pub forward_to: Option<String>,
    /// Where calls go that his phones did not take: a SIP URI.
    pub forward_untaken: Option<String>,
    /// Whether calls that nobody took go to his mailbox.
    pub voice_mail: bool,
    /// His mailbox: a SIP URI.
    pub mailbox: Option<String>,
}

/// Blocked callers of one subscriber.
const BLOCKED_MAX: usize = 1_000;

impl Subscriber {
    /// Whether he does not want calls of that caller.
    #[must_use]
    pub fn blocks(&self, caller: &Aor) -> bool {
        let all = format!("sip:{}", caller.domain());
        let is_meant = |blocked: &String| *blocked == caller.as_str() || *blocked == all;
        self.blocked.iter().any(is_meant)
    }

    /// Where calls go that nobody took, if he has voice mail.
    #[must_use]
    pub fn takes_messages(&self) -> Option<&str> {
        self.mailbox.as_deref().filter(|_| self.voice_mail)
    }

    fn check(&self) -> std::result::Result<(), Invalid> {
        let refuse = |attribute, why| Err(Invalid { attribute, why });
        if !is_canonical(&self.address) || !self.address.contains('@') {
            return refuse(
                "address",
                "is no address of record such as sip:bob@b.example",
            );
        }
        if self.blocked.len() > BLOCKED_MAX {
            return refuse("blocked", "has more than 1000 callers");
        }
        if !self.blocked.iter().all(|blocked| is_canonical(blocked)) {
            return refuse(
                "blocked",
                "has what is neither an address of record such as sip:mallory@b.example nor a domain such as sip:b.example",
            );
        }
        for (attribute, place) in [
            ("forward_to", &self.forward_to),
            ("forward_untaken", &self.forward_untaken),
            ("mailbox", &self.mailbox),
        ] {
            let Some(place) = place else {
                continue;
            };
            match Aor::parse(place.as_bytes()) {
                Ok(aor) if aor.as_str() == self.address => {
                    return refuse(attribute, "is the subscriber's own address");
                }
                Ok(aor) if aor.as_str().starts_with("sip:") && Target::parse(place).is_ok() => {}
                _ => return refuse(attribute, "is no SIP URI"),
            }
        }
        // What is told to the mailbox goes at the end of its URI.
        if self.mailbox.as_ref().is_some_and(|uri| uri.contains('?')) {
            return refuse("mailbox", "has header fields");
        }
        if self.voice_mail && self.mailbox.is_none() {
            return refuse("mailbox", "is missing, and voice_mail is on");
        }
        Ok(())
    }
}

fn is_canonical(address: &str) -> bool {
    Aor::parse(address.as_bytes()).is_ok_and(|aor| aor.as_str() == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bob() -> Subscriber {
        Subscriber {
            address: "sip:bob@b.example".to_owned(),
            ..Subscriber::default()
        }
    }

    fn refused(change: impl FnOnce(&mut Subscriber)) -> Option<&'static str> {
        let mut bob = bob();
        change(&mut bob);
        bob.check().err().map(|invalid| invalid.attribute)
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let some = |uri: &str| Some(uri.to_owned());
        assert_eq!(refused(|_| {}), None);
        for address in ["bob", "sip:b.example", "sip:bob@B.example:5060"] {
            assert_eq!(refused(|bob| bob.address = address.into()), Some("address"));
        }
        for blocked in ["b.example", "sip:Mallory@B.example"] {
            assert_eq!(
                refused(|bob| bob.blocked = vec![blocked.into()]),
                Some("blocked")
            );
        }
        let many = vec!["sip:b.example".to_owned(); BLOCKED_MAX + 1];
        assert_eq!(refused(|bob| bob.blocked = many), Some("blocked"));
        assert_eq!(
            refused(|bob| bob.forward_to = some("tel:1")),
            Some("forward_to")
        );
        let own = some("sip:bob@b.example:5070");
        assert_eq!(
            refused(|bob| bob.forward_untaken = own),
            Some("forward_untaken")
        );
        assert_eq!(refused(|bob| bob.voice_mail = true), Some("mailbox"));
        let headers = some("sip:vm@b.example?Subject=x");
        assert_eq!(refused(|bob| bob.mailbox = headers), Some("mailbox"));
    }

    #[test]
    fn a_caller_is_blocked_by_name_or_by_domain() {
        let mut bob = bob();
        bob.blocked = vec!["sip:mallory@b.example".into(), "sip:spam.example".into()];
        let blocks = |uri: &str| bob.blocks(&Aor::parse(uri.as_bytes()).expect("an address"));
        assert!(blocks("sips:mallory@B.example:5061;transport=tcp"));
        assert!(blocks("sip:anybody@spam.example"));
        assert!(!blocks("sip:alice@b.example"));
        assert!(!blocks("sip:mallory@a.example"));
    }
}
