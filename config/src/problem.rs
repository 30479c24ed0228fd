//! What can be wrong with a configuration. Each problem has a code, and each code a page in docs/errors.

use crate::path::KeyPath;
use crate::source::Place;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// One problem, as the user is told it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A file cannot be opened or read.
    #[error("cannot read `{file}`: {error}")]
    Unreadable {
        /// The file, as it was named.
        file: String,
        /// What the operating system said.
        error: Arc<std::io::Error>,
    },
    /// A file is not TOML.
    #[error("not valid TOML: {}", error.message())]
    Syntax {
        /// What the parser said.
        error: toml::de::Error,
    },
    /// A value is of another type than its key.
    #[error("`{key}` must be {expected}, not {found}")]
    WrongType {
        /// The key.
        key: KeyPath,
        /// What the key takes.
        expected: &'static str,
        /// What was written.
        found: &'static str,
    },
    /// A number, a size or the length of a text or list is outside its bounds.
    #[error("`{key}` must be {bounds}, not {value}")]
    OutOfRange {
        /// The key.
        key: KeyPath,
        /// What was written.
        value: String,
        /// The bounds, both included, in words.
        bounds: String,
    },
    /// A word is not one of those that the key takes.
    #[error("`{value}` is not a value of `{key}`")]
    NotAChoice {
        /// The key.
        key: KeyPath,
        /// What was written.
        value: String,
    },
    /// A text does not have the form that the key asks for.
    #[error("`{value}`, the value of `{key}`, is not {expected}")]
    Malformed {
        /// The key.
        key: KeyPath,
        /// What was written.
        value: String,
        /// The form.
        expected: &'static str,
    },
    /// A required key is missing.
    #[error("the key `{key}` is missing")]
    MissingKey {
        /// The key.
        key: KeyPath,
    },
    /// An adaptor is of a type that this binary does not contain.
    #[error("the adaptor `{name}` is of the type `{kind}`, which this node does not have")]
    UnknownAdaptor {
        /// The adaptor's name.
        name: String,
        /// Its type.
        kind: String,
    },
    /// A service is of a kind that this binary does not contain.
    #[error("the service `{name}` is of the kind `{kind}`, which this node does not have")]
    UnknownService {
        /// The service's name.
        name: String,
        /// Its kind.
        kind: String,
    },
    /// A profile table is of a specification that no service of this binary brings.
    #[error(
        "the profile table `{table}` is of the specification `{specification}`, which this node does not have"
    )]
    UnknownSpecification {
        /// The table.
        table: String,
        /// The specification.
        specification: String,
    },
    /// Two services are versions of one, and both are to be active.
    #[error("the services `{service}` and `{other}` are both `{kind}`, and both are active")]
    BothActive {
        /// The later service.
        service: String,
        /// The earlier service.
        other: String,
        /// The name of what both of them are.
        kind: String,
    },
    /// Two listeners would bind the same address.
    #[error("the listener `{listener}` claims {address}, which `{other}` has already")]
    AddressTaken {
        /// The later listener.
        listener: KeyPath,
        /// Transport and address.
        address: String,
        /// The earlier listener.
        other: KeyPath,
    },
    /// A service uses a link that leads to no adaptor.
    #[error("the service `{service}` uses the link `{link}`, which no adaptor has")]
    UnboundLink {
        /// The service.
        service: String,
        /// The link name.
        link: String,
    },
    /// A service uses a link that leads to an adaptor of another type.
    #[error("`{key}` leads to the adaptor `{adaptor}`, which is not of the type `{adaptor_type}`")]
    WrongAdaptor {
        /// The key of the link.
        key: KeyPath,
        /// The adaptor that it leads to.
        adaptor: String,
        /// The type that the service needs.
        adaptor_type: String,
    },
    /// A service uses an adaptor type of which there is no entity, or more than one without a link to choose it by.
    #[error(
        "the service `{service}` needs one adaptor of the type `{adaptor_type}`, and there are {candidates}"
    )]
    NoAdaptor {
        /// The service.
        service: String,
        /// The adaptor type.
        adaptor_type: String,
        /// How many entities of that type exist.
        candidates: usize,
    },
    /// Two adaptors claim one link name.
    #[error("the link name `{link}` of the adaptor `{adaptor}` belongs to `{other}` already")]
    LinkTaken {
        /// The link name.
        link: String,
        /// The later adaptor.
        adaptor: String,
        /// The earlier adaptor.
        other: String,
    },
    /// A flag is not `key=value`.
    #[error("`{flag}` is not of the form key=value")]
    BadFlag {
        /// The flag.
        flag: String,
    },
    /// A key that does not exist.
    #[error("unknown key `{key}`")]
    UnknownKey {
        /// The key.
        key: KeyPath,
    },
    /// A variable looks like a key but lacks the double underscore; it has no effect.
    #[error("the environment variable `{variable}` has no effect")]
    IgnoredVariable {
        /// The variable.
        variable: String,
    },
    /// Two tables stand for one version of a service.
    #[error("the services `{service}` and `{other}` are both `{kind}` of version {version}")]
    SameVersion {
        /// The later service.
        service: String,
        /// The earlier one.
        other: String,
        /// What both are.
        kind: String,
        /// Its version.
        version: String,
    },
    /// Two values do not go together.
    #[error("`{key}` must not be {relation} `{other}`")]
    Contradiction {
        /// The key to blame.
        key: KeyPath,
        /// How it must not relate to the other.
        relation: &'static str,
        /// The other key.
        other: KeyPath,
    },
    /// An adaptor or a service refuses its own settings.
    #[error("`{key}`: {error}")]
    Refused {
        /// The key.
        key: KeyPath,
        /// What the component says.
        error: Arc<dyn Error + Send + Sync>,
    },
    /// A file or variable is not UTF-8.
    #[error("`{name}` is not UTF-8 text")]
    NotUtf8 {
        /// The file or variable.
        name: String,
    },
    /// A file is larger than a configuration may be.
    #[error("`{file}` is larger than {limit} bytes")]
    TooLarge {
        /// The file.
        file: String,
        /// The limit.
        limit: u64,
    },
    /// A value passed the checks of its schema but not those of its type.
    #[error("`{key}` is not acceptable: {error}")]
    Unfit {
        /// The key.
        key: KeyPath,
        /// What the type says.
        error: Arc<dyn Error + Send + Sync>,
    },
}

impl Problem {
    /// The code, whose page is docs/errors/CODE.md.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "CFG-001",
            Self::Syntax { .. } => "CFG-002",
            Self::WrongType { .. } => "CFG-003",
            Self::OutOfRange { .. } => "CFG-004",
            Self::NotAChoice { .. } => "CFG-005",
            Self::Malformed { .. } => "CFG-006",
            Self::MissingKey { .. } => "CFG-007",
            Self::UnknownAdaptor { .. } => "CFG-008",
            Self::UnknownService { .. } => "CFG-009",
            Self::AddressTaken { .. } => "CFG-010",
            Self::UnboundLink { .. } | Self::WrongAdaptor { .. } | Self::NoAdaptor { .. } => {
                "CFG-011"
            }
            Self::LinkTaken { .. } => "CFG-012",
            Self::BadFlag { .. } => "CFG-013",
            Self::UnknownKey { .. } => "CFG-014",
            Self::IgnoredVariable { .. } => "CFG-015",
            Self::Contradiction { .. } => "CFG-016",
            Self::Refused { .. } => "CFG-017",
            Self::NotUtf8 { .. } => "CFG-018",
            Self::TooLarge { .. } => "CFG-019",
            Self::Unfit { .. } => "CFG-020",
            Self::UnknownSpecification { .. } => "CFG-021",
            Self::BothActive { .. } | Self::SameVersion { .. } => "CFG-022",
        }
    }

    /// The key that the problem is about, where it is about one.
    #[must_use]
    pub fn key(&self) -> Option<&KeyPath> {
        match self {
            Self::WrongType { key, .. }
            | Self::OutOfRange { key, .. }
            | Self::NotAChoice { key, .. }
            | Self::Malformed { key, .. }
            | Self::MissingKey { key }
            | Self::UnknownKey { key }
            | Self::Contradiction { key, .. }
            | Self::WrongAdaptor { key, .. }
            | Self::Refused { key, .. }
            | Self::Unfit { key, .. } => Some(key),
            Self::AddressTaken { listener, .. } => Some(listener),
            Self::Unreadable { .. }
            | Self::Syntax { .. }
            | Self::UnknownAdaptor { .. }
            | Self::UnknownService { .. }
            | Self::UnknownSpecification { .. }
            | Self::BothActive { .. }
            | Self::SameVersion { .. }
            | Self::UnboundLink { .. }
            | Self::NoAdaptor { .. }
            | Self::LinkTaken { .. }
            | Self::BadFlag { .. }
            | Self::IgnoredVariable { .. }
            | Self::NotUtf8 { .. }
            | Self::TooLarge { .. } => None,
        }
    }
}

/// A problem with the place that it is about.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What is wrong.
    pub problem: Problem,
    /// Where; `None` when it is about no text, such as a file that cannot be read.
    pub place: Option<Place>,
    /// A second place with a word on it, such as the other listener of a clash.
    pub related: Option<(Place, &'static str)>,
    /// What to do, where that can be said.
    pub hint: Option<String>,
}

impl Finding {
    pub(crate) fn at(problem: Problem, place: impl Into<Option<Place>>) -> Self {
        let place = place.into();
        Self {
            problem,
            place,
            related: None,
            hint: None,
        }
    }

    pub(crate) fn nowhere(problem: Problem) -> Self {
        Self::at(problem, None)
    }

    pub(crate) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }

    pub(crate) fn related(mut self, place: Option<Place>, word: &'static str) -> Self {
        self.related = place.map(|place| (place, word));
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.problem.code(), self.problem)?;
        if let Some(place) = &self.place {
            write!(f, " ({place})")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// A configuration that cannot be used: everything that is wrong with it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the configuration has {} {}", findings.len() + more, if findings.len() + more == 1 { "problem" } else { "problems" })]
pub struct Rejected {
    /// The problems, in the order of the layers and of their texts.
    pub findings: Vec<Finding>,
    /// How many more there are than are listed.
    pub more: usize,
}

/// More than anyone reads at once.
const MAX_FINDINGS: usize = 100;

impl Rejected {
    pub(crate) fn new(mut findings: Vec<Finding>) -> Self {
        let more = findings.len().saturating_sub(MAX_FINDINGS);
        findings.truncate(MAX_FINDINGS);
        Self { findings, more }
    }
}

impl From<Finding> for Rejected {
    fn from(finding: Finding) -> Self {
        Self::new(vec![finding])
    }
}
