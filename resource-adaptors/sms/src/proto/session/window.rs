//! Requests that wait for responses, in both directions, in the order in which they were sent or came.

use std::collections::VecDeque;

use super::InKey;
use crate::proto::time::Ms;

/// The largest sequence_number of a request (SMPP 3.4 5.1.4).
pub(super) const SEQUENCE_MAX: u32 = 0x7fff_ffff;

/// The number behind `sequence`.
pub(super) const fn after(sequence: u32) -> u32 {
    if sequence >= SEQUENCE_MAX {
        1
    } else {
        sequence + 1
    }
}

/// Requests that wait for the peer's response.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Sent>);

#[derive(Clone, Copy, Debug)]
struct Sent {
    sequence: u32,
    command: u32,
    at: Ms,
}

/// What is known of a request for which a response came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It waited for this.
    Sent,
    /// It waits for the response to another command.
    Other,
    /// Nothing waits under this number.
    Nothing,
}

impl Window {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// `sequence` is above those that wait, but for the wrap.
    pub(super) fn push(&mut self, sequence: u32, command: u32, at: Ms) {
        self.0.push_back(Sent {
            sequence,
            command,
            at,
        });
    }

    /// The oldest, whatever it waits for.
    pub(super) fn pop(&mut self) -> Option<u32> {
        self.0.pop_front().map(|sent| sent.sequence)
    }

    /// When the oldest was sent.
    pub(super) fn oldest(&self) -> Option<Ms> {
        self.0.front().map(|sent| sent.at)
    }

    /// Takes the request that this response belongs to.
    pub(super) fn take(&mut self, sequence: u32, answers: impl FnOnce(u32) -> bool) -> Found {
        let Some(place) = self.place(sequence) else {
            return Found::Nothing;
        };
        if !answers(self.0[place].command) {
            return Found::Other;
        }
        self.0.remove(place);
        Found::Sent
    }

    /// Time did not pass for those that wait.
    pub(super) fn postpone(&mut self, ms: u64) {
        for sent in &mut self.0 {
            sent.at = sent.at + ms;
        }
    }

    /// Responses mostly come in order, so the oldest is looked at first. Numbers grow from the oldest on, counted around.
    fn place(&self, sequence: u32) -> Option<usize> {
        let first = self.0.front()?.sequence;
        if first == sequence {
            return Some(0);
        }
        let distance = |sequence: u32| {
            if sequence >= first {
                sequence - first
            } else {
                sequence.wrapping_sub(first).wrapping_add(SEQUENCE_MAX)
            }
        };
        self.0
            .binary_search_by_key(&distance(sequence), |sent| distance(sent.sequence))
            .ok()
            .filter(|place| self.0[*place].sequence == sequence)
    }
}

/// Requests of the peer that wait for our response.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    waiting: VecDeque<Waiting>,
    next: u32,
}

/// A request of the peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) key: InKey,
    pub(super) sequence: u32,
    pub(super) command: u32,
    pub(super) at: Ms,
}

impl Inbound {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn push(&mut self, sequence: u32, command: u32, at: Ms) -> InKey {
        let key = InKey::from_raw(self.next);
        self.next = self.next.wrapping_add(1);
        self.waiting.push_back(Waiting {
            key,
            sequence,
            command,
            at,
        });
        key
    }

    pub(super) fn get(&self, key: InKey) -> Option<Waiting> {
        self.waiting.get(self.place(key)?).copied()
    }

    pub(super) fn remove(&mut self, key: InKey) {
        if let Some(place) = self.place(key) {
            self.waiting.remove(place);
        }
    }

    pub(super) fn oldest(&self) -> Option<Waiting> {
        self.waiting.front().copied()
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Keys grow from the oldest on, counted around.
    fn place(&self, key: InKey) -> Option<usize> {
        let first = self.waiting.front()?.key.raw();
        let distance = |key: InKey| key.raw().wrapping_sub(first);
        if distance(key) == 0 {
            return Some(0);
        }
        let place = |it: &Waiting| distance(it.key);
        self.waiting
            .binary_search_by_key(&distance(key), place)
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_wrap_to_1_and_are_found_on_both_sides() {
        let mut window = Window::default();
        let mut sequence = SEQUENCE_MAX - 2;
        for _ in 0..6 {
            window.push(sequence, 4, Ms(0));
            sequence = after(sequence);
        }
        assert_eq!(sequence, 4);
        for sequence in [1, SEQUENCE_MAX, 3, SEQUENCE_MAX - 2, 2] {
            assert_eq!(window.take(sequence, |_| true), Found::Sent, "{sequence}");
            assert_eq!(window.take(sequence, |_| true), Found::Nothing);
        }
        for unknown in [0, 4, SEQUENCE_MAX, SEQUENCE_MAX + 1, u32::MAX] {
            assert_eq!(window.take(unknown, |_| true), Found::Nothing, "{unknown}");
        }
        assert_eq!(window.pop(), Some(SEQUENCE_MAX - 1));
        assert_eq!(window.len(), 0);
    }

    #[test]
    fn a_response_to_another_command_leaves_the_request_waiting() {
        let mut window = Window::default();
        window.push(7, 4, Ms(0));
        assert_eq!(window.take(7, |command| command == 5), Found::Other);
        assert_eq!(window.take(7, |command| command == 4), Found::Sent);
    }
}
