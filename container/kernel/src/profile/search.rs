//! How a query is carried out: which part of which index is walked, and what of it fits (R-PQ-01).

use super::table::{Index, NUMBER, Table, escape};
use std::collections::BTreeSet;
use std::sync::Arc;
use strowger::OpError;
use strowger::profile::{Comparison, Expr, SharedRow};

/// What one query may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Profiles that are looked at.
    pub(crate) scan: usize,
    /// Profiles that are found; more are an error unless the query names a maximum.
    pub(crate) matches: usize,
}

/// Part of an index, or of the names: from the first key that is not less than one, to the last that is less than the other.
struct Span {
    /// `None`: the profiles by name.
    index: Option<usize>,
    from: Vec<u8>,
    to: Option<Vec<u8>>,
}

impl Table {
    /// The profiles that fit, in the order of the index that is walked, or of their names.
    pub(crate) fn search(
        &self,
        query: &Expr,
        max: Option<usize>,
        bounds: Bounds,
    ) -> Result<Vec<SharedRow>, OpError> {
        if let Some((found, only)) = self.at_once(query)
            && (only || max == Some(1))
        {
            let found = found.filter(|_| max != Some(0));
            return Ok(found.cloned().into_iter().collect());
        }
        let mut looked = 0;
        let query = &self.resolved(query, bounds, &mut looked)?;
        let spans = self.spans(query).unwrap_or_else(|| vec![Span::all()]);
        let several = spans.len() > 1;
        let mut seen = BTreeSet::new();
        let (mut found, mut scratch) = (Vec::new(), Vec::new());
        for span in &spans {
            let tree = match span.index {
                Some(index) => self.indexes.get(index).map(|index| &index.tree),
                None => Some(&self.rows),
            };
            let Some(tree) = tree else { continue };
            for (_, row) in tree.range(&span.from, span.to.as_deref()) {
                if max.is_some_and(|max| found.len() >= max) {
                    return Ok(found);
                }
                looked += 1;
                if looked > bounds.scan {
                    return Err(OpError::Limit("profile_scan"));
                }
                if !fits(query, row, &mut scratch) || (several && !seen.insert(row.number())) {
                    continue;
                }
                if max.is_none() && found.len() >= bounds.matches {
                    return Err(OpError::Limit("profile_matches"));
                }
                found.push(Arc::clone(row));
            }
        }
        Ok(found)
    }

    /// What handlers ask most: the profile of a value, and the longest prefix. An index has it as it is; `None`: it is to be
    /// searched for.
    pub(crate) fn first(&self, query: &Expr) -> Option<Option<&SharedRow>> {
        self.at_once(query).map(|(found, _)| found)
    }
    /// The first that fits, and whether it is the only one in any case.
    fn at_once(&self, query: &Expr) -> Option<(Option<&SharedRow>, bool)> {
        let (attribute, value, exact) = match query {
            Expr::Compare(attribute, Comparison::Equal, value) => (attribute, value, true),
            Expr::LongestPrefixOf(attribute, text) => (attribute, text, false),
            Expr::All
            | Expr::Compare(..)
            | Expr::Range(..)
            | Expr::HasPrefix(..)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Not(_) => return None,
        };
        let (_, index) = self.index(*attribute)?;
        let found = if exact {
            index.get(value)
        } else {
            index.longest_prefix(value)
        };
        Some((found, index.unique || found.is_none()))
    }

    /// The query with each longest prefix replaced by the value that it is.
    fn resolved(&self, query: &Expr, bounds: Bounds, looked: &mut usize) -> Result<Expr, OpError> {
        let mut all = Vec::new();
        if let Expr::And(list) | Expr::Or(list) = query {
            for each in list {
                all.push(self.resolved(each, bounds, looked)?);
            }
        }
        Ok(match query {
            Expr::LongestPrefixOf(attribute, text) => {
                match self.longest_prefix(*attribute, text, bounds, looked)? {
                    Some(value) => Expr::Compare(*attribute, Comparison::Equal, value),
                    None => Expr::Or(Vec::new()),
                }
            }
            Expr::And(_) => Expr::And(all),
            Expr::Or(_) => Expr::Or(all),
            Expr::Not(inner) => Expr::Not(Box::new(self.resolved(inner, bounds, looked)?)),
            Expr::All | Expr::Compare(..) | Expr::Range(..) | Expr::HasPrefix(..) => query.clone(),
        })
    }

    /// The longest value of an attribute that a text begins with.
    fn longest_prefix(
        &self,
        attribute: usize,
        text: &[u8],
        bounds: Bounds,
        looked: &mut usize,
    ) -> Result<Option<Box<[u8]>>, OpError> {
        if let Some(index) = self.indexes.iter().find(|i| i.attribute == attribute) {
            let mut value = Vec::new();
            let row = index.longest_prefix(text);
            let has = row.is_some_and(|row| row.profile().key(attribute, &mut value));
            return Ok(has.then(|| value.into_boxed_slice()));
        }
        let (mut longest, mut value) = (None::<Box<[u8]>>, Vec::new());
        for (_, row) in self.rows.range(b"", None) {
            *looked += 1;
            if *looked > bounds.scan {
                return Err(OpError::Limit("profile_scan"));
            }
            value.clear();
            if row.profile().key(attribute, &mut value)
                && text.starts_with(&value)
                && longest.as_ref().is_none_or(|l| l.len() < value.len())
            {
                longest = Some(Box::from(value.as_slice()));
            }
        }
        Ok(longest)
    }

    /// Parts of indexes that hold everything that fits; `None`: the whole table has to be walked.
    fn spans(&self, query: &Expr) -> Option<Vec<Span>> {
        match query {
            Expr::Compare(attribute, how, value) => {
                let (at, index) = self.index(*attribute)?;
                let (from, to) = match how {
                    Comparison::Equal => (index.first(value), Some(index.after(value))),
                    Comparison::NotEqual => return None,
                    Comparison::Less => (Vec::new(), Some(index.first(value))),
                    Comparison::AtMost => (Vec::new(), Some(index.after(value))),
                    Comparison::Greater => (index.after(value), None),
                    Comparison::AtLeast => (index.first(value), None),
                };
                Some(vec![Span::of(at, from, to)])
            }
            Expr::Range(attribute, low, high) => {
                let (at, index) = self.index(*attribute)?;
                let span = Span::of(at, index.first(low), Some(index.after(high)));
                Some(vec![span])
            }
            Expr::HasPrefix(attribute, prefix) => {
                let (at, index) = self.index(*attribute)?;
                let from = index.beginning(prefix);
                let to = next_prefix(&from);
                Some(vec![Span::of(at, from, to)])
            }
            // The first that can be found by one value, or else the first that an index helps with.
            Expr::And(list) => {
                let exact = list.iter().find(|q| self.is_exact(q));
                let exact = exact.and_then(|q| self.spans(q));
                exact.or_else(|| list.iter().find_map(|q| self.spans(q)))
            }
            Expr::Or(list) => {
                let each = list.iter().map(|q| self.spans(q));
                let all: Option<Vec<_>> = each.collect();
                all.map(|all| all.into_iter().flatten().collect())
            }
            Expr::All | Expr::Not(_) | Expr::LongestPrefixOf(..) => None,
        }
    }
    fn index(&self, attribute: usize) -> Option<(usize, &Index)> {
        let mut indexes = self.indexes.iter().enumerate();
        indexes.find(|(_, index)| index.attribute == attribute)
    }
    fn is_exact(&self, query: &Expr) -> bool {
        matches!(query, Expr::Compare(attribute, Comparison::Equal, _) if self.index(*attribute).is_some())
    }
}

impl Span {
    const fn all() -> Self {
        Self {
            index: None,
            from: Vec::new(),
            to: None,
        }
    }
    const fn of(index: usize, from: Vec<u8>, to: Option<Vec<u8>>) -> Self {
        Self {
            index: Some(index),
            from,
            to,
        }
    }
}

impl Index {
    /// What keys of values that begin so begin with.
    fn beginning(&self, value: &[u8]) -> Vec<u8> {
        if self.unique {
            return value.to_vec();
        }
        let mut out = Vec::with_capacity(value.len() + 8);
        escape(value, &mut out);
        out
    }
    /// No key of this value is less, and all of lesser ones are.
    pub(super) fn first(&self, value: &[u8]) -> Vec<u8> {
        let mut out = self.beginning(value);
        if !self.unique {
            out.push(0);
        }
        out
    }
    /// All keys of this value are less, and none of a greater one is.
    fn after(&self, value: &[u8]) -> Vec<u8> {
        let mut out = self.beginning(value);
        out.push(u8::from(!self.unique));
        out
    }
    /// The value of a key, as [`beginning`](Self::beginning) writes it.
    fn value<'a>(&self, key: &'a [u8]) -> &'a [u8] {
        let end = if self.unique {
            key.len()
        } else {
            key.len().saturating_sub(NUMBER + 1)
        };
        key.get(..end).unwrap_or_default()
    }

    /// The row that was made first of those with the longest value that a text begins with.
    fn longest_prefix(&self, text: &[u8]) -> Option<&SharedRow> {
        match &self.values {
            Some(values) => match values.longest_prefix(text) {
                Some(found) => found,
                None => self.longest_in_tree(text),
            },
            None => self.longest_in_tree(text),
        }
    }
    /// Each step goes to the last value that is not greater than what is left of the text; if it is no prefix of it, none is
    /// that is longer than what the two have in common.
    fn longest_in_tree(&self, text: &[u8]) -> Option<&SharedRow> {
        let text = self.beginning(text);
        let mut bound = text.clone();
        if !self.unique {
            bound.resize(text.len() + 1 + NUMBER, 0xff);
            if let Some(end) = bound.get_mut(text.len()) {
                *end = 0;
            }
        }
        loop {
            let (key, row) = self.tree.at_most(&bound)?;
            let value = self.value(key);
            let common = value.iter().zip(&text).take_while(|(a, b)| a == b).count();
            if common == value.len() {
                return if self.unique {
                    Some(row)
                } else {
                    let first = [value, &[0]].concat();
                    self.tree.range(&first, None).next().map(|(_, row)| row)
                };
            }
            bound.truncate(common);
            if !self.unique {
                bound.push(0);
                bound.resize(common + 1 + NUMBER, 0xff);
            }
        }
    }
}

/// The least bytes that are greater than all that begin so.
fn next_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.pop() {
        if last < u8::MAX {
            next.push(last + 1);
            return Some(next);
        }
    }
    None
}

/// Whether a profile fits. A longest prefix has been replaced before.
fn fits(query: &Expr, row: &SharedRow, scratch: &mut Vec<u8>) -> bool {
    match query {
        Expr::All => true,
        Expr::Compare(attribute, how, with) => {
            value(row, *attribute, scratch).is_some_and(|value| {
                let with: &[u8] = with;
                match how {
                    Comparison::Equal => value == with,
                    Comparison::NotEqual => value != with,
                    Comparison::Less => value < with,
                    Comparison::AtMost => value <= with,
                    Comparison::Greater => value > with,
                    Comparison::AtLeast => value >= with,
                }
            })
        }
        Expr::Range(attribute, low, high) => {
            value(row, *attribute, scratch).is_some_and(|value| **low <= *value && *value <= **high)
        }
        Expr::HasPrefix(attribute, prefix) => {
            value(row, *attribute, scratch).is_some_and(|value| value.starts_with(prefix))
        }
        Expr::LongestPrefixOf(attribute, text) => {
            value(row, *attribute, scratch).is_some_and(|value| text.starts_with(value))
        }
        Expr::And(list) => list.iter().all(|q| fits(q, row, scratch)),
        Expr::Or(list) => list.iter().any(|q| fits(q, row, scratch)),
        Expr::Not(inner) => !fits(inner, row, scratch),
    }
}

fn value<'a>(row: &SharedRow, attribute: usize, scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    scratch.clear();
    let has = row.profile().key(attribute, scratch);
    has.then_some(scratch.as_slice())
}
