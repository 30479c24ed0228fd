//! Septets to octets and back (TS 23.038 6.1.2).
//!
//! A number of octets does not say how many septets it holds: 7 octets are 7 septets or 8. Short messages carry the number
//! along; USSD and cell broadcast do not, and end in a carriage return where it would matter.

const CR: u8 = 0x0d;

/// How many bits stand between a user data header of that many octets and the first septet, which starts at a septet boundary
/// (TS 23.040 9.2.3.24).
#[must_use]
pub const fn fill_bits(header_octets: usize) -> u8 {
    // The remainder is less than 7.
    ((7 - header_octets * 8 % 7) % 7) as u8
}

/// Packs septets, least significant bit first (TS 23.038 6.1.2.1.1), after `fill` bits of zero.
#[must_use]
pub fn pack(septets: &[u8], fill: u8) -> Vec<u8> {
    let fill = u32::from(fill.min(7));
    let mut out = Vec::with_capacity((septets.len() * 7 + 7).div_ceil(8));
    let (mut bits, mut count) = (0_u16, fill);
    for septet in septets {
        bits |= u16::from(septet & 0x7f) << count;
        count += 7;
        if count >= 8 {
            out.push((bits & 0xff) as u8);
            bits >>= 8;
            count -= 8;
        }
    }
    if count > 0 {
        out.push((bits & 0xff) as u8);
    }
    out
}

/// Unpacks that many septets, or as many as there are, after `fill` bits.
#[must_use]
pub fn unpack(octets: &[u8], septets: usize, fill: u8) -> Vec<u8> {
    let fill = usize::from(fill.min(7));
    let there = (octets.len() * 8).saturating_sub(fill) / 7;
    let octet = |at: usize| u16::from(octets.get(at).copied().unwrap_or_default());
    let septet = |n: usize| {
        let (at, shift) = ((fill + n * 7) / 8, (fill + n * 7) % 8);
        ((octet(at) | octet(at + 1) << 8) >> shift & 0x7f) as u8
    };
    (0..septets.min(there)).map(septet).collect()
}

/// Packs septets for where their number is not carried along: 7 bits left over are a carriage return, since they would be read
/// as `@`; a text that ends with one at an octet boundary gets a second (TS 23.038 6.1.2.3.1).
#[must_use]
pub fn pack_to_octets(septets: &[u8]) -> Vec<u8> {
    let is_short = septets.len() % 8 == 7;
    let ends_so = septets.len().is_multiple_of(8) && septets.last() == Some(&CR);
    if !is_short && !ends_so {
        return pack(septets, 0);
    }
    let mut padded = septets.to_vec();
    padded.push(CR);
    pack(&padded, 0)
}

/// Unpacks what [`pack_to_octets`] has packed.
#[must_use]
pub fn unpack_octets(octets: &[u8]) -> Vec<u8> {
    let mut septets = unpack(octets, usize::MAX, 0);
    let full = !septets.is_empty() && septets.len().is_multiple_of(8);
    if full && septets.last() == Some(&CR) {
        septets.pop();
    }
    septets
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_octets() {
        assert_eq!(
            pack(b"hellohello", 0),
            b"\xe8\x32\x9b\xfd\x46\x97\xd9\xec\x37"
        );
        assert_eq!(pack(b"Hi", 1), [0x90, 0x69]);
        assert_eq!(unpack(&[0x90, 0x69], 2, 1), b"Hi");
        assert_eq!(fill_bits(6), 1);
        assert_eq!(fill_bits(7), 0);
        assert_eq!([0, 1, 2, 3, 4, 5].map(fill_bits), [0, 6, 5, 4, 3, 2]);
    }

    #[test]
    fn seven_septets_are_not_eight() {
        let packed = pack(b"1234567", 0);
        assert_eq!(packed.len(), 7);
        assert_eq!(unpack(&packed, 7, 0), b"1234567");
        assert_eq!(unpack(&packed, 8, 0), b"1234567\0");
        // Without the number the eighth would be `@`.
        assert_eq!(pack_to_octets(b"1234567"), pack(b"1234567\r", 0));
        assert_eq!(unpack_octets(&pack_to_octets(b"1234567")), b"1234567");
    }

    #[test]
    fn a_carriage_return_at_the_end_stays() {
        assert_eq!(pack_to_octets(b"1234567\r"), pack(b"1234567\r\r", 0));
        assert_eq!(unpack_octets(&pack_to_octets(b"1234567\r")), b"1234567\r\r");
        assert_eq!(unpack_octets(&pack_to_octets(b"123456\r")), b"123456\r");
    }

    proptest! {
        #[test]
        fn packed_septets_come_back(
            septets in proptest::collection::vec(0_u8..128, 0..200),
            header in 0_usize..140,
        ) {
            let fill = fill_bits(header);
            let packed = pack(&septets, fill);
            prop_assert_eq!(packed.len(), (septets.len() * 7 + usize::from(fill)).div_ceil(8));
            prop_assert_eq!((header * 8 + usize::from(fill)) % 7, 0);
            prop_assert_eq!(unpack(&packed, septets.len(), fill), septets);
        }

        #[test]
        fn any_octets_unpack(octets: Vec<u8>, septets: usize, fill: u8) {
            let unpacked = unpack(&octets, septets, fill);
            prop_assert!(unpacked.len() <= octets.len() * 8 / 7);
            prop_assert!(unpacked.iter().all(|&s| s < 128));
        }
    }
}
