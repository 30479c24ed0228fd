//! What of a subscription outlives its process: side, package, times and last notification, and the record of its dialog,
//! so that it goes on when the call that it shared the dialog with is gone.
//!
//! Version 1, big endian: version, bits (side, stage, bare, refresh), time of expiry on the wall clock in milliseconds,
//! seconds asked for or granted at most, state, Retry-After (u32::MAX for none), six lengths (u32), six texts (package, id,
//! lines, reason, notification's lines, notification's body), the dialog's record to the end. Written before a 2xx to
//! SUBSCRIBE or REFER leaves and before a CSeq is used.

use bytes::Bytes;

use super::super::dialog::{Reader, RecordError};
use super::super::slab::Key;
use super::super::time::Ms;
use super::{Notification, Side, Stage, State, Subscription, Want};

const VERSION: u8 = 1;
const BARE: u8 = 8;
const REFRESH: u8 = 16;

/// A subscription as it was written down.
#[derive(Debug)]
pub struct Restored<'a> {
    /// It, without its dialog.
    pub subscription: Subscription,
    /// When it expires, on the wall clock.
    pub expires_wall: u64,
    /// The record of its dialog.
    pub dialog: &'a [u8],
}

impl Subscription {
    /// The record. `expires_wall` is the time of expiry on the wall clock, `dialog` the record of the dialog.
    #[must_use]
    pub fn to_record(&self, expires_wall: u64, dialog: &[u8]) -> Vec<u8> {
        let told = &self.notification;
        let parts: [&[u8]; 6] = [
            &self.want.package,
            &self.want.id,
            &self.lines,
            &told.reason,
            &told.lines,
            &told.body,
        ];
        let texts: usize = parts.iter().map(|part| part.len()).sum();
        let mut out = Vec::with_capacity(48 + texts + dialog.len());
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        out.push(VERSION);
        out.push(
            self.side as u8
                | (self.stage as u8) << 1
                | flag(self.bare, BARE)
                | flag(self.want.refresh, REFRESH),
        );
        out.extend_from_slice(&expires_wall.to_be_bytes());
        out.extend_from_slice(&self.want.expires.to_be_bytes());
        out.push(told.state as u8);
        out.extend_from_slice(&told.retry_after.unwrap_or(u32::MAX).to_be_bytes());
        for part in parts {
            // Bounded by the limits on messages.
            out.extend_from_slice(&(part.len() as u32).to_be_bytes());
        }
        for part in parts {
            out.extend_from_slice(part);
        }
        out.extend_from_slice(dialog);
        out
    }

    /// The subscription of a record, for the activity that it was written for.
    ///
    /// # Errors
    /// The bytes are no record that this release reads.
    pub fn from_record(activity: u64, record: &[u8]) -> Result<Restored<'_>, RecordError> {
        let mut rest = Reader(record);
        match rest.byte()? {
            VERSION => {}
            other => return Err(RecordError::Version(other)),
        }
        let bits = rest.byte()?;
        let side = if bits & 1 == 0 {
            Side::Subscriber
        } else {
            Side::Notifier
        };
        let stage = match bits >> 1 & 3 {
            0 => Stage::Asking,
            1 => Stage::Up,
            2 => Stage::Ending,
            _ => return Err(RecordError::Damaged),
        };
        let expires_wall = u64::from_be_bytes(rest.array()?);
        let expires = rest.u32()?;
        let state = match rest.byte()? {
            0 => State::Active,
            1 => State::Pending,
            2 => State::Terminated,
            _ => return Err(RecordError::Damaged),
        };
        let retry_after = Some(rest.u32()?).filter(|seconds| *seconds != u32::MAX);
        let mut lengths = [0u32; 6];
        for length in &mut lengths {
            *length = rest.u32()?;
        }
        let mut parts = lengths.map(|_| Bytes::new());
        for (part, length) in parts.iter_mut().zip(lengths) {
            *part = Bytes::copy_from_slice(rest.take(length as usize)?);
        }
        let [package, id, lines, reason, told_lines, body] = parts;
        let want = Want {
            package,
            id,
            expires,
            refresh: bits & REFRESH != 0,
        };
        let mut subscription = Self::new(activity, side, Key::from_u64(0), want, Ms(0));
        subscription.stage = stage;
        subscription.agreed = true;
        subscription.bare = bits & BARE != 0;
        subscription.lines = lines;
        subscription.notification = Notification {
            state,
            reason,
            retry_after,
            lines: told_lines,
            body,
        };
        Ok(Restored {
            subscription,
            expires_wall,
            dialog: rest.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_comes_back_and_no_cut_panics() {
        let want = Want {
            package: Bytes::from_static(b"presence"),
            id: Bytes::from_static(b"7"),
            expires: 600,
            refresh: false,
        };
        let mut it = Subscription::new(5, Side::Notifier, Key::from_u64(9), want, Ms(0));
        it.stage = Stage::Ending;
        it.bare = true;
        it.lines = Bytes::from_static(b"Accept: a/b\r\n");
        it.notification = Notification {
            state: State::Terminated,
            reason: Bytes::from_static(b"noresource"),
            retry_after: Some(1),
            lines: Bytes::from_static(b"Content-Type: a/b\r\n"),
            body: Bytes::from_static(b"body"),
        };
        let record = it.to_record(77, b"dialog");
        let back = Subscription::from_record(5, &record).unwrap();
        assert_eq!((back.expires_wall, back.dialog), (77, &b"dialog"[..]));
        let got = back.subscription;
        assert_eq!(
            (got.side, got.stage, got.bare),
            (it.side, it.stage, it.bare)
        );
        assert_eq!(got.notification, it.notification);
        assert_eq!(got.want, Want { ..it.want });
        for cut in 0..record.len() - b"dialog".len() {
            assert!(Subscription::from_record(5, &record[..cut]).is_err());
        }
        let mut newer = record;
        newer[0] = 2;
        assert_eq!(
            Subscription::from_record(5, &newer).err(),
            Some(RecordError::Version(2))
        );
    }
}
