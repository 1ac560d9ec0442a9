//! The enum of an aggregate's events.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use super::attr::plain;
use super::check::Aggregate;
use crate::event_list::ListedVariant;
use crate::paths::{last_ident, respan, span};

/// ```text
/// pub enum AccountEvent { Opened(Opened), Deposited(Deposited) }
/// impl AccountEvent { pub fn event_type(&self) -> EventType { … } }
/// impl Debug for AccountEvent { … }
/// impl From<Opened> for AccountEvent { … }
/// ```
pub(super) fn expand(aggregate: &Aggregate<'_>) -> TokenStream {
    let Aggregate { input, enum_ident, enum_derives, es_core, .. } = aggregate;
    let private = es_core.private();
    let visibility = &input.vis;
    let doc = format!("The events of `{}`.", plain(&input.ident));
    let derives = (!enum_derives.is_empty()).then(|| quote!(#[#private::derive(#(#enum_derives),*)]));
    let (debug, event_type) = (debug(aggregate), event_type(aggregate));
    let (variants, froms): (Vec<_>, Vec<_>) = aggregate
        .events
        .iter()
        .map(|event| {
            let (path, variant) = (&event.path, &event.ident);
            let doc = format!("The event `{}`.", plain(variant));
            let from = quote! {
                #[automatically_derived]
                impl #private::From<#path> for #enum_ident {
                    fn from(__es_event: #path) -> Self { Self::#variant(__es_event) }
                }
            };
            (quote!(#[doc = #doc] #variant(#path)), from)
        })
        .unzip();
    quote! {
        #[doc = #doc]
        #derives
        #visibility enum #enum_ident { #(#variants),* }

        #event_type
        #debug
        #(#froms)*
    }
}

fn event_type(aggregate: &Aggregate<'_>) -> TokenStream {
    let Aggregate { enum_ident, es_core, .. } = aggregate;
    let arms = aggregate.events.iter().map(|ListedVariant { path, ident, .. }| {
        let of = respan(quote!(<#path as #es_core::Event>::TYPE), span(path));
        quote!(Self::#ident(_) => #of,)
    });
    quote! {
        #[automatically_derived]
        impl #enum_ident {
            /// The name and the versions of the event.
            #[must_use]
            pub fn event_type(&self) -> #es_core::record::EventType {
                match *self { #(#arms)* }
            }
        }
    }
}

/// Name and payload, for events of any types; nothing where the enum derives its `Debug`.
fn debug(aggregate: &Aggregate<'_>) -> Option<TokenStream> {
    let Aggregate { enum_ident, enum_derives, es_core, .. } = aggregate;
    let private = es_core.private();
    let is_debug = |derive: &Path| last_ident(derive).is_some_and(|ident| ident == "Debug");
    if enum_derives.iter().any(is_debug) {
        return None;
    }
    let arms = aggregate.events.iter().map(|ListedVariant { path, ident, .. }| {
        let show = respan(quote!(<#path as #es_core::Event>::show), span(path));
        quote!(Self::#ident(ref __es_event) => #show(__es_event, __es_out),)
    });
    let body = if aggregate.sound && !aggregate.events.is_empty() {
        quote!(match *self { #(#arms)* })
    } else {
        quote!(#private::Ok(()))
    };
    Some(quote! {
        #[automatically_derived]
        impl #private::Debug for #enum_ident {
            fn fmt(&self, __es_out: &mut #private::fmt::Formatter<'_>) -> #private::fmt::Result {
                #body
            }
        }
    })
}
