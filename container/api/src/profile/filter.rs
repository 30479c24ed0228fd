//! Queries that management makes at run time, of attributes by their names (R-PQ-02). They find what typed ones find.

use super::{Comparison, Expr, Kind, NotOfKind, ProfileDecl, Scalar};

/// Conditions within conditions: more are refused.
const DEPTH: usize = 32;

/// A query by the names of attributes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Filter {
    /// Every profile.
    All,
    /// The attribute compares so with the value.
    Compare(Box<str>, Comparison, Scalar),
    /// It is at least the first and at most the second.
    Range(Box<str>, Scalar, Scalar),
    /// It begins with the text.
    HasPrefix(Box<str>, Box<str>),
    /// It is a prefix of the text, the longest in the table.
    LongestPrefixOf(Box<str>, Box<str>),
    /// All of them hold.
    And(Vec<Self>),
    /// One or more of them hold.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
}

/// Why a query cannot be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The specification has no such attribute.
    #[error("there is no attribute `{0}`")]
    NoAttribute(Box<str>),
    /// The attribute is opaque.
    #[error("`{0}` cannot be queried")]
    Opaque(Box<str>),
    /// The value is of another type.
    #[error("`{attribute}`: {source}")]
    Value {
        /// The attribute.
        attribute: Box<str>,
        /// What it takes.
        source: NotOfKind,
    },
    /// The attribute is no text, so it has no prefix.
    #[error("`{0}` is no text, so it has no prefix")]
    NoText(Box<str>),
    /// Conditions are nested too deeply.
    #[error("conditions are nested more than {DEPTH} deep")]
    Deep,
}

impl ProfileDecl {
    /// The query, for profiles of this specification.
    ///
    /// # Errors
    /// See [`FilterError`].
    pub fn query(&self, filter: &Filter) -> Result<Expr, FilterError> {
        self.nested(filter, 0)
    }

    fn nested(&self, filter: &Filter, depth: usize) -> Result<Expr, FilterError> {
        if depth >= DEPTH {
            return Err(FilterError::Deep);
        }
        let all = |list: &[Filter]| {
            let each = list.iter().map(|filter| self.nested(filter, depth + 1));
            each.collect::<Result<Vec<_>, _>>()
        };
        Ok(match filter {
            Filter::All => Expr::All,
            Filter::Compare(name, how, value) => {
                let (attribute, kind) = self.queried(name)?;
                Expr::Compare(attribute, *how, key(name, kind, value)?)
            }
            Filter::Range(name, low, high) => {
                let (attribute, kind) = self.queried(name)?;
                Expr::Range(attribute, key(name, kind, low)?, key(name, kind, high)?)
            }
            Filter::HasPrefix(name, prefix) => {
                Expr::HasPrefix(self.text(name)?, Box::from(prefix.as_bytes()))
            }
            Filter::LongestPrefixOf(name, text) => {
                Expr::LongestPrefixOf(self.text(name)?, Box::from(text.as_bytes()))
            }
            Filter::And(list) => Expr::And(all(list)?),
            Filter::Or(list) => Expr::Or(all(list)?),
            Filter::Not(inner) => Expr::Not(Box::new(self.nested(inner, depth + 1)?)),
        })
    }

    fn queried(&self, name: &str) -> Result<(usize, Kind), FilterError> {
        let place = self.attribute(name);
        let place = place.ok_or_else(|| FilterError::NoAttribute(Box::from(name)))?;
        let kind = self.attributes.get(place).and_then(|a| a.kind);
        let kind = kind.ok_or_else(|| FilterError::Opaque(Box::from(name)))?;
        Ok((place, kind))
    }
    fn text(&self, name: &str) -> Result<usize, FilterError> {
        let (place, kind) = self.queried(name)?;
        if kind == Kind::Text {
            Ok(place)
        } else {
            Err(FilterError::NoText(Box::from(name)))
        }
    }
}

fn key(name: &str, kind: Kind, value: &Scalar) -> Result<Box<[u8]>, FilterError> {
    let mut out = Vec::new();
    let made = kind.key(value, &mut out);
    made.map_err(|source| FilterError::Value {
        attribute: Box::from(name),
        source,
    })?;
    Ok(out.into_boxed_slice())
}
