//! Writes `impl Sbb`.

use super::Methods;
use super::args::{Args, Child};
use super::callback::Callback;
use super::handler::{Handler, Param};
use super::mark::{Kind, Options};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ItemImpl, ReturnType, Type};

pub(crate) fn sbb(block: &ItemImpl, args: &Args, methods: &Methods) -> TokenStream {
    let this = &block.self_ty;
    let Args {
        name,
        vendor,
        version,
        aliases,
        ..
    } = args;
    let priority = args.priority.iter();
    // A handler that names its activity type goes before one of the same event that takes any.
    let (typed, untyped): (Vec<_>, Vec<_>) = methods
        .handlers
        .iter()
        .partition(|h| h.activity().is_some());
    let handlers = typed.into_iter().chain(untyped).map(handler);
    let hooks = methods.callbacks.iter().map(hook);
    let children = args.children.iter().map(child);
    let migrations = args.migrate.iter().map(|old| {
        let this = quote_spanned!(old.span()=> Self);
        quote!(descriptor.migrates::<#old, #this>();)
    });
    let checks = checks(args, methods);
    quote! {
        #[automatically_derived]
        impl ::strowger::sbb::Sbb for #this {
            const SBB: ::strowger::id::Component = ::strowger::id::Component {
                name: #name,
                vendor: #vendor,
                version: #version,
            };
            #(const PRIORITY: i8 = #priority;)*
            fn descriptor() -> ::strowger::sbb::SbbDescriptor {
                let mut descriptor = ::strowger::sbb::SbbDescriptor::new::<Self>();
                #(#handlers)*
                #(#hooks)*
                #(descriptor.children.push(#children);)*
                #(descriptor.aliases.extend(::strowger::sbb::AliasDecl::of::<#aliases>());)*
                #(#migrations)*
                descriptor
            }
        }
        #checks
    }
}

/// What only the types themselves can tell, while the author's crate is compiled.
fn checks(args: &Args, methods: &Methods) -> TokenStream {
    let keys = methods.handlers.iter().map(|handler| {
        let event = &handler.event;
        let activity = match handler.activity() {
            Some(ty) => quote!(::core::option::Option::Some(
                <#ty as ::strowger::activity::Activity>::TYPE
            )),
            None => quote!(::core::option::Option::None),
        };
        let cfgs = &handler.cfgs;
        quote!(#(#cfgs)* (<#event as ::strowger::event::Event>::TYPE, #activity))
    });
    let aliases = args.aliases.iter().map(|ty| {
        quote_spanned! {ty.span()=>
            const _: () = ::core::assert!(
                <#ty as ::strowger::attribute::Attribute>::ALIAS.is_some(),
                "the attribute has no ALIAS under which it could be shared"
            );
        }
    });
    quote! {
        const _: () = ::core::assert!(
            ::strowger::sbb::differ(&[#(#keys),*]),
            "two handlers take the same event on the same activity type"
        );
        #(#aliases)*
    }
}

fn handler(handler: &Handler) -> TokenStream {
    let method = &handler.method;
    let text = method.to_string();
    let event = &handler.event;
    let initial = initial(&handler.options);
    let masked = handler.options.masked;
    let output = output(&handler.output);
    let values: Vec<_> = (0..handler.params.len())
        .map(|i| format_ident!("param{i}"))
        .collect();
    let (types, links): (Vec<_>, Vec<_>) = handler.params.iter().map(|p| (&p.ty, link(p))).unzip();
    let taken =
        quote!(#(let #values = <#types as ::strowger::param::Param>::extract(cx, #links)?;)*);
    let declared = quote!(#(<#types as ::strowger::param::Param>::declare(&mut handler, #links);)*);
    let call = quote!(Self::#method(state, cx, event, #(#values),*));
    let returned = quote!(::strowger::sbb::returned::<#output>(#call));
    let cfgs = &handler.cfgs;
    quote! {#(#cfgs)* descriptor.handlers.push({
        let mut handler = ::strowger::sbb::HandlerDecl::new::<#event>(
            #text,
            |state, cx, event| {
                let (state, event) = ::strowger::sbb::receive::<Self, #event>(state, event)?;
                #taken
                #returned
            },
        );
        handler.initial = #initial;
        handler.mask_on_attach = #masked;
        #declared
        handler
    });}
}

fn hook(callback: &Callback) -> TokenStream {
    let method = &callback.method;
    let output = output(&callback.output);
    let field = format_ident!("{}", callback.kind.name());
    let returned = quote!(::strowger::sbb::returned::<#output>);
    let state = quote!(::strowger::sbb::state::<Self>(state));
    let call = match callback.kind {
        Kind::Create | Kind::Remove => {
            quote!(|state, cx| #returned(Self::#method(#state?, cx)))
        }
        Kind::RolledBack => {
            quote!(|state, cx, what| #returned(Self::#method(#state?, cx, what)))
        }
        Kind::Exception => quote! {
            |state, cx, error| {
                if let ::core::result::Result::Ok(state) = #state {
                    Self::#method(state, cx, error);
                }
            }
        },
    };
    let cfgs = &callback.cfgs;
    quote!(#(#cfgs)* { descriptor.hooks.#field = ::core::option::Option::Some(#call); })
}

fn child(child: &Child) -> TokenStream {
    let sbb = &child.sbb;
    let priority = match &child.priority {
        Some(priority) => quote!(#priority),
        None => quote!(<#sbb as ::strowger::sbb::Sbb>::PRIORITY),
    };
    quote!(::strowger::sbb::ChildDecl::of::<#sbb>(#priority))
}

fn initial(options: &Options) -> TokenStream {
    let Some(initial) = options.initial else {
        return quote!(::core::option::Option::None);
    };
    let (activity, address) = (initial.activity, initial.address);
    let (event_type, event) = (initial.event_type, initial.event);
    let select = match &options.select {
        Some(path) => quote!(::core::option::Option::Some(#path)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        ::core::option::Option::Some(::strowger::initial::InitialDecl {
            by_activity: #activity,
            by_address: #address,
            by_event_type: #event_type,
            by_event: #event,
            select: #select,
        })
    }
}

fn link(param: &Param) -> TokenStream {
    match &param.link {
        Some(link) => quote!(::core::option::Option::Some(#link)),
        None => quote!(::core::option::Option::None),
    }
}

fn output(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => {
            let ty: &Type = ty;
            quote!(#ty)
        }
    }
}
