//! A table as it was at one instant, for whoever reads it on another thread: shared, not copied.

use super::search::Bounds;
use super::table::Table;
use std::sync::Arc;
use strowger::OpError;
use strowger::profile::{AnyProfile, Expr, ProfileDecl, SharedRow};

/// What a table held when it was taken. Keeping it costs memory for what is written meanwhile.
#[derive(Clone)]
pub struct ProfileSnapshot {
    table: Arc<Table>,
    bounds: Bounds,
}

impl ProfileSnapshot {
    pub(super) fn new(table: &Table, bounds: Bounds) -> Self {
        let table = Arc::new(table.snapshot());
        Self { table, bounds }
    }
    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.table.name
    }
    /// Its specification.
    #[must_use]
    pub fn decl(&self) -> &ProfileDecl {
        &self.table.decl
    }
    /// Its default profile.
    #[must_use]
    pub fn default_profile(&self) -> &dyn AnyProfile {
        &*self.table.default
    }
    /// How many profiles it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }
    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The profile of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&SharedRow> {
        self.table.find(name)
    }
    /// The profiles after a name, or all, in the order of their names.
    pub fn after<'a>(&'a self, name: Option<&str>) -> impl Iterator<Item = &'a SharedRow> {
        // No name ends in a zero that is the next after another: so this is the first key after the name.
        let from = name.map(|name| [name.as_bytes(), &[0]].concat());
        let rows = self.table.rows.range(&from.unwrap_or_default(), None);
        rows.map(|(_, row)| row)
    }
    /// The profiles that fit, at most `max` if it is given (R-PQ-02).
    ///
    /// # Errors
    /// It would have to look at more than `profile_scan` profiles, or finds more than `profile_matches`.
    pub fn search(&self, query: &Expr, max: Option<usize>) -> Result<Vec<SharedRow>, OpError> {
        self.table.search(query, max, self.bounds)
    }
}

impl std::fmt::Debug for ProfileSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProfileSnapshot")
            .field("name", &self.table.name)
            .field("profiles", &self.table.len())
            .finish_non_exhaustive()
    }
}
