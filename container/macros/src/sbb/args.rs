//! The arguments of `#[sbb(...)]`.

use proc_macro2::{Span, TokenStream};
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, LitStr, Token, Type, parenthesized};

pub(crate) struct Args {
    pub(crate) name: LitStr,
    pub(crate) vendor: LitStr,
    pub(crate) version: LitStr,
    pub(crate) priority: Option<Expr>,
    pub(crate) children: Vec<Child>,
    pub(crate) aliases: Vec<Type>,
    pub(crate) migrate: Vec<Type>,
}

/// `Announcement` or `Announcement = 5`.
pub(crate) struct Child {
    pub(crate) sbb: Type,
    pub(crate) priority: Option<Expr>,
}

impl Parse for Child {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let sbb = input.parse()?;
        let priority = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self { sbb, priority })
    }
}

#[derive(Default)]
struct Given {
    name: Option<LitStr>,
    vendor: Option<LitStr>,
    version: Option<LitStr>,
    priority: Option<Expr>,
    children: Vec<Child>,
    aliases: Vec<Type>,
    migrate: Vec<Type>,
}

impl Args {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        let mut given = Given::default();
        syn::meta::parser(|meta| given.take(&meta)).parse2(tokens)?;
        Ok(Self {
            name: required(given.name, "name")?,
            vendor: required(given.vendor, "vendor")?,
            version: required(given.version, "version")?,
            priority: given.priority,
            children: given.children,
            aliases: given.aliases,
            migrate: given.migrate,
        })
    }
}

impl Given {
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if meta.path.is_ident("name") {
            self.name = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("vendor") {
            self.vendor = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("version") {
            self.version = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("priority") {
            self.priority = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("children") {
            self.children = list(meta)?;
        } else if meta.path.is_ident("aliases") {
            self.aliases = list(meta)?;
        } else if meta.path.is_ident("migrate") {
            self.migrate = list(meta)?;
        } else {
            return Err(meta.error(
                "unknown key of `#[sbb]`; it takes `name`, `vendor`, `version`, `priority`, `children`, `aliases` and `migrate`",
            ));
        }
        Ok(())
    }
}

fn list<T: Parse>(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<T>> {
    let content;
    parenthesized!(content in meta.input);
    let items = Punctuated::<T, Token![,]>::parse_terminated(&content)?;
    Ok(items.into_iter().collect())
}

fn required(value: Option<LitStr>, key: &str) -> syn::Result<LitStr> {
    value.ok_or_else(|| {
        syn::Error::new(
            Span::call_site(),
            format!("`#[sbb]` needs a {key}: `#[sbb({key} = \"...\")]`"),
        )
    })
}
