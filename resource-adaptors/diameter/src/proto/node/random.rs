//! Numbers that look random, from a seed that the caller gives: jitter, ids, choices. Same seed, same numbers.

/// xoshiro256++ (Blackman, Vigna).
#[derive(Debug, Clone)]
pub(super) struct Random([u64; 4]);

impl Random {
    /// A seed of zeros is replaced: it would give nothing but zeros.
    pub(super) fn new(seed: [u64; 4]) -> Self {
        if seed == [0; 4] {
            return Self([1, 2, 3, 4]);
        }
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number below `bound`; 0 when that is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }
}
