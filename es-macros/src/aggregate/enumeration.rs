//! The enum of an aggregate's events.

use proc_macro2::TokenStream;
use quote::quote;

use super::attr::plain;
use super::check::Aggregate;

/// ```text
/// pub enum AccountEvent { Opened(Opened), Deposited(Deposited) }
/// impl From<Opened> for AccountEvent { … }
/// ```
pub(super) fn expand(aggregate: &Aggregate<'_>) -> TokenStream {
    let Aggregate { input, enum_ident, enum_derives, es_core, .. } = aggregate;
    let private = es_core.private();
    let visibility = &input.vis;
    let doc = format!("The events of `{}`.", plain(&input.ident));
    let derives = (!enum_derives.is_empty()).then(|| quote!(#[#private::derive(#(#enum_derives),*)]));
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

        #(#froms)*
    }
}
