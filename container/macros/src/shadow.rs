//! serde's traits for a type whose crate need not know serde.
//!
//! serde's own derives are put on a copy of the type inside an anonymous constant, as serde's `remote` derive has it: the
//! copy gives the code, the type gets the traits.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Field, Fields, Visibility, parse_quote};

/// The impls of `Serialize` and `Deserialize`; `annotate` gives a field of the copy its serde attribute.
pub(crate) fn serde_impls(
    input: &DeriveInput,
    annotate: impl Fn(&Field) -> Option<Attribute>,
) -> TokenStream {
    let name = &input.ident;
    let text = name.to_string();
    let mut copy = input.clone();
    copy.ident = format_ident!("{name}Shadow");
    copy.vis = Visibility::Inherited;
    copy.attrs = vec![
        parse_quote!(#[derive(::strowger::serde::Serialize, ::strowger::serde::Deserialize)]),
        parse_quote!(#[serde(crate = "::strowger::serde", remote = #text, rename = #text)]),
    ];
    for fields in all_fields(&mut copy.data) {
        for field in fields.iter_mut() {
            field.attrs = annotate(field).into_iter().collect();
        }
    }
    let shadow = &copy.ident;
    quote! {
        const _: () = {
            #copy
            #[automatically_derived]
            impl ::strowger::serde::Serialize for #name {
                fn serialize<S: ::strowger::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    #shadow::serialize(self, serializer)
                }
            }
            #[automatically_derived]
            impl<'de> ::strowger::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::strowger::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    #shadow::deserialize(deserializer)
                }
            }
        };
    }
}

fn all_fields(data: &mut Data) -> Vec<&mut Fields> {
    match data {
        Data::Struct(data) => vec![&mut data.fields],
        Data::Enum(data) => data
            .variants
            .iter_mut()
            .map(|variant| {
                variant.attrs.clear();
                &mut variant.fields
            })
            .collect(),
        Data::Union(_) => Vec::new(),
    }
}

/// Refuses what neither an event nor a state can be.
pub(crate) fn refuse_unfit(input: &DeriveInput, what: &str) -> syn::Result<()> {
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &input.generics,
            format!("{what} cannot be generic: what is stored needs one name and one schema"),
        ));
    }
    if let Data::Union(data) = &input.data {
        return Err(syn::Error::new_spanned(
            data.union_token,
            format!("{what} cannot be a union"),
        ));
    }
    Ok(())
}

/// Reads the value of `serde = "own"`.
pub(crate) fn own_serde(meta: &syn::meta::ParseNestedMeta<'_>) -> syn::Result<()> {
    let value: syn::LitStr = meta.value()?.parse()?;
    if value.value() == "own" {
        Ok(())
    } else {
        Err(syn::Error::new(
            value.span(),
            "the only value of `serde` is \"own\"",
        ))
    }
}
