//! Session timers: RFC 4028 7 to 9, what requests and responses say, and what of it is agreed on.
//!
//! A service or the settings ask for one; a call that nobody asked for has none, and its headers pass between legs. The
//! roles `uac` and `uas` are those of one transaction, so they are turned to `local` here and back.

use bytes::Bytes;

use super::super::compose;
use super::super::dialog::{Keeper, MIN_SE, Phase, Refresher, Session, SessionAsk};
use super::super::flow::Flow;
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::wire::text::push_decimal;
use super::super::wire::{Edit, HeaderId, Limits, Message, Method, Params};
use super::negotiation::carries_sdp;
use super::reliable::number;
use super::{Draft, Owner, Ua, Use, What};

/// The option tag.
pub(super) const TIMER: &[u8] = b"timer";
/// The interval that is wanted where only the peer wants a timer (RFC 4028 4).
const INTERVAL: u32 = 1800;

/// A Session-Expires value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Expires {
    interval: u32,
    /// Whether the requester refreshes.
    uac: Option<bool>,
}

impl Expires {
    fn of(value: &[u8]) -> Option<Self> {
        let end = value.iter().position(|byte| *byte == b';');
        let (interval, params) = value.split_at(end.unwrap_or(value.len()));
        let uac = Params::new(params)
            .value(b"refresher")
            .map(|role| role.eq_ignore_ascii_case(b"uac"));
        Some(Self {
            interval: number(interval.trim_ascii())?,
            uac,
        })
    }

    /// What is asked for by a request of ours.
    fn asked(session: &Session) -> Self {
        if session.interval > 0 {
            return Self {
                interval: session.interval.max(session.ask.min),
                uac: Some(session.local),
            };
        }
        Self {
            interval: session.ask.interval.max(session.ask.min),
            uac: match session.ask.refresher {
                Refresher::Any => None,
                Refresher::Local => Some(true),
                Refresher::Remote => Some(false),
            },
        }
    }

    fn push(self, out: &mut Vec<u8>) {
        compose::line(out, HeaderId::SessionExpires.name(), &self.value());
    }

    fn value(self) -> Vec<u8> {
        let mut value = Vec::with_capacity(24);
        push_decimal(&mut value, u64::from(self.interval));
        if let Some(uac) = self.uac {
            value.extend_from_slice(if uac {
                b";refresher=uac"
            } else {
                b";refresher=uas"
            });
        }
        value
    }
}

impl Ua {
    /// An interval that is too short for this entity (RFC 4028 9): the Min-SE line of the 422.
    pub(super) fn too_short(&self, request: &Message) -> Option<Vec<u8>> {
        let asked = Expires::of(request.get(HeaderId::SessionExpires)?)?;
        let min = self.config.session.min;
        if asked.interval >= min || !request.lists(HeaderId::Supported, TIMER) {
            return None;
        }
        let mut lines = Vec::new();
        compose::line_number(&mut lines, HeaderId::MinSe.name(), u64::from(min));
        Some(lines)
    }

    /// Whether a session that is asked for may be too short, by the value of Session-Expires alone.
    pub(super) fn may_be_too_short(&self, value: &[u8]) -> bool {
        Expires::of(value).is_none_or(|asked| asked.interval < self.config.session.min)
    }

    /// What is asked of the session of a call that came: by the settings, or because the caller requires a timer.
    pub(super) fn session_of(&self, invite: &Message) -> Option<Box<Session>> {
        let required = || {
            let asks = invite.has(HeaderId::Require) && invite.lists(HeaderId::Require, TIMER);
            asks.then_some(SessionAsk {
                interval: INTERVAL,
                min: self.config.session.min,
                refresher: Refresher::Any,
                keeper: Keeper::Adaptor,
            })
        };
        let ask = self.config.session.default.or_else(required)?;
        Some(Box::new(Session::new(ask)))
    }

    /// The lines of a request of ours with what its dialog says of the session; none if that is nothing.
    pub(super) fn session_request(&self, key: Key, draft: &Draft) -> Option<Bytes> {
        if draft.method != b"INVITE"[..] && draft.method != b"UPDATE"[..] {
            return None;
        }
        let session = self.dialogs.get(key)?.managed()?;
        let mut lines = without_timer(&draft.lines);
        compose::line(&mut lines, HeaderId::Supported.name(), TIMER);
        Expires::asked(session).push(&mut lines);
        if session.ask.min > MIN_SE {
            let min = u64::from(session.ask.min);
            compose::line_number(&mut lines, HeaderId::MinSe.name(), min);
        }
        Some(lines.into())
    }

    /// A 2xx to an INVITE or UPDATE is being made: what it says of the session in place of `lines`, and the session begins
    /// anew (RFC 4028 9). None if the lines go as they are.
    pub(super) fn session_answer(
        &mut self,
        now: Ms,
        key: Key,
        tx: Key,
        lines: &[u8],
    ) -> Option<Vec<u8>> {
        let session = self.dialogs.get(key)?.session.as_deref()?;
        let (request, _) = self.tx.pending(tx)?;
        if !session.is_managed() {
            let agreed = header(lines, HeaderId::SessionExpires).and_then(Expires::of);
            self.agreed(now, key, agreed, false);
            return None;
        }
        let agreed = answered(session, request);
        let supports =
            request.lists(HeaderId::Supported, TIMER) || request.lists(HeaderId::Require, TIMER);
        let mut out = without_timer(lines);
        if agreed.uac == Some(true) && supports {
            compose::line(&mut out, HeaderId::Require.name(), TIMER);
        }
        compose::line(&mut out, HeaderId::Supported.name(), TIMER);
        agreed.push(&mut out);
        let updates = allows_update(request);
        if let Some(session) = self.session_mut(key) {
            session.peer_updates = updates.unwrap_or(session.peer_updates);
        }
        self.agreed(now, key, Some(agreed), false);
        Some(out)
    }

    /// A 2xx to an INVITE or UPDATE of ours came (RFC 4028 7.2).
    pub(super) fn session_answered(&mut self, now: Ms, key: Key, response: &Message) {
        if let Some(session) = self.session_mut(key) {
            session.peer_updates = allows_update(response).unwrap_or(session.peer_updates);
            session.retries = 0;
            let agreed = response.get(HeaderId::SessionExpires).and_then(Expires::of);
            self.agreed(now, key, agreed, true);
        }
    }

    /// What a request or response of ours describes is kept for a refresh that must repeat it.
    pub(super) fn session_described(&mut self, key: Key, lines: &[u8], body: &[u8]) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        if session.ask.keeper == Keeper::Adaptor && carries_sdp(lines, body) {
            session.sdp = Bytes::copy_from_slice(body);
            session.kind = header(lines, HeaderId::ContentType)
                .map(Bytes::copy_from_slice)
                .unwrap_or_default();
        }
    }

    /// Sends an INVITE or UPDATE within a call again that got 422, with the interval that it asks for (RFC 4028 7.4). `false` if
    /// that is not ours to do, or would be in vain.
    pub(super) fn answer_too_small(
        &mut self,
        now: Ms,
        user: Use,
        asked: &(Bytes, Flow),
        response: &Message,
    ) -> bool {
        let Owner::Dialog(key) = user.owner else {
            return false;
        };
        // The one that makes the call begins it anew.
        let begins = matches!(user.what, What::Invite { .. })
            && self.dialogs.get(key).map(|dialog| dialog.phase) == Some(Phase::Early);
        let again = user.what.refreshes_session() && !begins && self.may_send_again(user);
        if !again || !self.session_lengthened(key, response) {
            return false;
        }
        let longer = self.lengthened(key, &asked.0);
        longer.is_some_and(|request| self.send_again(now, user, asked.1, &request).is_some())
    }

    /// A request of ours with what its dialog asks for now.
    fn lengthened(&self, key: Key, request: &Bytes) -> Option<Message> {
        let session = self.dialogs.get(key)?.managed()?;
        let request = Message::parse(request.clone(), &Limits::DEFAULT).ok()?;
        let mut min = Vec::with_capacity(8);
        push_decimal(&mut min, u64::from(session.ask.min));
        let mut edit = Edit::new(&request);
        edit.replace(HeaderId::SessionExpires, &Expires::asked(session).value());
        edit.replace(HeaderId::MinSe, &min);
        Message::parse(edit.finish().ok()?, &Limits::DEFAULT).ok()
    }

    /// 422 to an INVITE or UPDATE of ours: whether a longer interval is to be tried (RFC 4028 7.3).
    pub(super) fn session_lengthened(&mut self, key: Key, response: &Message) -> bool {
        let min = response.get(HeaderId::MinSe).and_then(Expires::of);
        let Some(session) = self
            .session_mut(key)
            .filter(|session| session.is_managed() && session.retries < 3)
        else {
            return false;
        };
        let tried = if session.interval > 0 {
            session.interval
        } else {
            session.ask.interval
        };
        let Some(min) = min.filter(|min| min.interval > tried) else {
            return false;
        };
        session.retries += 1;
        session.ask.min = session.ask.min.max(min.interval);
        session.ask.interval = session.ask.interval.max(min.interval);
        session.interval = if session.interval > 0 {
            session.interval.max(min.interval)
        } else {
            0
        };
        true
    }

    fn agreed(&mut self, now: Ms, key: Key, agreed: Option<Expires>, ours: bool) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        // A requester that is not told who refreshes does it itself.
        match agreed {
            Some(expires) => {
                session.interval = expires.interval.max(1);
                session.local = expires.uac.unwrap_or(true) == ours;
            }
            None => session.interval = 0,
        }
        self.start_session(now, key);
    }

    pub(super) fn session_mut(&mut self, key: Key) -> Option<&mut Session> {
        self.dialogs.get_mut(key)?.session.as_deref_mut()
    }
}

/// RFC 4028 9, with table 2 of it.
fn answered(session: &Session, request: &Message) -> Expires {
    let asked = request.get(HeaderId::SessionExpires).and_then(Expires::of);
    let least = request
        .get(HeaderId::MinSe)
        .and_then(Expires::of)
        .map_or(MIN_SE, |least| least.interval.max(MIN_SE));
    let wanted = session.ask.interval.max(session.ask.min).max(least);
    let supports =
        request.lists(HeaderId::Supported, TIMER) || request.lists(HeaderId::Require, TIMER);
    let uac = match (supports, asked.and_then(|asked| asked.uac)) {
        (false, _) => false,
        (true, Some(uac)) => uac,
        // Within a call the one who does goes on.
        (true, None) if session.interval > 0 => !session.local,
        (true, None) => session.ask.refresher != Refresher::Local,
    };
    Expires {
        interval: asked.map_or(wanted, |asked| asked.interval.min(wanted)),
        uac: Some(uac),
    }
}

/// Whether a message says that its sender takes UPDATE; none if it says nothing.
fn allows_update(message: &Message) -> Option<bool> {
    message
        .has(HeaderId::Allow)
        .then(|| message.lists(HeaderId::Allow, Method::Update.as_bytes()))
}

/// The value of the first of these lines with that name.
fn header(lines: &[u8], id: HeaderId) -> Option<&[u8]> {
    each(lines).find_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        (HeaderId::lookup(name.trim_ascii()) == id)
            .then(|| value.get(1..).unwrap_or_default().trim_ascii())
    })
}

/// Header lines without what another leg has agreed on about its session.
fn without_timer(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len() + 80);
    for line in each(lines) {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let id = HeaderId::lookup(name.trim_ascii());
        if matches!(id, HeaderId::Supported | HeaderId::Require) {
            let left = without_tag(line.get(name.len() + 1..).unwrap_or_default());
            if !left.is_empty() {
                compose::line(&mut out, id.name(), &left);
            }
        } else if !matches!(id, HeaderId::SessionExpires | HeaderId::MinSe) {
            out.extend_from_slice(line);
        }
    }
    out
}

/// Option tags without the timer's.
fn without_tag(tags: &[u8]) -> Vec<u8> {
    let mut left = Vec::new();
    for tag in tags.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
        if tag.is_empty() || tag.eq_ignore_ascii_case(TIMER) {
            continue;
        }
        if !left.is_empty() {
            left.extend_from_slice(b", ");
        }
        left.extend_from_slice(tag);
    }
    left
}

/// Header lines with their ends; a folded one is one.
fn each(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        let mut end = 0;
        loop {
            let next = rest.get(end..)?.iter().position(|byte| *byte == b'\n');
            end = next.map_or(rest.len(), |next| end + next + 1);
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (line, left) = rest.split_at(end);
        rest = left;
        (!line.is_empty()).then_some(line)
    })
}

impl What {
    /// Whether a 2xx to it begins a session anew.
    pub(super) fn refreshes_session(self) -> bool {
        matches!(self, Self::Invite { .. } | Self::Update { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timer_of_another_leg_is_taken_out_and_nothing_else() {
        let lines = b"X-A: 1\r\nk: timer, path\r\nx: 90;refresher=uac\r\nRequire: timer\r\nMin-SE: 90\r\nY: a\r\n b\r\n";
        assert_eq!(
            without_timer(lines).escape_ascii().to_string(),
            b"X-A: 1\r\nSupported: path\r\nY: a\r\n b\r\n"
                .escape_ascii()
                .to_string()
        );
        assert_eq!(
            header(lines, HeaderId::SessionExpires),
            Some(&b"90;refresher=uac"[..])
        );
    }

    #[test]
    fn session_expires_values() {
        let of = |value: &[u8]| Expires::of(value);
        assert_eq!(
            of(b"1800 ; refresher=UAC"),
            Some(Expires {
                interval: 1800,
                uac: Some(true)
            })
        );
        assert_eq!(
            of(b"90;x=y"),
            Some(Expires {
                interval: 90,
                uac: None
            })
        );
        assert_eq!(of(b"soon"), None);
    }
}
