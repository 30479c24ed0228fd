//! `#[derive(Event)]`.

use crate::shadow;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, LitStr};

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    shadow::refuse_unfit(input, "an event")?;
    let args = Args::of(input)?;
    let ident = &input.ident;
    let name = args
        .name
        .map_or_else(|| kebab(&ident.to_string()), |name| name.value());
    let vendor = match args.vendor {
        Some(vendor) => quote!(#vendor),
        None => quote!(::core::env!("CARGO_PKG_NAME")),
    };
    let version = args
        .version
        .map_or_else(|| "1.0".to_owned(), |version| version.value());
    let serde = if args.own_serde {
        TokenStream::new()
    } else {
        shadow::serde_impls(input, |_| None)
    };
    Ok(quote! {
        #serde
        #[automatically_derived]
        impl ::strowger::event::Event for #ident {
            const TYPE: ::strowger::id::Component = ::strowger::id::Component {
                name: #name,
                vendor: #vendor,
                version: #version,
            };
        }
    })
}

#[derive(Default)]
struct Args {
    name: Option<LitStr>,
    vendor: Option<LitStr>,
    version: Option<LitStr>,
    own_serde: bool,
}

impl Args {
    fn of(input: &DeriveInput) -> syn::Result<Self> {
        let mut args = Self::default();
        for attr in input.attrs.iter().filter(|a| a.path().is_ident("event")) {
            attr.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    args.name = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("vendor") {
                    args.vendor = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("version") {
                    args.version = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("serde") {
                    shadow::own_serde(&meta)?;
                    args.own_serde = true;
                } else {
                    return Err(meta.error(
                        "unknown key of `#[event]`; it takes `name`, `vendor`, `version` and `serde`",
                    ));
                }
                Ok(())
            })?;
        }
        Ok(args)
    }
}

/// `NoAnswer` becomes `no-answer`, `SIPInvite` becomes `sip-invite`.
pub(crate) fn kebab(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (i, c) in chars.iter().enumerate() {
        let after_lower = i > 0 && !chars[i - 1].is_uppercase();
        let before_lower = i > 0 && chars.get(i + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_lower || before_lower) {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::kebab;

    #[test]
    fn names_become_kebab_case() {
        assert_eq!(kebab("NoAnswer"), "no-answer");
        assert_eq!(kebab("Tick"), "tick");
        assert_eq!(kebab("SIPInvite"), "sip-invite");
        assert_eq!(kebab("Timer2Expired"), "timer2-expired");
    }
}
