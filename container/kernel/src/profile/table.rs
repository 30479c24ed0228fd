//! One table: its profiles by name, and its indexes. Copying it gives a snapshot that shares everything.

use super::tree::Tree;
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
#[derive(Clone)]
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
    pub(super) indexes: Vec<Index>,
}

/// The profiles of a table by the value of an attribute. One without a value is not in it.
#[derive(Clone)]
pub(super) struct Index {
    pub(super) attribute: usize,
    pub(super) unique: bool,
    pub(super) tree: Tree,
}

impl Index {
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
    ) -> Self {
        let indexed = |(place, attribute): (usize, &strowger::profile::AttributeDecl)| {
            (attribute.unique || attribute.indexed).then(|| Index {
                attribute: place,
                unique: attribute.unique,
                tree: Tree::default(),
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
            indexes: indexes.collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
    pub(crate) fn find(&self, name: &str) -> Option<&SharedRow> {
        self.rows.get(name.as_bytes())
    }

    /// Whether these are values of its specification.
    pub(crate) fn is_of_its_type(&self, profile: &dyn AnyProfile) -> bool {
        let (own, other): (&dyn Any, &dyn Any) = (&*self.default, profile);
        own.type_id() == other.type_id()
    }
    /// Whether a profile of that name may have these values beside the others.
    pub(crate) fn check(&self, name: &str, profile: &dyn AnyProfile) -> Result<(), OpError> {
        if name.is_empty() || name.len() > NAME {
            return Err(OpError::InvalidArgument("name of a profile"));
        }
        profile.verify().map_err(OpError::InvalidProfile)?;
        let mut value = Vec::new();
        for index in self.indexes.iter().filter(|index| index.unique) {
            value.clear();
            if !profile.key(index.attribute, &mut value) {
                continue;
            }
            if index.tree.get(&value).is_some_and(|row| row.name() != name) {
                let attribute = self.decl.attributes.get(index.attribute);
                return Err(OpError::NotUnique(attribute.map_or("", |a| a.name)));
            }
        }
        Ok(())
    }

    /// Puts a row in its place, or takes away the one of that name; gives the one that was there.
    pub(crate) fn put(&mut self, name: &str, row: Option<&SharedRow>) -> Option<SharedRow> {
        let old = match row {
            Some(row) => self.rows.insert(name.as_bytes(), Arc::clone(row)),
            None => self.rows.remove(name.as_bytes()),
        };
        let (mut value, mut was, mut is) = (Vec::new(), Vec::new(), Vec::new());
        for index in &mut self.indexes {
            let mut key = |row: Option<&SharedRow>, out: &mut Vec<u8>| {
                value.clear();
                let row = row?;
                let some = row.profile().key(index.attribute, &mut value);
                some.then(|| index.key(row, &value, out))
            };
            let (before, after) = (key(old.as_ref(), &mut was), key(row, &mut is));
            if before.is_some() && (after.is_none() || was != is) {
                index.tree.remove(&was);
            }
            if let (Some(()), Some(row)) = (after, row) {
                index.tree.insert(&is, Arc::clone(row));
            }
        }
        old
    }
}
