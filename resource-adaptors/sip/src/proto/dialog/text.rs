//! The seven texts of a dialog in one allocation: 100,000 calls are 200,000 of these.

/// Which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Call-ID.
    CallId,
    /// The tag that we chose.
    LocalTag,
    /// The tag that the peer chose; empty until it has.
    RemoteTag,
    /// Our address as From writes it, without parameters.
    Local,
    /// The peer's address as To writes it, without parameters.
    Remote,
    /// Where requests go: the peer's Contact URI.
    Target,
    /// The route set as the value of one Route header; empty for none.
    Routes,
}

const FIELDS: usize = 7;

/// The texts, packed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Texts {
    ends: [u16; FIELDS],
    bytes: Box<[u8]>,
}

impl Texts {
    /// Packs seven texts in the order of [`Field`]; `None` if together they are longer than 65,535 bytes.
    #[must_use]
    pub(super) fn pack(parts: [&[u8]; FIELDS]) -> Option<Self> {
        let mut ends = [0; FIELDS];
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        for (end, part) in ends.iter_mut().zip(parts) {
            bytes.extend_from_slice(part);
            *end = u16::try_from(bytes.len()).ok()?;
        }
        Some(Self {
            ends,
            bytes: bytes.into_boxed_slice(),
        })
    }

    /// One text.
    #[must_use]
    pub(super) fn get(&self, field: Field) -> &[u8] {
        let at = field as usize;
        let start = if at == 0 {
            0
        } else {
            self.ends.get(at - 1).copied().unwrap_or_default()
        };
        let end = self.ends.get(at).copied().unwrap_or_default();
        self.bytes
            .get(usize::from(start)..usize::from(end))
            .unwrap_or_default()
    }

    /// Replaces some texts; `false`, and nothing changed, if they are too long.
    pub(super) fn replace(&mut self, changes: &[(Field, &[u8])]) -> bool {
        let mut parts = self.parts();
        for (field, value) in changes {
            if let Some(part) = parts.get_mut(*field as usize) {
                *part = value;
            }
        }
        match Self::pack(parts) {
            Some(packed) => {
                *self = packed;
                true
            }
            None => false,
        }
    }

    /// All texts in order.
    #[must_use]
    pub(super) fn parts(&self) -> [&[u8]; FIELDS] {
        [
            self.get(Field::CallId),
            self.get(Field::LocalTag),
            self.get(Field::RemoteTag),
            self.get(Field::Local),
            self.get(Field::Remote),
            self.get(Field::Target),
            self.get(Field::Routes),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_can_be_replaced() {
        let mut texts = Texts::pack([b"c", b"", b"rt", b"<l>", b"<r>", b"sip:t", b""]).unwrap();
        assert_eq!(texts.get(Field::CallId), b"c");
        assert_eq!(texts.get(Field::LocalTag), b"");
        assert_eq!(texts.get(Field::Target), b"sip:t");
        assert!(texts.replace(&[
            (Field::LocalTag, b"long tag"),
            (Field::Routes, b"<sip:p;lr>")
        ]));
        assert_eq!(
            texts.parts(),
            [
                &b"c"[..],
                b"long tag",
                b"rt",
                b"<l>",
                b"<r>",
                b"sip:t",
                b"<sip:p;lr>"
            ]
        );
        assert!(!texts.replace(&[(Field::Target, &vec![b'x'; 70_000])]));
        assert_eq!(texts.get(Field::Target), b"sip:t");
    }
}
