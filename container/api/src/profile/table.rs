//! Tables as handlers see them.

use super::{AnyProfile, Field, Held, Profile, ProfileDecl, Query, Value};
use crate::activity::{Handle, ProfileTableActivity};
use crate::context::Cx;
use crate::error::OpError;
use crate::id::TableIx;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

/// A profile specification whose tables services may write (R-PR-05): `#[profile(writable)]`.
#[diagnostic::on_unimplemented(
    message = "profiles of `{Self}` are read-only for services",
    note = "management writes them; for services to write them too, put `#[profile(writable)]` on the specification"
)]
pub trait Writable: Profile {}

/// A table that a handler takes (R-PR-03).
#[derive(Clone, Copy, Debug)]
pub struct TableNeed {
    /// Its name.
    pub name: &'static str,
    /// Its specification.
    pub decl: ProfileDecl,
    /// Whether the service works without it, too.
    pub optional: bool,
}

/// Handler parameter: a table of profiles of `P` (R-PR-03).
///
/// It is the table named by `#[table("name")]` before the parameter, or else the one named like the specification.
pub struct Table<P> {
    ix: TableIx,
    of: PhantomData<fn() -> P>,
}

impl<P> Clone for Table<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Table<P> {}

impl<P> fmt::Debug for Table<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.ix).finish()
    }
}

/// Profiles that a query found; they and their order do not change.
pub type Profiles<P> = Vec<Held<P>>;

impl<P: Profile> Table<P> {
    pub(crate) const fn at(ix: TableIx) -> Self {
        Self {
            ix,
            of: PhantomData,
        }
    }

    /// The profile of a name, as this transaction sees it.
    #[must_use]
    pub fn find(&self, cx: &Cx<'_>, name: &str) -> Option<Held<P>> {
        Held::of(cx.host().profile(self.ix, name)?.clone())
    }
    /// A profile whose attribute has this value; of several, the one that was made first.
    ///
    /// # Errors
    /// The attribute has no index, and the table is too large to be searched.
    pub fn find_by<V: Value>(
        &self,
        cx: &Cx<'_>,
        field: Field<P, V>,
        value: V::Arg<'_>,
    ) -> Result<Option<Held<P>>, OpError> {
        self.first(cx, &field.eq(value))
    }
    /// The first that a query finds.
    ///
    /// # Errors
    /// The query would have to look at more profiles than `profile_scan` says.
    pub fn first(&self, cx: &Cx<'_>, query: &Query<P>) -> Result<Option<Held<P>>, OpError> {
        let found = cx.host().first_profile(self.ix, query.expr().0)?;
        Ok(found.and_then(Held::of))
    }
    /// What a query finds, the default profile never.
    ///
    /// # Errors
    /// More than `profile_matches` fit and the query names no maximum, or it would have to look at more profiles than
    /// `profile_scan` says.
    pub fn query(&self, cx: &Cx<'_>, query: &Query<P>) -> Result<Profiles<P>, OpError> {
        let (expr, max) = query.expr();
        let found = cx.host().query_profiles(self.ix, expr, max)?;
        Ok(found.into_iter().filter_map(Held::of).collect())
    }
    /// Its activity, on which changes of its profiles are fired: whoever attaches to it hears of them (R-PE-02).
    #[must_use]
    pub fn activity(&self, cx: &Cx<'_>) -> Option<Handle<ProfileTableActivity>> {
        cx.host().table_activity(self.ix).map(Handle::from_id)
    }
    /// How many profiles it has.
    #[must_use]
    pub fn len(&self, cx: &Cx<'_>) -> usize {
        cx.host().count_profiles(self.ix)
    }
    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self, cx: &Cx<'_>) -> bool {
        self.len(cx) == 0
    }
}

// The bound stands at each method: so the compiler says what it means.
impl<P: Profile> Table<P> {
    /// Makes a profile. `change` finds the values of the table's default profile (R-PR-02).
    ///
    /// # Errors
    /// The name is taken, empty or too long; the values are refused, or one that is unique is taken; a limit was reached.
    pub fn create(
        &self,
        cx: &mut Cx<'_>,
        name: &str,
        change: impl FnOnce(&mut P),
    ) -> Result<Held<P>, OpError>
    where
        P: Writable,
    {
        let mut profile = match cx.host().default_profile(self.ix) {
            Some(preset) => own::<P>(preset)?,
            None => return Err(OpError::NoTable(P::SPEC.name)),
        };
        change(&mut profile);
        let row = cx
            .host_mut()
            .put_profile(self.ix, name, Box::new(profile), true)?;
        Held::of(row).ok_or(OpError::NoTable(P::SPEC.name))
    }
    /// Changes a profile. Who holds it goes on seeing the values from before.
    ///
    /// # Errors
    /// There is no such profile; the values are refused, or one that is unique is taken.
    pub fn update(
        &self,
        cx: &mut Cx<'_>,
        name: &str,
        change: impl FnOnce(&mut P),
    ) -> Result<Held<P>, OpError>
    where
        P: Writable,
    {
        let mut profile = (*self.find(cx, name).ok_or(OpError::NoProfile)?).clone();
        change(&mut profile);
        let row = cx
            .host_mut()
            .put_profile(self.ix, name, Box::new(profile), false)?;
        Held::of(row).ok_or(OpError::NoTable(P::SPEC.name))
    }
    /// Removes a profile; `false` if there was none.
    ///
    /// # Errors
    /// The transaction has too many effects.
    pub fn remove(&self, cx: &mut Cx<'_>, name: &str) -> Result<bool, OpError>
    where
        P: Writable,
    {
        cx.host_mut().remove_profile(self.ix, name)
    }
}

fn own<P: Profile>(profile: &dyn AnyProfile) -> Result<P, OpError> {
    let any: &dyn Any = profile;
    any.downcast_ref::<P>()
        .cloned()
        .ok_or(OpError::NoTable(P::SPEC.name))
}
