//! One table: its profiles by name, and its indexes. A snapshot of it shares everything but the quick ways to a row.

use super::exact::{By, Exact};
use super::tree::Tree;
use ahash::RandomState;
use std::any::Any;
use std::sync::Arc;
use strowger::OpError;
use strowger::id::{ActivityId, ComponentId};
use strowger::profile::{AnyProfile, ProfileDecl, SharedRow};
use strowger::state::Schema;

/// Bytes of a row's number at the end of a key of an index that is not unique.
pub(super) const NUMBER: usize = 6;

/// Longest name of a profile, in bytes.
const NAME: usize = 255;

/// A table of profiles.
pub(crate) struct Table {
    pub(crate) name: Arc<str>,
    /// What its records are found by.
    pub(crate) number: u64,
    pub(crate) decl: ProfileDecl,
    pub(crate) spec: ComponentId,
    pub(crate) schema: Arc<Schema>,
    pub(crate) default: Arc<dyn AnyProfile>,
    /// On which changes are fired.
    pub(crate) activity: Option<ActivityId>,
    /// The number of the next row.
    pub(crate) next: u64,
    pub(super) rows: Tree,
    /// `None` in a snapshot.
    names: Option<Exact>,
    pub(super) indexes: Vec<Index>,
}

/// The profiles of a table by the value of an attribute. One without a value is not in it.
pub(super) struct Index {
    pub(super) attribute: usize,
    pub(super) unique: bool,
    pub(super) tree: Tree,
    /// The first row of each value; `None` in a snapshot.
    pub(super) values: Option<Exact>,
}

impl Index {
    fn snapshot(&self) -> Self {
        Self {
            tree: self.tree.clone(),
            values: None,
            ..*self
        }
    }
    /// The row that was made first of those that have a value.
    pub(super) fn get(&self, value: &[u8]) -> Option<&SharedRow> {
        match &self.values {
            Some(values) => values.get(value),
            None => self.first_of(value),
        }
    }
    fn first_of(&self, value: &[u8]) -> Option<&SharedRow> {
        if self.unique {
            return self.tree.get(value);
        }
        let first = self.first(value);
        let (key, row) = self.tree.range(&first, None).next()?;
        key.starts_with(&first).then_some(row)
    }
    /// A row has this value, which another may have had before.
    fn add(&mut self, value: &[u8], key: &[u8], row: &SharedRow) {
        self.tree.insert(key, Arc::clone(row));
        if let Some(values) = &mut self.values {
            let (number, unique) = (row.number(), self.unique);
            values.put(value, row, |other| !unique && other.number() < number);
        }
    }
    /// It has it no longer.
    fn take(&mut self, value: &[u8], key: &[u8], row: &SharedRow) {
        let own = |found: &SharedRow| found.number() == row.number();
        if self.tree.get(key).is_some_and(own) {
            self.tree.remove(key);
        }
        let first = self.get(value).map(|first| first.number());
        if first != Some(row.number()) {
            return;
        }
        let next = self.first_of(value).cloned();
        match (&mut self.values, next) {
            (Some(values), Some(next)) => values.put(value, &next, |_| false),
            (Some(values), None) => values.remove(value),
            (None, _) => {}
        }
    }
    /// The key of a value: itself where it is unique; else what [`escape`] makes of it, a zero, and the row's number.
    fn key(&self, row: &SharedRow, value: &[u8], out: &mut Vec<u8>) {
        out.clear();
        if self.unique {
            out.extend_from_slice(value);
            return;
        }
        escape(value, out);
        out.push(0);
        let number = row.number().to_be_bytes();
        out.extend_from_slice(number.get(8 - NUMBER..).unwrap_or_default());
    }
}

/// Appends bytes without a zero, so that one can end them, in the same order.
pub(super) fn escape(value: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        match byte {
            0 | 1 => out.extend_from_slice(&[1, byte + 1]),
            _ => out.push(*byte),
        }
    }
}

impl Table {
    pub(crate) fn new(
        name: &str,
        number: u64,
        decl: ProfileDecl,
        default: Box<dyn AnyProfile>,
        hasher: &RandomState,
    ) -> Self {
        let indexed = |(place, attribute): (usize, &strowger::profile::AttributeDecl)| {
            (attribute.unique || attribute.indexed).then(|| Index {
                attribute: place,
                unique: attribute.unique,
                tree: Tree::default(),
                values: Some(Exact::new(By::Attribute(place), hasher.clone())),
            })
        };
        let indexes = decl.attributes.iter().enumerate().filter_map(indexed);
        Self {
            name: Arc::from(name),
            number,
            decl,
            spec: decl.spec.id(),
            schema: Arc::new((decl.schema)()),
            default: Arc::from(default),
            activity: None,
            next: 1,
            rows: Tree::default(),
            names: Some(Exact::new(By::Name, hasher.clone())),
            indexes: indexes.collect(),
        }
    }
    /// What it holds, for readers on other threads. It is not to be written.
    pub(crate) fn snapshot(&self) -> Self {
        Self {
            name: Arc::clone(&self.name),
            schema: Arc::clone(&self.schema),
            default: Arc::clone(&self.default),
            rows: self.rows.clone(),
            names: None,
            indexes: self.indexes.iter().map(Index::snapshot).collect(),
            ..*self
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
    pub(crate) fn find(&self, name: &str) -> Option<&SharedRow> {
        match &self.names {
            Some(names) => names.get(name.as_bytes()),
            None => self.rows.get(name.as_bytes()),
        }
    }

    /// Whether these are values of its specification.
    pub(crate) fn is_of_its_type(&self, profile: &dyn AnyProfile) -> bool {
        let (own, other): (&dyn Any, &dyn Any) = (&*self.default, profile);
        own.type_id() == other.type_id()
    }
    /// Whether a profile may have that name.
    pub(crate) const fn may_have(name: &str) -> bool {
        !name.is_empty() && name.len() <= NAME
    }
    /// Whether a profile of that name may have these values beside the others.
    pub(crate) fn check(&self, name: &str, profile: &dyn AnyProfile) -> Result<(), OpError> {
        if !Self::may_have(name) {
            return Err(OpError::InvalidArgument("name of a profile"));
        }
        profile.verify().map_err(OpError::InvalidProfile)?;
        match self.repeated(name, profile) {
            Some((attribute, _)) => Err(OpError::NotUnique(attribute)),
            None => Ok(()),
        }
    }
    /// The first unique attribute whose value another profile than that of the name has, and that profile.
    pub(crate) fn repeated(
        &self,
        name: &str,
        profile: &dyn AnyProfile,
    ) -> Option<(&'static str, &SharedRow)> {
        let mut value = Vec::new();
        let mut unique = self.indexes.iter().filter(|index| index.unique);
        unique.find_map(|index| {
            value.clear();
            if !profile.key(index.attribute, &mut value) {
                return None;
            }
            let other = index.get(&value).filter(|row| row.name() != name)?;
            let attribute = self.decl.attributes.get(index.attribute);
            Some((attribute.map_or("", |a| a.name), other))
        })
    }

    /// Puts a row in its place, or takes away the one of that name; gives the one that was there.
    pub(crate) fn put(&mut self, name: &str, row: Option<&SharedRow>) -> Option<SharedRow> {
        let name = name.as_bytes();
        let old = match row {
            Some(row) => self.rows.insert(name, Arc::clone(row)),
            None => self.rows.remove(name),
        };
        match (&mut self.names, row) {
            (Some(names), Some(row)) => names.put(name, row, |_| false),
            (Some(names), None) => names.remove(name),
            (None, _) => {}
        }
        let (mut was, mut is) = (Place::default(), Place::default());
        for index in &mut self.indexes {
            let before = old.as_ref().filter(|old| was.find(index, old));
            let after = row.filter(|row| is.find(index, row));
            if let Some(old) = before
                && (after.is_none() || was.key != is.key)
            {
                index.take(&was.value, &was.key, old);
            }
            if let Some(row) = after {
                index.add(&is.value, &is.key, row);
            }
        }
        old
    }
}

/// Where a row stands in an index.
#[derive(Default)]
struct Place {
    value: Vec<u8>,
    key: Vec<u8>,
}

impl Place {
    /// `false`: the row has no value, so it is not there.
    fn find(&mut self, index: &Index, row: &SharedRow) -> bool {
        self.value.clear();
        let some = row.profile().key(index.attribute, &mut self.value);
        if some {
            index.key(row, &self.value, &mut self.key);
        }
        some
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger::prelude::Profile;

    #[derive(Clone, Debug, Profile)]
    struct Line {
        #[profile(unique)]
        number: u64,
    }

    #[test]
    fn a_row_that_goes_leaves_that_of_another_in_the_index() {
        let hasher = RandomState::with_seeds(1, 2, 3, 4);
        let decl = ProfileDecl::of::<Line>();
        let mut table = Table::new("lines", 1, decl, (decl.default)(), &hasher);
        let row = |row, name| Box::new(Line { number: 7 }).into_row(row, name);
        table.put("a", Some(&row(1, "a")));
        table.put("b", Some(&row(2, "b")));
        table.put("a", None);
        let profile = Line { number: 7 };
        for table in [table.snapshot(), table] {
            let found = table.repeated("c", &profile);
            let found = found.map(|(attribute, row)| (attribute, row.name()));
            assert_eq!(found, Some(("number", "b")));
        }
    }
}
