//! Which AVPs are Grouped: two bitmaps that the structural check looks into once per AVP.

use super::code;
use crate::proto::dict::{self, AvpDef, Kind};

const TGPP: u32 = 10415;
const BASE_CODES: usize = 1024;
const TGPP_CODES: usize = 4096;

/// The AVPs that the structural check goes into: those without a vendor below code 1,024, and 3GPP's below 4,096.
///
/// A group outside of these is checked when the dictionary's rules are applied.
#[derive(Clone, Debug)]
pub struct Groups {
    base: [u64; BASE_CODES / 64],
    tgpp: [u64; TGPP_CODES / 64],
}

static STANDARD: Groups = Groups::NONE.with(&dict::AVPS);

impl Groups {
    /// Those of the standard dictionary.
    #[must_use]
    pub fn standard() -> &'static Self {
        &STANDARD
    }

    /// No AVP is Grouped: only the top level is checked.
    pub const NONE: Self = Self {
        base: [0; BASE_CODES / 64],
        tgpp: [0; TGPP_CODES / 64],
    };

    /// Adds those of `defs` that are Grouped. Failed-AVP stays out: what is in it was malformed elsewhere.
    #[must_use]
    pub const fn with(mut self, defs: &[&AvpDef]) -> Self {
        let mut n = 0;
        while n < defs.len() {
            let (def, at) = (defs[n], defs[n].code as usize);
            if matches!(def.kind, Kind::Grouped) {
                if def.vendor == 0 && at < BASE_CODES && def.code != code::FAILED_AVP {
                    self.base[at / 64] |= 1 << (at % 64);
                } else if def.vendor == TGPP && at < TGPP_CODES {
                    self.tgpp[at / 64] |= 1 << (at % 64);
                }
            }
            n += 1;
        }
        self
    }

    #[inline]
    pub(super) fn has(&self, code: u32, vendor: u32) -> bool {
        let map: &[u64] = match vendor {
            0 => &self.base,
            TGPP => &self.tgpp,
            _ => return false,
        };
        map.get(code as usize / 64)
            .is_some_and(|bits| bits >> (code % 64) & 1 == 1)
    }
}
