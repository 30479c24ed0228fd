//! Whether a message is what its command's definition says, and the fault that answers it if not (RFC 6733 7.1).
//!
//! The wire module has checked the structure already. Each level is walked once, groups after the level that they stand in;
//! the walk keeps its place in a stack of 16, so that it neither recurses nor, on a good message, allocates. In Failed-AVP the
//! offending AVP stands inside the groups that it stood in (RFC 6733 7.5).

mod contradiction;
mod count;
mod value;

use bytes::Bytes;
use smallvec::SmallVec;

use count::{Counts, Place, Rules};

use super::{AvpDef, Dictionary, Kind, Rule, base};
use crate::proto::wire::{Avp, AvpBuf, Avps, Fault, Message, flag};

/// Groups inside each other that are looked into.
const DEPTH_MAX: usize = 16;

/// How much of the definitions a message is held to.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing beyond what the wire module checks.
    Off,
    /// The application and the command are known (3007, 3001), the P bit is allowed (3008), lengths fit their formats (5014).
    Structure,
    /// Also, no AVP with the M bit is unknown (5001).
    #[default]
    Mandatory,
    /// Also, values (5004), required AVPs (5005), contradictions (5007), AVPs out of place (5008) or too often (5009) and
    /// the bits of AVPs (5016).
    Full,
}

/// Holds a message to its definition.
///
/// An answer that fails is held only to the AVPs of an answer-message, since it may be unable to say more.
///
/// # Errors
/// The first fault that is found, ready to be answered.
pub fn validate(message: &Message, dictionary: &Dictionary, level: Level) -> Result<(), Fault> {
    if level == Level::Off {
        return Ok(());
    }
    let header = message.header();
    if dictionary.application(header.application).is_none() {
        return Err(Fault::new(3007, "application not supported"));
    }
    let Some(command) = dictionary.command(header.application, header.command) else {
        return Err(Fault::new(3001, "command not supported"));
    };
    if header.is_proxiable() && !command.proxiable {
        return Err(Fault::new(3008, "proxiable bit in a command that is not"));
    }
    let rules = if message.is_request() {
        Rules::request(command)
    } else {
        Rules::answer(command, message)
    };
    let mut walk = Walk {
        dictionary,
        level,
        request: message.is_request(),
        open: SmallVec::new(),
    };
    walk.message(message, rules)?;
    if level == Level::Full {
        contradiction::find(message, command)?;
    }
    Ok(())
}

/// A group that the walk is in.
struct Open<'m> {
    /// The group itself; the message has none.
    head: Option<Avp<'m>>,
    /// What is left of it.
    rest: Avps<'m>,
}

struct Walk<'d, 'm> {
    dictionary: &'d Dictionary,
    level: Level,
    request: bool,
    open: SmallVec<[Open<'m>; DEPTH_MAX]>,
}

impl<'m> Walk<'_, 'm> {
    fn message(&mut self, message: &'m Message, rules: Rules) -> Result<(), Fault> {
        self.enter(None, message.avps(), rules)?;
        while let Some(open) = self.open.last_mut() {
            let Some(avp) = open.rest.next() else {
                self.open.pop();
                continue;
            };
            match self.dictionary.avp(avp.code, avp.vendor) {
                Some(def) if self.is_walked(def) => {
                    self.enter(Some(avp), avp.group(), Rules::group(def))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Checks the AVPs of one level and leaves the level open if there are groups in it.
    fn enter(&mut self, head: Option<Avp<'m>>, avps: Avps<'m>, rules: Rules) -> Result<(), Fault> {
        if self.open.len() == DEPTH_MAX {
            return Err(Fault::new(5012, "groups nested too deeply"));
        }
        self.open.push(Open { head, rest: avps });
        let mut counts = Counts::new(rules);
        let mut groups = false;
        for avp in avps {
            let def = self.dictionary.avp(avp.code, avp.vendor);
            groups |= def.is_some_and(|def| self.is_walked(def));
            match def {
                Some(def) => self.known(&avp, def, &mut counts)?,
                None => self.unknown(&avp)?,
            }
        }
        let mut ended = avps;
        ended.by_ref().for_each(drop);
        if !ended.rest().is_empty() {
            return Err(self.stray(ended.rest()));
        }
        if self.level == Level::Full
            && let Some(def) = counts.missing()
        {
            return Err(self.missing(def));
        }
        if !groups {
            self.open.pop();
        }
        Ok(())
    }

    /// In an answer Failed-AVP holds what was wrong with the request.
    fn is_walked(&self, def: &AvpDef) -> bool {
        def.kind == Kind::Grouped && (self.request || !def.is(&base::FAILED_AVP))
    }

    fn unknown(&self, avp: &Avp<'_>) -> Result<(), Fault> {
        if self.level >= Level::Mandatory && avp.is_mandatory() {
            return Err(self.fault(5001, "unknown AVP with the M bit", avp));
        }
        Ok(())
    }

    fn known(&self, avp: &Avp<'_>, def: &AvpDef, counts: &mut Counts) -> Result<(), Fault> {
        if def
            .kind
            .fixed_length()
            .is_some_and(|length| length != avp.data.len())
        {
            let data = &[0; 8][..def.kind.least_length()];
            let mut failed = AvpBuf::new();
            failed.put(avp.code, avp.vendor, avp.flags, data);
            return Err(self.chain(5014, "AVP of a length that its format has not", failed));
        }
        if self.level < Level::Full {
            return Ok(());
        }
        let vendor_bit = avp.flags & flag::VENDOR != 0;
        // 3GPP's specifications and releases differ over the M bit of their AVPs, and nothing depends on it in a known AVP.
        let m_bit = avp.is_mandatory() && def.mandatory == Rule::MustNot && def.vendor == 0;
        if vendor_bit != (def.vendor != 0) || m_bit {
            return Err(self.fault(5016, "AVP with a bit that it must not have", avp));
        }
        let at_top = self.open.len() == 1;
        if at_top
            && self.request
            && (def.is(&base::RESULT_CODE) || def.is(&base::EXPERIMENTAL_RESULT))
        {
            return Err(self.fault(5008, "AVP of answers in a request", avp));
        }
        value::check(avp, def).map_err(|error| {
            self.fault(error.result_code(), "value out of its AVP's range", avp)
        })?;
        match counts.count(def) {
            Place::Named | Place::Other => Ok(()),
            Place::Surplus => Err(self.fault(5009, "AVP more often than allowed", avp)),
            Place::Forbidden => Err(self.fault(5008, "AVP that is not allowed here", avp)),
        }
    }

    #[cold]
    fn fault(&self, result_code: u32, text: &'static str, avp: &Avp<'_>) -> Fault {
        let mut failed = AvpBuf::new();
        failed.raw(*avp);
        self.chain(result_code, text, failed)
    }

    /// 5005: an example of the AVP that is missing, of least length and with zeros.
    #[cold]
    fn missing(&self, def: &AvpDef) -> Fault {
        let mut failed = AvpBuf::new();
        example(&mut failed, def);
        self.chain(5005, "AVP missing", failed)
    }

    /// 5014: bytes at the end of a group that the wire module does not know.
    #[cold]
    fn stray(&self, rest: &[u8]) -> Fault {
        let mut head = [0; 8];
        let there = rest.len().min(8);
        head[..there].copy_from_slice(&rest[..there]);
        let mut failed = AvpBuf::new();
        failed.put(
            u32::from_be_bytes([head[0], head[1], head[2], head[3]]),
            0,
            head[4] & flag::MANDATORY,
            &[],
        );
        self.chain(5014, "group that does not end where its AVPs end", failed)
    }

    /// Puts `failed` into the groups that are open, innermost first.
    fn chain(&self, result_code: u32, text: &'static str, mut failed: AvpBuf) -> Fault {
        for head in self.open.iter().rev().filter_map(|open| open.head) {
            let mut group = AvpBuf::new();
            group.put(head.code, head.vendor, head.flags, failed.as_bytes());
            failed = group;
        }
        Fault {
            failed_avp: Some(Bytes::copy_from_slice(failed.as_bytes())),
            ..Fault::new(result_code, text)
        }
    }
}

/// Writes the example of a missing AVP that RFC 6733 7.1.5 asks for with 5005.
fn example(failed: &mut AvpBuf, def: &AvpDef) {
    let vendor = if def.vendor == 0 { 0 } else { flag::VENDOR };
    let mandatory = if def.mandatory == Rule::Must {
        flag::MANDATORY
    } else {
        0
    };
    failed.put(
        def.code,
        def.vendor,
        vendor | mandatory,
        &[0; 8][..def.kind.least_length()],
    );
}
