//! Where a key was written: a place in a file, a variable or a flag.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// What a source of configuration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// The defaults inside the binary.
    Defaults,
    /// A file.
    File,
    /// An environment variable.
    Environment,
    /// A `key=value` flag.
    Flag,
}

/// One source: a file with its text, or a variable or flag, whose text is its name.
///
/// The value of a variable is not part of the text: it may be a secret, and texts are printed with errors.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// What it is.
    pub kind: SourceKind,
    /// The file's path as it was given, the variable's name, or the flag's key.
    pub name: String,
    /// What spans point into.
    pub text: String,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text of a file is long and says nothing here.
        write!(f, "{:?} {:?}", self.kind, self.name)
    }
}

/// A piece of a source's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The source.
    pub source: Arc<Source>,
    /// Bytes of the source's text.
    pub span: Range<usize>,
}

impl Place {
    /// The whole of a source.
    #[must_use]
    pub fn whole(source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            span: 0..source.text.len(),
        }
    }

    /// Line and column of the span's start, both from 1; columns count characters.
    #[must_use]
    pub fn line_column(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.span.start).unwrap_or_default();
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        (line, column)
    }

    /// The text of the line in which the span starts.
    #[must_use]
    pub fn line_text(&self) -> &str {
        let text = self.source.text.as_str();
        let start = self.span.start.min(text.len());
        let before = text.get(..start).unwrap_or_default();
        let from = before.rfind('\n').map_or(0, |n| n + 1);
        text.get(from..)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default()
    }

    /// The text of the span.
    #[must_use]
    pub fn text(&self) -> &str {
        self.source.text.get(self.span.clone()).unwrap_or_default()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.source.name;
        match self.source.kind {
            SourceKind::Defaults => f.write_str("default"),
            SourceKind::File => {
                let (line, column) = self.line_column();
                write!(f, "{name}:{line}:{column}")
            }
            SourceKind::Environment => write!(f, "environment variable {name}"),
            SourceKind::Flag => write!(f, "flag --set {name}=.."),
        }
    }
}
