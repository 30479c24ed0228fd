//! `#[derive(Profile)]`: a plain struct with named fields is a profile specification.

use crate::event::kebab;
use crate::{shadow, state};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Expr, Field, Fields, Ident, LitStr, Path, Type};

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    shadow::refuse_unfit(input, "a profile specification")?;
    let fields = fields(input)?;
    let spec = Spec::of(input)?;
    let state = state::expand(input)?;
    let name = &input.ident;
    let default = default(name, &fields);
    let consts = fields.iter().enumerate().filter_map(field_const);
    let profile = profile(input, &spec, &fields);
    let writable = spec.writable.then(|| {
        quote! {
            #[automatically_derived]
            impl ::strowger::profile::Writable for #name {}
        }
    });
    Ok(quote! {
        #state
        #default
        #[automatically_derived]
        #[allow(dead_code, reason = "made of every field, for queries")]
        impl #name {
            #(#consts)*
        }
        #profile
        #writable
    })
}

/// A field with what `#[profile(...)]` says of it.
struct Attr<'a> {
    field: &'a Field,
    ident: &'a Ident,
    unique: bool,
    indexed: bool,
    opaque: bool,
    default: Option<Expr>,
}

fn fields(input: &DeriveInput) -> syn::Result<Vec<Attr<'_>>> {
    let named = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) => Some(named),
            Fields::Unnamed(_) | Fields::Unit => None,
        },
        Data::Enum(_) | Data::Union(_) => None,
    };
    let Some(named) = named else {
        return Err(syn::Error::new_spanned(
            &input.ident,
            "a profile specification is a struct with named fields: its attributes",
        ));
    };
    named.named.iter().filter_map(read).collect()
}

fn read(field: &Field) -> Option<syn::Result<Attr<'_>>> {
    let ident = field.ident.as_ref()?;
    let mut attr = Attr {
        field,
        ident,
        unique: false,
        indexed: false,
        opaque: false,
        default: None,
    };
    Some(attr.parse().map(|()| attr))
}

impl Attr<'_> {
    fn parse(&mut self) -> syn::Result<()> {
        for mark in marks(&self.field.attrs) {
            mark.parse_nested_meta(|meta| {
                if meta.path.is_ident("unique") {
                    self.unique = true;
                } else if meta.path.is_ident("indexed") {
                    self.indexed = true;
                } else if meta.path.is_ident("opaque") {
                    self.opaque = true;
                } else if meta.path.is_ident("default") {
                    self.default = Some(meta.value()?.parse()?);
                } else {
                    return Err(meta.error(
                        "unknown key of `#[profile]` on a field; it takes `unique`, `indexed`, `opaque` and `default`",
                    ));
                }
                Ok(())
            })?;
        }
        if self.opaque && (self.unique || self.indexed) {
            return Err(syn::Error::new_spanned(
                self.ident,
                "an opaque attribute cannot be compared, so it is neither unique nor indexed",
            ));
        }
        Ok(())
    }
}

/// What `#[profile(...)]` says of the type.
#[derive(Default)]
struct Spec {
    name: Option<LitStr>,
    vendor: Option<LitStr>,
    version: Option<LitStr>,
    writable: bool,
    silent: bool,
    verify: Option<Path>,
    migrate: Vec<Type>,
}

impl Spec {
    fn of(input: &DeriveInput) -> syn::Result<Self> {
        let mut spec = Self::default();
        for mark in marks(&input.attrs) {
            mark.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    spec.name = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("vendor") {
                    spec.vendor = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("version") {
                    spec.version = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("writable") {
                    spec.writable = true;
                } else if meta.path.is_ident("silent") {
                    spec.silent = true;
                } else if meta.path.is_ident("verify") {
                    spec.verify = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("migrate") {
                    let content;
                    syn::parenthesized!(content in meta.input);
                    let types = content.parse_terminated(
                        <Type as syn::parse::Parse>::parse,
                        syn::Token![,],
                    )?;
                    spec.migrate.extend(types);
                } else {
                    return Err(meta.error(
                        "unknown key of `#[profile]` on a type; it takes `name`, `vendor`, `version`, `writable`, `silent`, `verify` \
                         and `migrate`",
                    ));
                }
                Ok(())
            })?;
        }
        Ok(spec)
    }
}

fn marks(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|a| a.path().is_ident("profile"))
}

fn default(name: &Ident, fields: &[Attr<'_>]) -> TokenStream {
    let values = fields.iter().map(|attr| {
        let ident = attr.ident;
        match &attr.default {
            Some(value) => quote!(#ident: #value),
            None => quote!(#ident: ::core::default::Default::default()),
        }
    });
    quote! {
        #[automatically_derived]
        impl ::core::default::Default for #name {
            fn default() -> Self {
                Self { #(#values),* }
            }
        }
    }
}

fn field_const((place, attr): (usize, &Attr<'_>)) -> Option<TokenStream> {
    if attr.opaque {
        return None;
    }
    let name = attr.ident.unraw().to_string();
    let constant = format_ident!("{}", name.to_uppercase(), span = attr.ident.span());
    let (vis, ty) = (&attr.field.vis, &attr.field.ty);
    let doc = format!("The attribute `{name}`, for queries.");
    Some(quote! {
        #[doc = #doc]
        #vis const #constant: ::strowger::profile::Field<Self, #ty> =
            ::strowger::profile::Field::at(#place);
    })
}

fn profile(input: &DeriveInput, spec: &Spec, fields: &[Attr<'_>]) -> TokenStream {
    let this = &input.ident;
    let component = component(this, spec);
    let decls = fields.iter().map(decl);
    let (read_only, events) = (!spec.writable, !spec.silent);
    let accessors = accessors(fields);
    let verify = spec.verify.as_ref().map(|path| {
        quote! {
            fn verify(&self) -> ::core::result::Result<(), ::strowger::profile::Invalid> {
                #path(self)
            }
        }
    });
    let migrate = &spec.migrate;
    let migrations = (!migrate.is_empty()).then(|| {
        quote! {
            fn migrations() -> ::std::vec::Vec<::strowger::profile::ProfileMigration> {
                ::std::vec![#(::strowger::profile::ProfileMigration::of::<#migrate, Self>()),*]
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl ::strowger::profile::Profile for #this {
            const SPEC: ::strowger::id::Component = #component;
            const ATTRIBUTES: &'static [::strowger::profile::AttributeDecl] = &[#(#decls),*];
            const READ_ONLY: bool = #read_only;
            const EVENTS: bool = #events;
            #accessors
            #verify
            #migrations
        }
    }
}

/// The methods that reach an attribute by its place.
fn accessors(fields: &[Attr<'_>]) -> TokenStream {
    let keys = fields.iter().enumerate().filter(|(_, a)| !a.opaque);
    let keys = keys.map(|(place, attr)| {
        let (ident, ty) = (attr.ident, &attr.field.ty);
        quote_spanned! {ty.span()=>
            #place => <#ty as ::strowger::profile::Value>::key(&self.#ident, out)
        }
    });
    let compared = fields.iter().enumerate().filter(|(_, a)| !a.opaque);
    let compared = compared.map(|(place, attr)| {
        let (ident, ty) = (attr.ident, &attr.field.ty);
        quote_spanned! {ty.span()=>
            #place => <#ty as ::strowger::profile::Value>::has_key(&self.#ident, key)
        }
    });
    let gets = fields.iter().enumerate().map(|(place, attr)| {
        let ident = attr.ident;
        quote!(#place => ::core::option::Option::Some(&self.#ident))
    });
    let sets = fields.iter().enumerate().map(|(place, attr)| {
        let ident = attr.ident;
        quote! {
            #place => {
                self.#ident = ::strowger::erased_serde::deserialize(value)?;
                ::core::result::Result::Ok(())
            }
        }
    });
    quote! {
        fn key(&self, attribute: usize, out: &mut ::std::vec::Vec<u8>) -> bool {
            match attribute {
                #(#keys,)*
                _ => false,
            }
        }
        fn has_key(&self, attribute: usize, key: &[u8]) -> bool {
            match attribute {
                #(#compared,)*
                _ => false,
            }
        }
        fn get(
            &self,
            attribute: usize,
        ) -> ::core::option::Option<&dyn ::strowger::erased_serde::Serialize> {
            match attribute {
                #(#gets,)*
                _ => ::core::option::Option::None,
            }
        }
        fn set(
            &mut self,
            attribute: usize,
            value: &mut dyn ::strowger::erased_serde::Deserializer<'_>,
        ) -> ::core::result::Result<(), ::strowger::erased_serde::Error> {
            match attribute {
                #(#sets,)*
                _ => ::core::result::Result::Err(::strowger::profile::no_attribute()),
            }
        }
    }
}

fn component(this: &Ident, spec: &Spec) -> TokenStream {
    let text = |given: &Option<LitStr>, or: String| given.as_ref().map_or(or, LitStr::value);
    let name = text(&spec.name, kebab(&this.unraw().to_string()));
    let version = text(&spec.version, "1.0".to_owned());
    let vendor = match &spec.vendor {
        Some(vendor) => quote!(#vendor),
        None => quote!(::core::env!("CARGO_PKG_NAME")),
    };
    quote! {
        ::strowger::id::Component { name: #name, vendor: #vendor, version: #version }
    }
}

fn decl(attr: &Attr<'_>) -> TokenStream {
    let (name, ty) = (attr.ident.unraw().to_string(), &attr.field.ty);
    let (unique, indexed) = (attr.unique, attr.unique || attr.indexed);
    let (kind, optional) = if attr.opaque {
        (quote!(::core::option::Option::None), quote!(false))
    } else {
        let value = quote_spanned!(ty.span()=> <#ty as ::strowger::profile::Value>);
        let kind = quote!(::core::option::Option::Some(#value::KIND));
        (kind, quote!(#value::OPTIONAL))
    };
    quote! {
        ::strowger::profile::AttributeDecl {
            name: #name,
            kind: #kind,
            optional: #optional,
            unique: #unique,
            indexed: #indexed,
        }
    }
}
