//! The session of a dialog that ends unless it is refreshed (RFC 4028), as data.
//!
//! Only dialogs that asked for it have one. Its record is written beside the dialog's, with wall-clock deadlines.

use bytes::Bytes;

use super::super::time::Ms;
use super::super::timer::TimerId;
use super::record::Reader;
use super::{Dialog, RecordError};

const VERSION: u8 = 1;
/// The least interval that there is, in seconds (RFC 4028 5).
pub const MIN_SE: u32 = 90;

/// What a service or the settings want of a session's timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionAsk {
    /// The interval wanted, in seconds.
    pub interval: u32,
    /// The least interval accepted, in seconds.
    pub min: u32,
    /// Who is to refresh.
    pub refresher: Refresher,
    /// Who does on our side.
    pub keeper: Keeper,
}

/// Which side is to refresh a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Refresher {
    /// Either; the caller where both can.
    #[default]
    Any = 0,
    /// This one.
    Local = 1,
    /// The peer, if it can.
    Remote = 2,
}

/// Who sees to a session's timer on our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Keeper {
    /// The user agent negotiates and refreshes.
    Adaptor = 0,
    /// The user agent negotiates, the service refreshes.
    Service = 1,
    /// Nobody: what the peers agree on passes through, and only the end is watched.
    Watch = 2,
}

/// The session of one dialog.
#[derive(Debug, Clone)]
pub struct Session {
    /// What was asked for.
    pub ask: SessionAsk,
    /// The interval agreed on, in seconds; 0 while the session does not end by itself.
    pub interval: u32,
    /// Whether we refresh.
    pub local: bool,
    /// When it ends.
    pub expires: Ms,
    /// When it is to be refreshed by us; none if it is not, or is being refreshed.
    pub refresh: Option<Ms>,
    /// The running timer.
    pub timer: TimerId,
    /// Whether the peer takes UPDATE.
    pub peer_updates: bool,
    /// Refusals with 422 that were followed by another attempt.
    pub retries: u8,
    /// Our last session description, for a refresh by INVITE.
    pub sdp: Bytes,
    /// Its Content-Type line.
    pub kind: Bytes,
}

impl Session {
    /// A session of which nothing is agreed on yet.
    #[must_use]
    pub fn new(ask: SessionAsk) -> Self {
        Self {
            ask,
            interval: 0,
            local: false,
            expires: Ms(0),
            refresh: None,
            timer: TimerId::NONE,
            peer_updates: false,
            retries: 0,
            sdp: Bytes::new(),
            kind: Bytes::new(),
        }
    }

    /// Whether the user agent writes and reads its headers, so that those of another leg do not pass.
    #[must_use]
    pub fn is_managed(&self) -> bool {
        self.ask.keeper != Keeper::Watch
    }

    /// The record; `ahead` is what wall-clock time is ahead of `Ms`.
    #[must_use]
    pub fn to_record(&self, ahead: u64) -> Vec<u8> {
        let wall = |at: Ms| at.0.saturating_add(ahead);
        let mut out = Vec::with_capacity(40 + self.kind.len() + self.sdp.len());
        out.push(VERSION);
        out.extend_from_slice(&[
            self.ask.keeper as u8,
            self.ask.refresher as u8,
            u8::from(self.local),
            u8::from(self.peer_updates),
        ]);
        for seconds in [self.ask.interval, self.ask.min, self.interval] {
            out.extend_from_slice(&seconds.to_be_bytes());
        }
        let refresh = self.refresh.map_or(0, wall);
        for at in [wall(self.expires), refresh] {
            out.extend_from_slice(&at.to_be_bytes());
        }
        // Texts of one message each, far below 65,536 bytes; what is not is refreshed by UPDATE or by the service.
        match (
            u16::try_from(self.kind.len()),
            u16::try_from(self.sdp.len()),
        ) {
            (Ok(kind), Ok(sdp)) => {
                out.extend_from_slice(&kind.to_be_bytes());
                out.extend_from_slice(&self.kind);
                out.extend_from_slice(&sdp.to_be_bytes());
                out.extend_from_slice(&self.sdp);
            }
            _ => out.extend_from_slice(&[0; 4]),
        }
        out
    }

    /// The session of a record.
    ///
    /// # Errors
    /// The bytes are no record that this release reads.
    pub fn from_record(record: &[u8], ahead: u64) -> Result<Self, RecordError> {
        let mut rest = Reader(record);
        match rest.byte()? {
            VERSION => {}
            other => return Err(RecordError::Version(other)),
        }
        let keeper = match rest.byte()? {
            0 => Keeper::Adaptor,
            1 => Keeper::Service,
            2 => Keeper::Watch,
            _ => return Err(RecordError::Damaged),
        };
        let refresher = match rest.byte()? {
            0 => Refresher::Any,
            1 => Refresher::Local,
            2 => Refresher::Remote,
            _ => return Err(RecordError::Damaged),
        };
        let (local, peer_updates) = (rest.byte()? != 0, rest.byte()? != 0);
        let (interval, min, agreed) = (rest.u32()?, rest.u32()?, rest.u32()?);
        let (expires, refresh) = (rest.u64()?, rest.u64()?);
        let length = usize::from(rest.u16()?);
        let kind = Bytes::copy_from_slice(rest.take(length)?);
        let length = usize::from(rest.u16()?);
        let sdp = Bytes::copy_from_slice(rest.take(length)?);
        let mono = |wall: u64| Ms(wall.saturating_sub(ahead));
        Ok(Self {
            interval: agreed,
            local,
            expires: mono(expires),
            refresh: (refresh != 0).then(|| mono(refresh)),
            peer_updates,
            sdp,
            kind,
            ..Self::new(SessionAsk {
                interval,
                min,
                refresher,
                keeper,
            })
        })
    }
}

impl Dialog {
    /// Its session, if it ends by itself or the headers for that are ours.
    #[must_use]
    pub fn managed(&self) -> Option<&Session> {
        self.session
            .as_deref()
            .filter(|session| session.is_managed())
    }
}
