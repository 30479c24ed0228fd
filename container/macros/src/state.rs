//! `#[derive(State)]`.

use crate::shadow;
use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Field, Fields, LitStr, parse_quote};

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    shadow::refuse_unfit(input, "a state")?;
    let serde = if own_serde(&input.attrs)? {
        TokenStream::new()
    } else {
        shadow::serde_impls(input, through_state)
    };
    let schema = schema(&input.data)?;
    let name = &input.ident;
    Ok(quote! {
        #serde
        #[automatically_derived]
        impl ::strowger::state::State for #name {
            fn schema(out: &mut ::std::string::String) {
                if !::strowger::state::nest(out) {
                    return;
                }
                #schema
            }
        }
    })
}

/// Statements that write the schema: `{a:u8,b:list<str>,}`, `(u8,)`, `enum{Idle,Busy(handle dialog,),}`.
fn schema(data: &Data) -> syn::Result<TokenStream> {
    match data {
        Data::Struct(data) => fields(&data.fields),
        Data::Enum(data) => {
            let mut out = text("enum{");
            for variant in &data.variants {
                out.extend(text(&variant.ident.to_string()));
                if !matches!(variant.fields, Fields::Unit) {
                    out.extend(fields(&variant.fields)?);
                }
                out.extend(text(","));
            }
            out.extend(text("}"));
            Ok(out)
        }
        Data::Union(_) => Ok(TokenStream::new()),
    }
}

fn fields(fields: &Fields) -> syn::Result<TokenStream> {
    let (open, close) = match fields {
        Fields::Named(_) => ("{", "}"),
        Fields::Unnamed(_) | Fields::Unit => ("(", ")"),
    };
    let mut out = text(open);
    for field in fields {
        if let Some(name) = &field.ident {
            out.extend(text(&format!("{name}:")));
        }
        out.extend(field_schema(field)?);
        out.extend(text(","));
    }
    out.extend(text(close));
    Ok(out)
}

fn field_schema(field: &Field) -> syn::Result<TokenStream> {
    if let Some(name) = opaque(field)? {
        return Ok(text(&format!("opaque {}", name.value())));
    }
    let ty = &field.ty;
    Ok(quote!(<#ty as ::strowger::state::State>::schema(out);))
}

/// Has serde go through functions that ask for `State`, so that a field that is none gives one error and not three.
fn through_state(field: &Field) -> Option<Attribute> {
    if matches!(opaque(field), Ok(None)) {
        let path = LitStr::new("::strowger::state::field", field.ty.span());
        Some(parse_quote!(#[serde(with = #path)]))
    } else {
        None
    }
}

fn text(text: &str) -> TokenStream {
    quote!(out.push_str(#text);)
}

fn opaque(field: &Field) -> syn::Result<Option<LitStr>> {
    let mut name = None;
    for attr in state_attrs(&field.attrs) {
        attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("opaque") {
                return Err(meta.error("unknown key of `#[state]` on a field; it takes `opaque`"));
            }
            name = Some(meta.value()?.parse()?);
            Ok(())
        })?;
    }
    Ok(name)
}

fn own_serde(attrs: &[Attribute]) -> syn::Result<bool> {
    let mut own = false;
    for attr in state_attrs(attrs) {
        attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("serde") {
                return Err(meta.error("unknown key of `#[state]` on a type; it takes `serde`"));
            }
            shadow::own_serde(&meta)?;
            own = true;
            Ok(())
        })?;
    }
    Ok(own)
}

fn state_attrs(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|a| a.path().is_ident("state"))
}
