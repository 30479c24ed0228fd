//! Exit codes: what a script or a supervisor can tell from how the process ended.

use std::fmt::Write as _;
use std::process::ExitCode;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command line cannot be understood, or names something that does not exist.
    Usage,
    /// The configuration cannot be used.
    Configuration,
    /// A running node does not answer or refuses, or the system refuses a file.
    Refused,
    /// Something that should always be possible was not.
    Internal,
    /// As the node ended.
    Node(strowger_node::Exit),
}

/// Every code that `strowger` ends with, those of a running node included.
const TABLE: [(u8, &str); 9] = [
    (0, "done; a node that was told to stop has stopped"),
    (
        1,
        "a running node does not answer or refuses, or the system refuses a file",
    ),
    (2, "the command line is wrong, or names what is not there"),
    (
        3,
        "the configuration is wrong: nothing was started or changed",
    ),
    (
        4,
        "the store cannot be opened: damaged, of an unknown format, or in use",
    ),
    (
        5,
        "the node cannot start: an address, space on the disk or another resource is refused",
    ),
    (70, "a bug ended the process; a restart recovers"),
    (
        74,
        "the store failed while the node ran; a restart recovers",
    ),
    (
        75,
        "the node's thread did not come back; a restart recovers",
    ),
];

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::Refused => 1,
            Self::Node(exit) => exit.code(),
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Internal => 70,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// The codes, for help.
pub(crate) fn table() -> String {
    table_of(&TABLE.map(|(code, _)| code))
}

/// Some of the codes, for help.
pub(crate) fn table_of(codes: &[u8]) -> String {
    let mut text = String::from("Exit codes:\n");
    for (code, meaning) in TABLE.iter().filter(|(code, _)| codes.contains(code)) {
        let _ = writeln!(text, "  {code:<3} {meaning}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Exit, TABLE};

    #[test]
    fn every_code_is_in_the_table() {
        use strowger_node::Exit as Node;
        let node = [
            Node::Clean,
            Node::Config,
            Node::StoreRefused,
            Node::StartFailed,
            Node::Panicked,
            Node::StoreFailed,
            Node::Hung,
        ];
        let own = [
            Exit::Usage,
            Exit::Configuration,
            Exit::Internal,
            Exit::Refused,
        ];
        for exit in own.into_iter().chain(node.map(Exit::Node)) {
            assert!(
                TABLE.iter().any(|(code, _)| *code == exit.code()),
                "{exit:?}"
            );
        }
    }
}
