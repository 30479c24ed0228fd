//! `#[sbb]`: reads the marked methods of an impl block, leaves the block as it is without the marks, and adds the
//! descriptor.

mod args;
mod callback;
mod expand;
mod handler;
mod mark;

use args::Args;
use callback::Callback;
use handler::Handler;
use mark::{Mark, Role};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{ImplItem, ImplItemFn, ItemImpl, Type, parse_quote};

/// What the marked methods declare.
#[derive(Default)]
pub(crate) struct Methods {
    handlers: Vec<Handler>,
    callbacks: Vec<Callback>,
}

/// With errors the block still comes out, without the methods that are wrong, so that one mistake gives one error.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut block: ItemImpl = match syn::parse2(item.clone()) {
        Ok(block) => block,
        Err(_) => {
            let error = syn::Error::new_spanned(
                item.clone().into_iter().next(),
                "`#[sbb]` belongs on an impl block: `#[sbb(...)] impl MyService { ... }`",
            );
            return [error.into_compile_error(), item].into_iter().collect();
        }
    };
    let mut errors = Errors::default();
    let args = errors.keep(Args::parse(args));
    errors.keep(refuse_unfit(&block));
    let mut methods = Methods::default();
    block.items.retain_mut(|item| {
        let ImplItem::Fn(method) = item else {
            return true;
        };
        errors.keep(read(method, &mut methods)).is_some()
    });
    errors.keep(refuse_twins(&methods));
    errors.keep(refuse_other_usage(&methods));
    let mut out = block.to_token_stream();
    out.extend(match (errors.0, args) {
        (None, Some(args)) => expand::sbb(&block, &args, &methods),
        (Some(error), _) => error.into_compile_error(),
        (None, None) => TokenStream::new(),
    });
    out
}

fn read(method: &mut ImplItemFn, methods: &mut Methods) -> syn::Result<()> {
    let mark = Mark::take(method)?;
    let links = handler::take_links(method)?;
    let Some(mark) = mark else { return Ok(()) };
    match mark.role {
        Role::Handler(options) => {
            methods
                .handlers
                .push(Handler::read(method, options, links)?);
            method.attrs.push(parse_quote!(
                #[allow(clippy::needless_pass_by_value, reason = "the container passes values")]
            ));
        }
        Role::Callback(kind) => methods
            .callbacks
            .push(Callback::read(method, kind, mark.span)?),
    }
    Ok(())
}

fn refuse_unfit(block: &ItemImpl) -> syn::Result<()> {
    if !block.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &block.generics,
            "an SBB cannot be generic: the container stores its state under one name",
        ));
    }
    if let Some((_, path, _)) = &block.trait_ {
        return Err(syn::Error::new_spanned(
            path,
            "`#[sbb]` belongs on an inherent impl block, not on the impl of a trait",
        ));
    }
    Ok(())
}

/// Same event, same activity type, as far as both are written alike; the expansion checks the types themselves.
fn refuse_twins(methods: &Methods) -> syn::Result<()> {
    let mut errors = Errors::default();
    for (i, handler) in methods.handlers.iter().enumerate() {
        let twin = methods.handlers[..i].iter().find(|h| h.takes_same(handler));
        if let Some(twin) = twin {
            errors.keep::<()>(Err(syn::Error::new_spanned(
                &handler.method,
                format!(
                    "`{}` takes the same event on the same activity type as `{}`",
                    handler.method, twin.method
                ),
            )));
        }
    }
    for (i, callback) in methods.callbacks.iter().enumerate() {
        if methods.callbacks[..i]
            .iter()
            .any(|c| c.kind == callback.kind)
        {
            errors.keep::<()>(Err(syn::Error::new_spanned(
                &callback.method,
                format!("an SBB has one `{}` callback", callback.kind.name()),
            )));
        }
    }
    errors.0.map_or(Ok(()), Err)
}

/// As far as two are written alike; the container checks the types themselves.
fn refuse_other_usage(methods: &Methods) -> syn::Result<()> {
    let mut types = methods.handlers.iter().flat_map(Handler::usage);
    let written = |ty: &Type| ty.to_token_stream().to_string();
    let Some(first) = types.next().map(written) else {
        return Ok(());
    };
    match types.find(|ty| written(ty) != first) {
        None => Ok(()),
        Some(other) => Err(syn::Error::new_spanned(
            other,
            format!(
                "an SBB has one kind of usage parameter sets, and another handler takes `{first}`"
            ),
        )),
    }
}

#[derive(Default)]
struct Errors(Option<syn::Error>);

impl Errors {
    fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                match &mut self.0 {
                    Some(first) => first.combine(error),
                    None => self.0 = Some(error),
                }
                None
            }
        }
    }
}
