//! Encoding straight into a buffer that is used again.

use postcard::ser_flavors::Flavor;
use serde::Serialize;

/// Appends to a vector. postcard's own flavour for this goes byte by byte, and loses what was there on an error.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();
    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }
    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }
    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Appends a value's bytes to `out`.
///
/// # Errors
/// When the value's own `Serialize` fails; what it wrote until then stays in `out`.
pub fn append<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), postcard::Error> {
    postcard::serialize_with_flavor(value, Append(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_postcard_writes() {
        let value = (7_u64 << 40, "text", Some([1_u8, 2, 3]), -5_i32);
        let mut out = vec![9];
        append(&value, &mut out).unwrap();
        assert_eq!(out[0], 9);
        assert_eq!(out[1..], postcard::to_extend(&value, Vec::new()).unwrap());
    }
}
