//! From the wire to the crate.

use std::sync::Arc;
use std::time::Duration;

use ::diameter::avp::{self, Avp as CrateAvp, AvpType, AvpValue, Grouped};
use ::diameter::dictionary::{AvpDefinition, Dictionary as CrateDictionary};

use super::{DEPTH_MAX, ToCrateError};
use crate::proto::dict::{AvpDef, Dictionary, Kind, Rule};
use crate::proto::wire::{Address, Avp, Message, Time, ValueError};

/// Makes AVPs of the crate. Build it once: it holds the crate's dictionary, which takes memory for every definition.
#[derive(Clone, Debug)]
pub struct CrateTypes {
    ours: Dictionary,
    theirs: Arc<CrateDictionary>,
}

impl CrateTypes {
    /// The types of this dictionary, extensions included.
    #[must_use]
    pub fn new(dictionary: &Dictionary) -> Self {
        let mut theirs = CrateDictionary::new(&[]);
        for def in dictionary.avps() {
            theirs.add_avp(definition(def));
        }
        Self {
            ours: dictionary.clone(),
            theirs: Arc::new(theirs),
        }
    }

    /// The crate's dictionary, for what the crate builds: `Avp::from_name`, `Grouped::new`.
    #[must_use]
    pub const fn dictionary(&self) -> &Arc<CrateDictionary> {
        &self.theirs
    }

    /// This AVP as the crate holds it.
    ///
    /// # Errors
    ///
    /// Data that are no value of the definition's format.
    pub fn avp(&self, avp: &Avp<'_>) -> Result<CrateAvp, ToCrateError> {
        self.convert(avp, 0)
    }

    /// All top-level AVPs of a message as the crate holds them.
    ///
    /// # Errors
    ///
    /// The first AVP that is no value of its definition's format.
    pub fn message(&self, message: &Message) -> Result<Vec<CrateAvp>, ToCrateError> {
        message.avps().map(|avp| self.avp(&avp)).collect()
    }

    fn convert(&self, avp: &Avp<'_>, depth: usize) -> Result<CrateAvp, ToCrateError> {
        let kind = self.ours.avp(avp.code, avp.vendor).map(|def| def.kind);
        let value = if kind == Some(Kind::Grouped) {
            self.group(avp, depth)?.into()
        } else {
            let code = avp.code;
            value(avp, kind).map_err(|why| ToCrateError::Value { code, why })?
        };
        let vendor = (avp.vendor != 0).then_some(avp.vendor);
        let dictionary = Arc::clone(&self.theirs);
        Ok(CrateAvp::new(
            avp.code, vendor, avp.flags, value, dictionary,
        ))
    }

    fn group(&self, avp: &Avp<'_>, depth: usize) -> Result<Grouped, ToCrateError> {
        if depth == DEPTH_MAX {
            return Err(ToCrateError::Depth);
        }
        let (mut members, mut avps) = (avp.group(), Vec::new());
        for member in &mut members {
            avps.push(self.convert(&member, depth + 1)?);
        }
        if !members.rest().is_empty() {
            return Err(ToCrateError::Group(avp.code));
        }
        Ok(Grouped::new(avps, Arc::clone(&self.theirs)))
    }
}

fn value(avp: &Avp<'_>, kind: Option<Kind>) -> Result<AvpValue, ValueError> {
    let octets = || avp::OctetString::new(avp.data.to_vec());
    Ok(match kind {
        Some(Kind::Integer32) => avp::Integer32::new(avp.i32()?).into(),
        Some(Kind::Integer64) => avp::Integer64::new(avp.i64()?).into(),
        Some(Kind::Unsigned32) => avp::Unsigned32::new(avp.u32()?).into(),
        Some(Kind::Unsigned64) => avp::Unsigned64::new(avp.u64()?).into(),
        Some(Kind::Float32) => avp::Float32::new(avp.f32()?).into(),
        Some(Kind::Float64) => avp::Float64::new(avp.f64()?).into(),
        Some(Kind::Enumerated) => avp::Enumerated::new(avp.i32()?).into(),
        Some(Kind::Utf8String) => avp::UTF8String::new(avp.utf8()?).into(),
        Some(Kind::DiameterIdentity) => avp::Identity::new(avp.identity()?).into(),
        Some(Kind::DiameterUri) => {
            avp.uri()?;
            avp::DiameterURI::new(avp.data.to_vec()).into()
        }
        Some(Kind::Time) => time(avp.time()?)?.into(),
        Some(Kind::Address) => match avp.address()? {
            Address::V4(ip) => avp::Address::from_ipv4(ip).into(),
            Address::V6(ip) => avp::Address::from_ipv6(ip).into(),
            Address::E164(_) | Address::Other { .. } => octets().into(),
        },
        Some(Kind::OctetString | Kind::IpFilterRule | Kind::QosFilterRule | Kind::Grouped)
        | None => octets().into(),
    })
}

/// The crate reads every time as one of the era that began in 1900; what is later is added to that.
fn time(time: Time) -> Result<avp::Time, ValueError> {
    let read = avp::Time::decode_from(&mut &time.to_wire()[..]).map_err(|_| ValueError::Length)?;
    let missing = time.unix() - read.value().timestamp();
    let missing = Duration::from_secs(u64::try_from(missing).unwrap_or_default());
    Ok(avp::Time::new(*read.value() + missing))
}

fn definition(def: &AvpDef) -> AvpDefinition {
    AvpDefinition {
        code: def.code,
        vendor_id: (def.vendor != 0).then_some(def.vendor),
        name: def.name.to_string(),
        avp_type: match def.kind {
            Kind::OctetString | Kind::IpFilterRule | Kind::QosFilterRule => AvpType::OctetString,
            Kind::Integer32 => AvpType::Integer32,
            Kind::Integer64 => AvpType::Integer64,
            Kind::Unsigned32 => AvpType::Unsigned32,
            Kind::Unsigned64 => AvpType::Unsigned64,
            Kind::Float32 => AvpType::Float32,
            Kind::Float64 => AvpType::Float64,
            Kind::Grouped => AvpType::Grouped,
            Kind::Address => AvpType::Address,
            Kind::Time => AvpType::Time,
            Kind::Utf8String => AvpType::UTF8String,
            Kind::DiameterIdentity => AvpType::Identity,
            Kind::DiameterUri => AvpType::DiameterURI,
            Kind::Enumerated => AvpType::Enumerated,
        },
        m_flag: def.mandatory == Rule::Must,
    }
}
