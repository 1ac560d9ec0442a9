//! The enum of a reactor's events, and the implementation that makes a type a reactor.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::check::Reactor;

/// ```text
/// enum WelcomeMailEvent { Opened(Recorded<Opened>), … }
/// impl Reactor for WelcomeMail { … }
/// ```
pub(super) fn expand(reactor: &Reactor<'_>) -> TokenStream {
    let Reactor { reading, name, error } = reactor;
    let (es_core, private) = (&reading.es_core, reading.es_core.private());
    let (ident, enum_ident) = (&reading.input.ident, &reading.enum_ident);
    let (impl_generics, type_generics, _) = reading.input.generics.split_for_impl();
    let bounds = reading.bounds();
    let error = error.as_ref().map_or_else(|| quote!(#es_core::record::BoxError), ToTokens::to_token_stream);
    let enumeration = reading.enumeration();
    let functions = reading.functions();
    let check = reading.check();
    let body = if reading.sound {
        let arms = reading.arms(|path| {
            let react = quote!(<Self as #es_core::reactor::React<#path>>::react);
            quote!(#private::handling(__es_event, #react(self, __es_event)).await)
        });
        quote!(match *__es_event { #(#arms)* })
    } else {
        quote!(#private::Ok(()))
    };
    quote! {
        #enumeration

        #[automatically_derived]
        impl #impl_generics #es_core::reactor::Reactor for #ident #type_generics #bounds {
            const NAME: &'static #private::str = #name;
            type Error = #error;
            type Event = #enum_ident;

            #functions

            async fn react_to(&self, __es_event: &#enum_ident) -> #private::Result<(), Self::Error> {
                #body
            }
        }

        #check
    }
}
