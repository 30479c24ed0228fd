//! `#[on(...)]` on a method.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::parse::Parse;
use syn::spanned::Spanned;
use syn::{Attribute, ImplItemFn, Meta, Path, parenthesized, token};

pub(crate) struct Mark {
    pub(crate) role: Role,
    pub(crate) span: Span,
}

pub(crate) enum Role {
    Handler(Options),
    Callback(Kind),
}

/// What `#[on]` says of a handler.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) initial: Option<Initial>,
    pub(crate) masked: bool,
    pub(crate) select: Option<Path>,
}

/// What makes up the convergence name.
#[derive(Clone, Copy, Default)]
pub(crate) struct Initial {
    pub(crate) activity: bool,
    pub(crate) address: bool,
    pub(crate) event_type: bool,
    pub(crate) event: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Remove,
    Exception,
    RolledBack,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [
        Self::Create,
        Self::Remove,
        Self::Exception,
        Self::RolledBack,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Remove => "remove",
            Self::Exception => "exception",
            Self::RolledBack => "rolled_back",
        }
    }
}

impl Mark {
    /// Takes `#[on]` off the method, if it is there.
    pub(crate) fn take(method: &mut ImplItemFn) -> syn::Result<Option<Self>> {
        let mut marks = Vec::new();
        method.attrs.retain(|attr| {
            let is_mark = is_on(attr.path());
            if is_mark {
                marks.push(attr.clone());
            }
            !is_mark
        });
        if let Some(second) = marks.get(1) {
            return Err(syn::Error::new_spanned(
                second,
                "a method has one `#[on]`: join the two, `#[on(initial, masked)]`",
            ));
        }
        marks.first().map(Self::read).transpose()
    }

    fn read(attr: &Attribute) -> syn::Result<Self> {
        let mut options = Options::default();
        let mut callback = None;
        let mut anything_else = None;
        if !matches!(attr.meta, Meta::Path(_)) {
            attr.parse_nested_meta(|meta| {
                if let Some(kind) = Kind::ALL.into_iter().find(|k| meta.path.is_ident(k.name())) {
                    callback = Some((kind, meta.path.span()));
                    return Ok(());
                }
                anything_else = Some(meta.path.span());
                options.take(&meta)
            })?;
        }
        match (callback, anything_else) {
            (Some((kind, _)), Some(span)) => Err(syn::Error::new(
                span,
                format!(
                    "a `{}` callback has no options: it is no event handler",
                    kind.name()
                ),
            )),
            (Some((kind, span)), None) => Ok(Self {
                role: Role::Callback(kind),
                span,
            }),
            (None, _) => options.into_mark(attr.span()),
        }
    }
}

impl Options {
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if meta.path.is_ident("initial") {
            self.initial = Some(if meta.input.peek(token::Paren) {
                Initial::parse(meta)?
            } else {
                Initial {
                    activity: true,
                    ..Initial::default()
                }
            });
        } else if meta.path.is_ident("masked") {
            self.masked = true;
        } else if meta.path.is_ident("select") {
            self.select = Some(meta.value()?.parse()?);
        } else {
            return Err(meta.error(
                "unknown key of `#[on]`; it takes `initial`, `select`, `masked`, `create`, `remove`, `exception` and `rolled_back`",
            ));
        }
        Ok(())
    }

    fn into_mark(self, span: Span) -> syn::Result<Mark> {
        if let (Some(select), None) = (&self.select, &self.initial) {
            return Err(syn::Error::new_spanned(
                select,
                "`select` chooses the root entity of an initial event: write `#[on(initial, select = ...)]`",
            ));
        }
        Ok(Mark {
            role: Role::Handler(self),
            span,
        })
    }
}

impl Initial {
    fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        let content;
        parenthesized!(content in meta.input);
        let words = content.parse_terminated(syn::Ident::parse, syn::Token![,])?;
        let mut initial = Self::default();
        for word in words {
            match word.to_string().as_str() {
                "activity" => initial.activity = true,
                "address" => initial.address = true,
                "event_type" => initial.event_type = true,
                "event" => initial.event = true,
                _ => {
                    return Err(syn::Error::new_spanned(
                        word,
                        "`initial` selects by `activity`, `address`, `event_type` and `event`",
                    ));
                }
            }
        }
        Ok(initial)
    }
}

/// `on`, however it is imported: `strowger::on` is meant as well.
fn is_on(path: &Path) -> bool {
    path.segments.last().is_some_and(|s| s.ident == "on")
}
