//! What an event of the poll is about.

use mio::Token;

/// One registered with the poll.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    Waker,
    Port(u32),
    Acceptor(u32),
    Stream(u32),
}

impl From<Source> for Token {
    fn from(source: Source) -> Self {
        let (kind, n) = match source {
            Source::Waker => (0, 0),
            Source::Port(n) => (1, n),
            Source::Acceptor(n) => (2, n),
            Source::Stream(n) => (3, n),
        };
        Self(kind << 32 | n as usize)
    }
}

impl From<Token> for Source {
    fn from(token: Token) -> Self {
        let n = token.0 as u32;
        match token.0 >> 32 {
            1 => Self::Port(n),
            2 => Self::Acceptor(n),
            3 => Self::Stream(n),
            _ => Self::Waker,
        }
    }
}
