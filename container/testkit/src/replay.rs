//! Plays a recorded call again, in virtual time, against whatever build the kit is made of, and says what differs.
//!
//! What came from outside is sent again at the times at which it came; what the build sends is held against what was sent
//! then. Two runs never invent the same tags and Call-IDs, so what messages have of that kind may differ, as long as it
//! always differs in the same way: one invented name for one other, everywhere. What stands for these in a message says
//! the adaptor's own kit, as a [`Minted`].
//! Not replayed: the answers of name servers, and commands of other calls. A call with messages of other protocols than the
//! one that is played is refused: what their peers agreed on before it is not in it, and drivers have no bytes.

use crate::ground::{Ground, Received};
use crate::kit::TestKit;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;
use strowger::ra::Transport;
use strowger_kernel::{Ladder, LadderMessage, What};

/// Of which protocol the messages of a call are that can be played, and which names in them may differ.
#[derive(Clone, Copy, Debug)]
pub struct Minted {
    /// As recorded messages have it: `sip`.
    pub protocol: &'static str,
    /// Where in a message there are names that its sender has invented, or got from another: ascending, apart.
    pub names: fn(&[u8]) -> Vec<Range<usize>>,
}

/// Finds the names in a message.
type Find = fn(&[u8]) -> Vec<Range<usize>>;

/// Invented names shorter than this are not looked for in texts: they would be found where they do not stand.
const NAME: usize = 6;
/// How much later than then a message may come.
const LATE: Duration = Duration::from_millis(50);

/// What came of a replay.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// Messages that were sent to the build.
    pub inputs: usize,
    /// Messages that it sent, and should have sent.
    pub outputs: usize,
    /// Where it did not do what was done then, in the order of time.
    pub differences: Vec<Difference>,
}

/// One thing that is not as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Nanoseconds since the beginning of the call.
    pub at: u64,
    /// What was then; nothing if it is new. Messages as texts.
    pub before: Option<String>,
    /// What is instead, with the invented names of then; nothing if there is nothing.
    pub after: Option<String>,
}

/// Why a recording cannot be played.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unplayable {
    /// Parts of it were not kept.
    #[error("{0} steps of the call were not kept: what they were is not known")]
    Incomplete(u64),
    /// It began before it was recorded, or with something other than a message.
    #[error("the call does not begin with a message that came")]
    NoBeginning,
    /// It has messages whose beginnings are not in it: connections, binds, capabilities, and whatever a driver did.
    #[error("the call has messages of {0}, which a replay cannot send and receive")]
    Protocol(String),
}

impl Replayed {
    /// Whether the build did exactly what was done then.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            inputs,
            outputs,
            differences,
        } = self;
        writeln!(
            f,
            "{inputs} messages in, {outputs} out, {} differences",
            differences.len()
        )?;
        differences
            .iter()
            .try_for_each(|difference| difference.fmt(f))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "at {:?}", Duration::from_nanos(self.at))?;
        let (before, after) = (self.before.as_deref(), self.after.as_deref());
        let lines = |text: Option<&str>| -> Vec<String> {
            text.map(|text| text.lines().map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let (before, after) = (lines(before), lines(after));
        // What both have is told where it is not all that there is to tell.
        let kept: BTreeSet<&String> = before.iter().filter(|line| after.contains(line)).collect();
        if let Some(first) = before.first().filter(|line| kept.contains(line)) {
            writeln!(f, "  {first}")?;
        }
        for line in before.iter().filter(|line| !kept.contains(line)) {
            writeln!(f, "- {line}")?;
        }
        for line in after.iter().filter(|line| !kept.contains(line)) {
            writeln!(f, "+ {line}")?;
        }
        Ok(())
    }
}

/// Plays a recorded call to a kit that was put together like the node that recorded it: the same adaptors under the same
/// names with the same settings, the same services. It must not have been used.
///
/// Where bodies were left out of the recording, the build gets what is left of them.
///
/// # Errors
/// See [`Unplayable`].
#[track_caller]
pub fn replay(kit: TestKit, call: &Ladder, minted: Minted) -> Result<Replayed, Unplayable> {
    if call.info.dropped > 0 {
        return Err(Unplayable::Incomplete(call.info.dropped));
    }
    let begins = messages(call)
        .next()
        .is_some_and(|(_, message)| !message.out);
    if !begins {
        return Err(Unplayable::NoBeginning);
    }
    let foreign = messages(call).find(|(_, message)| message.protocol != minted.protocol);
    if let Some((_, message)) = foreign {
        return Err(Unplayable::Protocol(message.protocol.clone()));
    }
    let mut play = Play::new(kit.recording(), minted.names);
    for (_, message) in messages(call) {
        play.ground.peer(&message.remote.to_string());
    }
    for (at, message) in messages(call) {
        play.go_on(at);
        if message.out {
            play.expect(at, message);
        } else {
            play.send(message);
        }
    }
    play.end(call);
    Ok(play.replayed)
}

fn messages(call: &Ladder) -> impl Iterator<Item = (u64, &LadderMessage)> {
    call.steps.iter().filter_map(|step| {
        let What::Message(message) = &step.what else {
            return None;
        };
        Some((step.at, message))
    })
}

struct Play {
    kit: TestKit,
    ground: std::rc::Rc<dyn Ground>,
    minted: Find,
    /// Nanoseconds of the call that have passed.
    at: u64,
    /// What the build has sent and nobody has looked at, by whom it went to.
    sent: BTreeMap<SocketAddr, VecDeque<Received>>,
    names: Names,
    replayed: Replayed,
}

impl Play {
    fn new(kit: TestKit, minted: Find) -> Self {
        let ground = kit.ground();
        Self {
            kit,
            ground,
            minted,
            at: 0,
            sent: BTreeMap::new(),
            names: Names::default(),
            replayed: Replayed::default(),
        }
    }

    /// Lets time pass up to that moment of the call.
    #[track_caller]
    fn go_on(&mut self, at: u64) {
        let time = Duration::from_nanos(at.saturating_sub(self.at));
        self.kit.advance(time);
        self.at = self.at.max(at);
        self.gather(Duration::ZERO);
    }

    /// Takes what has come to the peers.
    fn gather(&mut self, patience: Duration) {
        while let Some(received) = self.ground.receive(patience) {
            if !received.bytes.is_empty() {
                self.sent
                    .entry(received.at)
                    .or_default()
                    .push_back(received);
            }
        }
    }

    /// A peer sends what it sent then, with the names that the build has invented.
    #[track_caller]
    fn send(&mut self, message: &LadderMessage) {
        let transport = transport(&message.transport);
        let from = self.ground.peer(&message.remote.to_string());
        let own = self.ground.node(transport);
        let Some(to) = message.local.or(own).map(|to| own.unwrap_or(to)) else {
            return;
        };
        let then = message.bytes.bytes();
        self.names.came(&then, self.minted);
        let bytes = self.names.renamed(&then);
        self.ground.send(from, to, transport, &bytes);
        self.replayed.inputs += 1;
        self.gather(Duration::ZERO);
    }

    /// The build sends what was sent then.
    fn expect(&mut self, at: u64, message: &LadderMessage) {
        let peer = self.ground.peer(&message.remote.to_string());
        let waits = |play: &Self| play.sent.get(&peer).is_none_or(VecDeque::is_empty);
        if waits(self) {
            self.gather(LATE);
        }
        let then = message.bytes.bytes();
        let sent = self.sent.get_mut(&peer).and_then(VecDeque::pop_front);
        let Some(sent) = sent else {
            return self.differs(at, Some(text(&then)), None);
        };
        self.replayed.outputs += 1;
        if !self.names.is_same(&then, &sent.bytes, self.minted) {
            let after = self.names.as_then(&sent.bytes);
            self.differs(at, Some(text(&then)), Some(text(&after)));
        }
    }

    /// Nothing more was sent then.
    fn end(&mut self, call: &Ladder) {
        self.gather(Duration::ZERO);
        let at = self.at;
        for sent in std::mem::take(&mut self.sent).into_values().flatten() {
            let after = self.names.as_then(&sent.bytes);
            self.differs(at, None, Some(text(&after)));
        }
        let recordings = self.kit.recordings();
        let deliveries = recordings.iter().flat_map(deliveries);
        let (before, after): (Vec<_>, Vec<_>) = (deliveries_of(call), deliveries.collect());
        if before != after {
            let all = |lines: Vec<String>| Some(lines.join("\n"));
            self.differs(at, all(before), all(after));
        }
    }

    fn differs(&mut self, at: u64, before: Option<String>, after: Option<String>) {
        self.replayed
            .differences
            .push(Difference { at, before, after });
    }
}

fn deliveries_of(call: &Ladder) -> Vec<String> {
    deliveries(call).collect()
}

/// What services were given, and what became of it.
fn deliveries(call: &Ladder) -> impl Iterator<Item = String> {
    call.steps.iter().filter_map(|step| {
        let What::Delivery {
            event,
            service,
            rolled_back,
            ..
        } = &step.what
        else {
            return None;
        };
        Some(match rolled_back {
            None => format!("{service}: {event}"),
            Some(why) => format!("{service}: {event} rolled back: {why}"),
        })
    })
}

fn transport(word: &str) -> Transport {
    match word {
        "tcp" => Transport::Tcp,
        "tls" => Transport::Tls,
        _ => Transport::Udp,
    }
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// Invented names: those of then, and those that stand for them.
#[derive(Default)]
struct Names {
    instead: BTreeMap<Vec<u8>, Vec<u8>>,
    then: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Names {
    /// A message came: names in it that the build has not invented stand for themselves.
    fn came(&mut self, bytes: &[u8], minted: Find) {
        for range in minted(bytes) {
            let name = bytes.get(range).unwrap_or_default();
            self.pair(name, name);
        }
    }

    /// Whether a name of then may be that one: it is, or both are new.
    fn pair(&mut self, then: &[u8], instead: &[u8]) -> bool {
        match (self.instead.get(then), self.then.get(instead)) {
            (Some(own), _) => own == instead,
            (None, Some(_)) => false,
            (None, None) => {
                self.instead.insert(then.to_vec(), instead.to_vec());
                self.then.insert(instead.to_vec(), then.to_vec());
                true
            }
        }
    }

    /// Whether two messages are the same but for invented names, each of which always stands for the same other one.
    fn is_same(&mut self, then: &[u8], sent: &[u8], minted: Find) -> bool {
        let (ours, theirs) = (minted(then), minted(sent));
        let mut same = ours.len() == theirs.len();
        let (mut at, mut other_at) = (0, 0);
        for (range, other) in ours.iter().zip(&theirs) {
            same &= then.get(at..range.start) == sent.get(other_at..other.start);
            let (name, other_name) = (then.get(range.clone()), sent.get(other.clone()));
            same &= self.pair(name.unwrap_or_default(), other_name.unwrap_or_default());
            (at, other_at) = (range.end, other.end);
        }
        same && then.get(at..) == sent.get(other_at..)
    }

    /// A message of then with the names of the build.
    fn renamed(&self, bytes: &[u8]) -> Vec<u8> {
        rename(bytes, &self.instead)
    }

    /// A message of the build with the names of then.
    fn as_then(&self, bytes: &[u8]) -> Vec<u8> {
        rename(bytes, &self.then)
    }
}

/// Puts others in the place of names, wherever they stand: the longest that fits first.
fn rename(bytes: &[u8], names: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
    let mut changed: Vec<(&Vec<u8>, &Vec<u8>)> = names
        .iter()
        .filter(|(name, other)| name != other && name.len() >= NAME)
        .collect();
    changed.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut renamed = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        match changed.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, other)) => {
                renamed.extend_from_slice(other);
                rest = rest.get(name.len()..).unwrap_or_default();
            }
            None => {
                renamed.push(*first);
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything between `<` and `>`.
    fn pointed(bytes: &[u8]) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let mut open = None;
        for (at, byte) in bytes.iter().enumerate() {
            match (byte, open) {
                (b'<', _) => open = Some(at + 1),
                (b'>', Some(start)) => ranges.push(start..at),
                _ => {}
            }
        }
        ranges
    }

    #[test]
    fn invented_names_may_differ_as_long_as_they_do_so_everywhere() {
        let mut names = Names::default();
        names.came(b"<peer-name>", pointed);
        assert!(names.is_same(b"a <own-name-1> b", b"a <new-name-1> b", pointed));
        assert!(names.is_same(
            b"<own-name-1><peer-name>",
            b"<new-name-1><peer-name>",
            pointed
        ));
        assert!(
            !names.is_same(b"<own-name-1>", b"<new-name-2>", pointed),
            "another name"
        );
        assert!(
            !names.is_same(b"<own-name-2>", b"<new-name-1>", pointed),
            "one for two"
        );
        assert!(
            !names.is_same(b"<peer-name>", b"<new-name-3>", pointed),
            "a peer's"
        );
        assert!(
            !names.is_same(b"x <own-name-1>", b"y <new-name-1>", pointed),
            "the rest"
        );
        assert_eq!(names.renamed(b"to own-name-1!"), b"to new-name-1!");
        assert_eq!(
            names.as_then(b"new-name-1, peer-name"),
            b"own-name-1, peer-name"
        );
    }

    #[test]
    fn a_difference_shows_the_lines_that_differ() {
        let difference = Difference {
            at: 1_500_000_000,
            before: Some("SIP/2.0 180 Ringing\r\nVia: v\r\nCSeq: 1 INVITE\r\n".into()),
            after: Some("SIP/2.0 183 Session Progress\r\nVia: v\r\nCSeq: 1 INVITE\r\n".into()),
        };
        assert_eq!(
            difference.to_string(),
            "at 1.5s\n- SIP/2.0 180 Ringing\n+ SIP/2.0 183 Session Progress\n"
        );
    }
}
