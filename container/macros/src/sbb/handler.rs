//! An event handler's signature.

use super::mark::Options;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{
    Attribute, FnArg, GenericArgument, Ident, ImplItemFn, LitStr, PathArguments, ReturnType,
    Signature, Type,
};

pub(crate) struct Handler {
    pub(crate) method: Ident,
    pub(crate) event: Type,
    pub(crate) params: Vec<Param>,
    pub(crate) output: ReturnType,
    pub(crate) options: Options,
    /// `#[cfg]`: a method that is left out has no entry in the descriptor either.
    pub(crate) cfgs: Vec<Attribute>,
}

/// What comes after the event.
pub(crate) struct Param {
    pub(crate) ty: Type,
    pub(crate) link: Option<LitStr>,
}

impl Handler {
    pub(crate) fn read(
        method: &ImplItemFn,
        options: Options,
        links: Vec<Option<LitStr>>,
    ) -> syn::Result<Self> {
        let sig = &method.sig;
        check_method(sig)?;
        let mut types = sig.inputs.iter().skip(2).filter_map(arg_type);
        let event = event_type(sig, types.next())?.clone();
        let params = types
            .zip(links.into_iter().skip(3))
            .map(|(ty, link)| Param {
                ty: ty.clone(),
                link,
            })
            .collect();
        let handler = Self {
            method: sig.ident.clone(),
            event,
            params,
            output: sig.output.clone(),
            options,
            cfgs: cfgs(method),
        };
        if let Some(second) = handler
            .params
            .iter()
            .filter(|p| p.activity().is_some())
            .nth(1)
        {
            return Err(syn::Error::new_spanned(
                &second.ty,
                "an event happens on one activity: a handler takes one `Aci`",
            ));
        }
        Ok(handler)
    }

    /// `A` of its `Aci<A>`.
    pub(crate) fn activity(&self) -> Option<&Type> {
        self.params.iter().find_map(Param::activity)
    }

    /// `U` of each of its `UsageSet<U>`.
    pub(crate) fn usage(&self) -> impl Iterator<Item = &Type> {
        self.params.iter().filter_map(|p| p.argument("UsageSet"))
    }

    fn written(&self) -> (String, String) {
        (
            self.event.to_token_stream().to_string(),
            self.activity().to_token_stream().to_string(),
        )
    }

    pub(crate) fn takes_same(&self, other: &Self) -> bool {
        self.written() == other.written()
    }
}

impl Param {
    fn activity(&self) -> Option<&Type> {
        self.argument("Aci")
    }

    /// The type in angle brackets, if the parameter's own is the one named.
    fn argument(&self, name: &str) -> Option<&Type> {
        let Type::Path(path) = &self.ty else {
            return None;
        };
        let last = path.path.segments.last()?;
        let PathArguments::AngleBracketed(args) = &last.arguments else {
            return None;
        };
        if let Some(GenericArgument::Type(ty)) = args.args.first()
            && last.ident == name
        {
            Some(ty)
        } else {
            None
        }
    }
}

pub(crate) fn cfgs(method: &ImplItemFn) -> Vec<Attribute> {
    let cfgs = method.attrs.iter().filter(|a| a.path().is_ident("cfg"));
    cfgs.cloned().collect()
}

/// Attributes that name what a parameter stands for.
const NAMING: [&str; 3] = ["link", "table", "set"];

/// Takes `#[link("name")]`, `#[table("name")]` and `#[set("name")]` off the parameters; one place for each parameter.
pub(crate) fn take_links(method: &mut ImplItemFn) -> syn::Result<Vec<Option<LitStr>>> {
    let mut links = Vec::new();
    for input in &mut method.sig.inputs {
        let mut link = None;
        if let FnArg::Typed(arg) = input {
            let marks: Vec<_> = arg
                .attrs
                .extract_if(.., |a| NAMING.iter().any(|name| a.path().is_ident(name)))
                .collect();
            for mark in marks {
                link = Some(mark.parse_args()?);
            }
        }
        links.push(link);
    }
    Ok(links)
}

/// What handlers and callbacks have in common: `&mut self`, `cx: &mut Cx`, neither `async` nor generic.
pub(crate) fn check_method(sig: &Signature) -> syn::Result<()> {
    if let Some(token) = &sig.asyncness {
        return Err(syn::Error::new_spanned(
            token,
            "a handler cannot be `async`: a delivery is one transaction; ask an adaptor and go on with its event",
        ));
    }
    if !sig.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &sig.generics,
            "a handler cannot be generic: the container calls it for one event type",
        ));
    }
    let takes_mut_self = sig
        .receiver()
        .is_some_and(|r| r.reference.is_some() && r.mutability.is_some());
    if !takes_mut_self {
        let (tokens, name) = match sig.receiver() {
            Some(receiver) => (receiver.to_token_stream(), &sig.ident),
            None => (sig.ident.to_token_stream(), &sig.ident),
        };
        return Err(syn::Error::new_spanned(
            tokens,
            format!("`{name}` works on its entity's state: its first parameter is `&mut self`"),
        ));
    }
    match sig.inputs.get(1).and_then(arg_type) {
        Some(ty) if is_cx(ty) => Ok(()),
        Some(ty) => Err(syn::Error::new_spanned(
            ty,
            "the second parameter, after `&mut self`, is `cx: &mut Cx`",
        )),
        None => Err(syn::Error::new(
            sig.paren_token.span.join(),
            "the second parameter, after `&mut self`, is `cx: &mut Cx`",
        )),
    }
}

fn event_type<'a>(sig: &Signature, ty: Option<&'a Type>) -> syn::Result<&'a Type> {
    const WRONG: &str = "the third parameter is the event, by reference: `ev: &Event`";
    match ty {
        Some(Type::Reference(r)) if r.mutability.is_none() => Ok(&r.elem),
        Some(Type::Reference(r)) => Err(syn::Error::new(
            r.mutability.span(),
            "an event is shared by all its receivers: take it as `&Event`, without `mut`",
        )),
        Some(other) => Err(syn::Error::new_spanned(other, WRONG)),
        None => Err(syn::Error::new_spanned(
            &sig.ident,
            format!("`{}` takes no event: {WRONG}", sig.ident),
        )),
    }
}

pub(crate) fn arg_type(arg: &FnArg) -> Option<&Type> {
    match arg {
        FnArg::Typed(arg) => Some(&arg.ty),
        FnArg::Receiver(_) => None,
    }
}

fn is_cx(ty: &Type) -> bool {
    matches!(ty, Type::Reference(r) if r.mutability.is_some() && last_segment_is(&r.elem, "Cx"))
}

pub(crate) fn last_segment_is(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == name))
}
