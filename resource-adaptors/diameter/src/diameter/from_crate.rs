//! From the crate to the wire.

use ::diameter::avp::{Avp as CrateAvp, AvpValue};

use super::{DEPTH_MAX, FromCrateError};
use crate::proto::wire::{AvpBuf, Time, flag};

/// Writes an AVP of the crate into a message or group; of its own lengths nothing is believed.
///
/// # Errors
///
/// A time that the wire has no bits for, or groups nested too deeply. Then nothing is written.
pub fn write(avp: &CrateAvp, out: &mut AvpBuf) -> Result<(), FromCrateError> {
    write_at(avp, out, 0)
}

fn write_at(avp: &CrateAvp, out: &mut AvpBuf, depth: usize) -> Result<(), FromCrateError> {
    let mut data = Vec::new();
    let code = avp.get_code();
    let written = match avp.get_value() {
        AvpValue::Grouped(group) => {
            if depth == DEPTH_MAX {
                return Err(FromCrateError::Depth);
            }
            let mut members = AvpBuf::new();
            for member in group.avps() {
                write_at(member, &mut members, depth + 1)?;
            }
            data = members.finish().map_err(|_| FromCrateError::Value(code))?;
            Ok(())
        }
        AvpValue::Time(time) => {
            let time = Time::from_unix(time.value().timestamp());
            data.extend_from_slice(&time.ok_or(FromCrateError::Value(code))?.to_wire());
            Ok(())
        }
        AvpValue::Address(value) => value.encode_to(&mut data),
        AvpValue::AddressIPv4(value) => value.encode_to(&mut data),
        AvpValue::AddressIPv6(value) => value.encode_to(&mut data),
        AvpValue::Identity(value) => value.encode_to(&mut data),
        AvpValue::DiameterURI(value) => value.encode_to(&mut data),
        AvpValue::Enumerated(value) => value.encode_to(&mut data),
        AvpValue::Float32(value) => value.encode_to(&mut data),
        AvpValue::Float64(value) => value.encode_to(&mut data),
        AvpValue::Integer32(value) => value.encode_to(&mut data),
        AvpValue::Integer64(value) => value.encode_to(&mut data),
        AvpValue::OctetString(value) => value.encode_to(&mut data),
        AvpValue::Unsigned32(value) => value.encode_to(&mut data),
        AvpValue::Unsigned64(value) => value.encode_to(&mut data),
        AvpValue::UTF8String(value) => value.encode_to(&mut data),
    };
    written.map_err(|_| FromCrateError::Value(code))?;
    let flags = avp.get_flags();
    let mandatory = if flags.mandatory { flag::MANDATORY } else { 0 };
    let protected = if flags.private { flag::PROTECTED } else { 0 };
    let vendor = avp.get_vendor_id().unwrap_or_default();
    out.put(code, vendor, mandatory | protected, &data);
    Ok(())
}
