//! The callbacks of an SBB besides its event handlers.

use super::handler::{arg_type, cfgs, check_method, last_segment_is};
use super::mark::Kind;
use proc_macro2::Span;
use syn::{Attribute, Ident, ImplItemFn, ReturnType, Type};

pub(crate) struct Callback {
    pub(crate) kind: Kind,
    pub(crate) method: Ident,
    pub(crate) output: ReturnType,
    pub(crate) cfgs: Vec<Attribute>,
}

impl Callback {
    pub(crate) fn read(method: &ImplItemFn, kind: Kind, mark: Span) -> syn::Result<Self> {
        let sig = &method.sig;
        check_method(sig)?;
        let third = sig.inputs.get(2).and_then(arg_type);
        let (shape, fits) = match kind {
            Kind::Create | Kind::Remove => ("(&mut self, cx: &mut Cx)", third.is_none()),
            Kind::Exception => (
                "(&mut self, cx: &mut Cx, error: &Error)",
                third.is_some_and(|ty| is_reference_to(ty, "Error")),
            ),
            Kind::RolledBack => (
                "(&mut self, cx: &mut Cx, what: &RolledBack)",
                third.is_some_and(|ty| is_reference_to(ty, "RolledBack")),
            ),
        };
        if !fits || sig.inputs.len() > 3 {
            let message = format!("a `{}` callback is `fn {}{shape}`", kind.name(), sig.ident);
            return Err(match sig.inputs.iter().nth(if fits { 3 } else { 2 }) {
                Some(input) => syn::Error::new_spanned(input, message),
                None => syn::Error::new(mark, message),
            });
        }
        Ok(Self {
            kind,
            method: sig.ident.clone(),
            output: sig.output.clone(),
            cfgs: cfgs(method),
        })
    }
}

fn is_reference_to(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Reference(r) if last_segment_is(&r.elem, name))
}
