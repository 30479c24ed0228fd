//! What a handler may take besides its event. A closed set: the trait is sealed.

use crate::activity::{Aci, Activity, Handle};
use crate::context::Cx;
use crate::error::{OpError, Result};
use crate::id::{Component, ComponentId, RaIx};
use crate::profile::{Profile, ProfileDecl, Table, TableNeed};
use crate::ra::Provider;
use crate::sbb::HandlerDecl;
use crate::usage::{Usage, UsageDecl, UsageNeed, UsageSet};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

mod sealed {
    pub trait Sealed {}
}

/// A parameter of a handler.
#[diagnostic::on_unimplemented(
    message = "a handler cannot take `{Self}`",
    label = "not one of `Aci<A>`, `Ra<T>`, `Conf<T>`, `Table<P>`, `UsageSet<U>`",
    note = "a handler takes `&mut self`, `&mut Cx`, its event as `&E`, and any of `Aci<A>`, `Ra<T>`, `Option<Ra<T>>`, `Conf<T>`, `Table<P>`, `Option<Table<P>>`, `UsageSet<U>`"
)]
pub trait Param: Sized + sealed::Sealed {
    /// Adds what the parameter needs to the handler's declaration.
    fn declare(handler: &mut HandlerDecl, link: Option<&'static str>);
    /// Makes the value for one delivery.
    ///
    /// # Errors
    /// When the link is unbound, or the settings are of another type: both are refused when the service is activated.
    fn extract(cx: &Cx<'_>, link: Option<&'static str>) -> Result<Self, OpError>;
}

impl<A> sealed::Sealed for Aci<A> {}
impl<A: Activity> Param for Aci<A> {
    fn declare(handler: &mut HandlerDecl, _link: Option<&'static str>) {
        handler.activity = Some(A::TYPE);
    }
    fn extract(cx: &Cx<'_>, _link: Option<&'static str>) -> Result<Self, OpError> {
        Ok(Self(Handle::from_id(
            cx.activity().ok_or(OpError::NoEvent)?,
        )))
    }
}

/// Handler parameter: the provider of a resource adaptor, through which the service commands it.
///
/// The adaptor entity is the one bound to the link named by `#[link("name")]` before the parameter, or else to the link
/// named like the adaptor's type (R-LK-02).
#[derive(Clone, Copy, Debug)]
pub struct Ra<T>(T);

impl<T: Provider> Ra<T> {
    /// Wraps a provider; for adaptors' own tests.
    #[must_use]
    pub const fn new(provider: T) -> Self {
        Self(provider)
    }
}

impl<T> Deref for Ra<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> sealed::Sealed for Ra<T> {}
impl<T: Provider> Param for Ra<T> {
    fn declare(handler: &mut HandlerDecl, link: Option<&'static str>) {
        handler.links.push(LinkDecl {
            name: link.unwrap_or(T::TYPE.name),
            ra_type: T::TYPE,
            optional: false,
        });
    }
    fn extract(cx: &Cx<'_>, link: Option<&'static str>) -> Result<Self, OpError> {
        let name = link.unwrap_or(T::TYPE.name);
        let entity = cx
            .link(name, T::TYPE.id())
            .ok_or(OpError::UnboundLink(name))?;
        Ok(Self(T::bind(entity)))
    }
}

/// An adaptor that the service works without, too: `None` where the node has none of its type.
impl<T> sealed::Sealed for Option<Ra<T>> {}
impl<T: Provider> Param for Option<Ra<T>> {
    fn declare(handler: &mut HandlerDecl, link: Option<&'static str>) {
        handler.links.push(LinkDecl {
            name: link.unwrap_or(T::TYPE.name),
            ra_type: T::TYPE,
            optional: true,
        });
    }
    fn extract(cx: &Cx<'_>, link: Option<&'static str>) -> Result<Self, OpError> {
        let entity = cx.link(link.unwrap_or(T::TYPE.name), T::TYPE.id());
        Ok(entity.map(|entity| Ra(T::bind(entity))))
    }
}

impl<P> sealed::Sealed for Table<P> {}
impl<P: Profile> Param for Table<P> {
    fn declare(handler: &mut HandlerDecl, link: Option<&'static str>) {
        handler.tables.push(need::<P>(link, false));
    }
    fn extract(cx: &Cx<'_>, link: Option<&'static str>) -> Result<Self, OpError> {
        let name = link.unwrap_or(P::SPEC.name);
        cx.table(name).map_err(|_| OpError::NoTable(name))
    }
}

/// A table that the service works without, too.
impl<P> sealed::Sealed for Option<Table<P>> {}
impl<P: Profile> Param for Option<Table<P>> {
    fn declare(handler: &mut HandlerDecl, link: Option<&'static str>) {
        handler.tables.push(need::<P>(link, true));
    }
    fn extract(cx: &Cx<'_>, link: Option<&'static str>) -> Result<Self, OpError> {
        Ok(cx.table(link.unwrap_or(P::SPEC.name)).ok())
    }
}

fn need<P: Profile>(name: Option<&'static str>, optional: bool) -> TableNeed {
    TableNeed {
        name: name.unwrap_or(P::SPEC.name),
        decl: ProfileDecl::of::<P>(),
        optional,
    }
}

impl<U> sealed::Sealed for UsageSet<U> {}
impl<U: Usage> Param for UsageSet<U> {
    fn declare(handler: &mut HandlerDecl, link: Option<&'static str>) {
        handler.usage.push(UsageNeed {
            decl: UsageDecl::of::<U>(),
            set: link,
        });
    }
    fn extract(cx: &Cx<'_>, link: Option<&'static str>) -> Result<Self, OpError> {
        match link {
            Some(set) => cx.usage_set(set),
            None => cx.usage(),
        }
    }
}

/// A link name of an SBB: unless it is optional it must be bound to an entity of that adaptor type before the service can be
/// active (R-SV-02).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkDecl {
    /// The link name.
    pub name: &'static str,
    /// The adaptor type.
    pub ra_type: Component,
    /// Whether the service can be active without it; not if another handler needs it.
    pub optional: bool,
}

/// Handler parameter: the service's own settings, from `[services.NAME.settings]`.
#[derive(Debug)]
pub struct Conf<T>(Arc<T>);

impl<T> Clone for Conf<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Conf<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> sealed::Sealed for Conf<T> {}
impl<T: Settings> Param for Conf<T> {
    fn declare(_handler: &mut HandlerDecl, _link: Option<&'static str>) {}
    fn extract(cx: &Cx<'_>, _link: Option<&'static str>) -> Result<Self, OpError> {
        let any: Arc<dyn Any + Send + Sync> = Arc::clone(cx.settings());
        any.downcast()
            .map(Self)
            .map_err(|_| OpError::InvalidArgument("settings are of another type"))
    }
}

/// Settings of a service or an adaptor: typed, with a default for every key and a doc comment that explains it.
pub trait Settings: DeserializeOwned + JsonSchema + Default + Send + Sync + 'static {}

impl<T: DeserializeOwned + JsonSchema + Default + Send + Sync + 'static> Settings for T {}

/// Reads, checks and describes settings whose type was erased.
#[derive(Clone, Copy)]
pub struct SettingsDecl {
    /// Reads them from any serde source.
    pub read: fn(
        &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<Arc<dyn Any + Send + Sync>, erased_serde::Error>,
    /// Their defaults.
    pub defaults: fn() -> Arc<dyn Any + Send + Sync>,
    /// Their JSON schema, doc comments included.
    pub schema: fn() -> schemars::Schema,
}

impl SettingsDecl {
    /// The declaration of `T`.
    #[must_use]
    pub const fn of<T: Settings>() -> Self {
        Self {
            read: |de| erased_serde::deserialize::<T>(de).map(|t| Arc::new(t) as _),
            defaults: || Arc::new(T::default()),
            schema: || schemars::SchemaGenerator::default().into_root_schema_for::<T>(),
        }
    }
}

impl std::fmt::Debug for SettingsDecl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SettingsDecl")
    }
}

/// Which adaptor entity a link name of a service leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkBinding {
    /// The link name.
    pub name: &'static str,
    /// The adaptor type of the entity.
    pub ra_type: ComponentId,
    /// The entity.
    pub entity: RaIx,
}
