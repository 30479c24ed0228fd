//! Who is to be woken, and how a text gets to him.

use strowger::prelude::*;
use strowger_sip::{self as sip, Aor, ClientTx, FlowId, Outgoing, Sip, Target};
use strowger_sms::proto::text::{Alphabet, DataCoding, decode, udh};
use strowger_sms::proto::wire::{Addr, Submit};
use strowger_sms::{self as sms, Peer, Sms, SmsMessage, To};

use crate::Settings;

/// A subscriber, by the way that his last text came.
#[derive(Clone, Debug, PartialEq, State)]
pub enum Subscriber {
    /// By SIP.
    Sip {
        /// His address of record.
        aor: String,
        /// The URI that he wrote to.
        service: String,
        /// The way that his text came.
        flow: FlowId,
    },
    /// By SMS.
    Sms {
        /// The link or the account that he is behind.
        to: To,
        /// His number.
        number: Number,
        /// The number that he wrote to.
        service: Number,
    },
}

/// A number of SMPP.
#[derive(Clone, Debug, PartialEq, State)]
pub struct Number {
    ton: u8,
    npi: u8,
    digits: Vec<u8>,
}

/// A text on its way, by the activity of what came of it.
#[derive(Clone, Copy, Debug, PartialEq, State)]
pub enum Attempt {
    /// A MESSAGE.
    Sip(Handle<ClientTx>),
    /// A short message.
    Sms(Handle<SmsMessage>),
}

/// The adaptors that the node has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Means {
    pub(crate) sip: Option<Sip>,
    pub(crate) sms: Option<Sms>,
}

impl Means {
    pub(crate) const fn sms(sms: Sms) -> Self {
        Self {
            sip: None,
            sms: Some(sms),
        }
    }
}

impl Subscriber {
    /// The sender of a MESSAGE.
    pub(crate) fn of_sip(ev: &sip::Message) -> Option<Self> {
        let aor = Aor::parse(ev.message().from().ok()?.uri_raw).ok()?;
        Some(Self::Sip {
            aor: aor.as_str().to_owned(),
            service: String::from_utf8_lossy(ev.uri()).into_owned(),
            flow: ev.flow(),
        })
    }

    /// The sender of a short message.
    pub(crate) fn of_sms(peer: &Peer, submit: &Submit<'_>) -> Option<Self> {
        let number = Number::of(&submit.source);
        let is_known = !number.digits.is_empty();
        is_known.then(|| Self::Sms {
            to: match peer {
                Peer::Account(name) => To::Account(name.clone()),
                Peer::Link(name) => To::Link(name.clone()),
            },
            number,
            service: Number::of(&submit.dest),
        })
    }

    /// What tells him from all others.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Sip { aor, .. } => format!("sip {aor}"),
            Self::Sms { to, number, .. } => {
                let kind = if matches!(to, To::Account(_)) {
                    "account"
                } else {
                    "link"
                };
                format!("{kind} {} {}", to.name(), number.digits.escape_ascii())
            }
        }
    }

    /// Whether the number that he wrote to is one of the service's.
    pub(crate) fn calls_any(&self, conf: &Settings) -> bool {
        match self {
            Self::Sip { .. } => true,
            Self::Sms { service, .. } => conf.has(&service.digits),
        }
    }

    /// Sends him a text; `None` if the node has no adaptor that could.
    pub(crate) fn tell(&self, cx: &mut Cx, means: Means, text: &str) -> Result<Option<Attempt>> {
        match (self, means) {
            (Self::Sip { aor, service, flow }, Means { sip: Some(sip), .. }) => {
                let target = target(cx, sip, aor, *flow)?;
                let message = Outgoing::new("MESSAGE", service, &target);
                let tx = sip.request(cx, message.to(aor).body("text/plain", text.to_owned()))?;
                cx.attach(tx);
                Ok(Some(Attempt::Sip(tx)))
            }
            (
                Self::Sms {
                    to,
                    number,
                    service,
                },
                Means { sms: Some(sms), .. },
            ) => {
                let submit = Submit {
                    source: service.addr(),
                    dest: number.addr(),
                    // The texts have no character that alphabets of accounts differ in.
                    short_message: text.as_bytes(),
                    ..Submit::default()
                };
                let outgoing = match to {
                    To::Account(_) => sms::Outgoing::deliver(&submit)?,
                    To::Link(_) | To::Group(_) => sms::Outgoing::submit(&submit)?,
                };
                let message = sms.message(cx)?;
                cx.attach(message);
                sms.send(cx, message, to, outgoing)?;
                Ok(Some(Attempt::Sms(message)))
            }
            _ => Ok(None),
        }
    }
}

impl Number {
    fn of(addr: &Addr<'_>) -> Self {
        Self {
            ton: addr.ton,
            npi: addr.npi,
            digits: addr.digits.to_vec(),
        }
    }

    fn addr(&self) -> Addr<'_> {
        Addr::new(self.ton, self.npi, &self.digits)
    }
}

/// Where he is: registered, or where his last text came from, or where his address leads.
fn target(cx: &Cx, sip: Sip, aor: &str, flow: FlowId) -> Result<Target> {
    let bindings = sip.bindings(cx, aor);
    if let Some(binding) = bindings.iter().rfind(|binding| binding.is_reachable()) {
        return Ok(binding.target());
    }
    let target = Target::parse(aor)?;
    Ok(if flow.is_connection() {
        target
    } else {
        target.over(flow)
    })
}

/// What a short message says.
pub(crate) fn text(cx: &Cx, sms: Sms, peer: &Peer, submit: &Submit<'_>) -> String {
    let default = match peer {
        Peer::Account(name) => sms.account(cx, name).map(|account| account.alphabet),
        Peer::Link(name) => sms.link(cx, name).map(|link| link.alphabet),
    };
    let alphabet = DataCoding(submit.data_coding).alphabet(default.unwrap_or(Alphabet::Gsm7));
    let alphabet = alphabet.unwrap_or(Alphabet::Latin1);
    let content = submit.content();
    match udh::parse(content) {
        Ok((header, body)) if submit.has_udh() => {
            decode(alphabet.with_shift(header.shift()), body).text
        }
        _ => decode(alphabet, content).text,
    }
}
