//! `#[derive(Usage)]`: a struct of counters and samples is a set of usage parameters.

use crate::shadow;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Field, Fields, Ident, Lit, LitStr, Meta};

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    shadow::refuse_unfit(input, "a set of usage parameters")?;
    let parameters = parameters(input)?;
    let name = &input.ident;
    let decls = parameters.iter().map(decl);
    let idents = parameters.iter().map(|p| p.ident);
    let gets = parameters.iter().enumerate().map(|(place, parameter)| {
        let (ident, ty) = (parameter.ident, &parameter.field.ty);
        quote_spanned! {ty.span()=>
            #place => ::core::option::Option::Some(
                <#ty as ::strowger::usage::Field>::parameter(&self.#ident)
            )
        }
    });
    Ok(quote! {
        #[automatically_derived]
        impl ::core::default::Default for #name {
            fn default() -> Self {
                Self { #(#idents: ::core::default::Default::default()),* }
            }
        }
        #[automatically_derived]
        impl ::strowger::usage::Usage for #name {
            const PARAMETERS: &'static [::strowger::usage::ParameterDecl] = &[#(#decls),*];
            fn parameter(
                &self,
                place: usize,
            ) -> ::core::option::Option<::strowger::usage::Parameter<'_>> {
                match place {
                    #(#gets,)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    })
}

struct Parameter<'a> {
    field: &'a Field,
    ident: &'a Ident,
    unit: String,
}

fn parameters(input: &DeriveInput) -> syn::Result<Vec<Parameter<'_>>> {
    const WRONG: &str =
        "a set of usage parameters is a struct with named fields: its counters and samples";
    let wrong = || syn::Error::new_spanned(&input.ident, WRONG);
    let Data::Struct(data) = &input.data else {
        return Err(wrong());
    };
    let Fields::Named(named) = &data.fields else {
        return Err(wrong());
    };
    if named.named.is_empty() {
        return Err(wrong());
    }
    named.named.iter().filter_map(read).collect()
}

fn read(field: &Field) -> Option<syn::Result<Parameter<'_>>> {
    let ident = field.ident.as_ref()?;
    Some(unit(field).map(|unit| Parameter { field, ident, unit }))
}

fn unit(field: &Field) -> syn::Result<String> {
    let mut unit = String::new();
    for mark in field.attrs.iter().filter(|a| a.path().is_ident("usage")) {
        mark.parse_nested_meta(|meta| {
            if !meta.path.is_ident("unit") {
                return Err(meta.error("unknown key of `#[usage]` on a field; it takes `unit`"));
            }
            let text: LitStr = meta.value()?.parse()?;
            unit = text.value();
            if unit.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
                return Ok(());
            }
            let message = "a unit is one word in lower case: `ms`";
            Err(syn::Error::new(text.span(), message))
        })?;
    }
    Ok(unit)
}

fn decl(parameter: &Parameter<'_>) -> TokenStream {
    let ty = &parameter.field.ty;
    let name = parameter.ident.unraw().to_string();
    let (unit, help) = (&parameter.unit, comment(&parameter.field.attrs));
    let kind = quote_spanned!(ty.span()=> <#ty as ::strowger::usage::Field>::KIND);
    quote! {
        ::strowger::usage::ParameterDecl {
            name: #name,
            kind: #kind,
            unit: #unit,
            help: #help,
        }
    }
}

/// The first paragraph of a field's comment, on one line.
fn comment(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| {
        let Meta::NameValue(meta) = &attr.meta else {
            return None;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &meta.value
        else {
            return None;
        };
        meta.path.is_ident("doc").then(|| text.value())
    });
    let lines: Vec<_> = lines.map(|line| line.trim().to_owned()).collect();
    let paragraph = lines.split(String::is_empty).find(|part| !part.is_empty());
    paragraph.unwrap_or_default().join(" ")
}
