//! Takes fields off the front of a TPDU.

use super::TpduFault;

#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(octets: &'a [u8]) -> Self {
        Self { left: octets }
    }

    pub(super) fn octet(&mut self, field: &'static str) -> Result<u8, TpduFault> {
        let (&octet, rest) = self
            .left
            .split_first()
            .ok_or(TpduFault::Truncated { field })?;
        self.left = rest;
        Ok(octet)
    }

    pub(super) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], TpduFault> {
        let (array, rest) = self
            .left
            .split_first_chunk()
            .ok_or(TpduFault::Truncated { field })?;
        self.left = rest;
        Ok(*array)
    }

    pub(super) fn take(&mut self, n: usize, field: &'static str) -> Result<&'a [u8], TpduFault> {
        let (taken, rest) = self
            .left
            .split_at_checked(n)
            .ok_or(TpduFault::Truncated { field })?;
        self.left = rest;
        Ok(taken)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}
