//! The enum of a publisher's events, and the implementation that makes a type a publisher.

use proc_macro2::TokenStream;
use quote::quote;

use super::check::Publisher;
use crate::event_list::ListedVariant;
use crate::paths::{respan, span};
use crate::reading::Reading;

/// ```text
/// enum LoanFeedEvent { Approved(Recorded<Approved>), … }
/// impl Publisher for LoanFeed { … }
/// ```
pub(super) fn expand(publisher: &Publisher<'_>) -> TokenStream {
    let Publisher { reading, name } = publisher;
    let (es_core, private) = (&reading.es_core, reading.es_core.private());
    let (ident, enum_ident) = (&reading.input.ident, &reading.enum_ident);
    let (impl_generics, type_generics, _) = reading.input.generics.split_for_impl();
    let bounds = reading.bounds();
    let enumeration = reading.enumeration();
    let functions = reading.functions();
    let check = reading.check();
    let message = message(reading);
    let public = reading.events.iter().filter(|_| reading.sound).map(|ListedVariant { path, .. }| {
        let public = quote!(<Self as #es_core::messaging::Publish<#path>>::Public);
        let shape = quote!((<#public as #es_core::Event>::description, #private::read_whole::<#public>));
        respan(shape, span(path))
    });
    quote! {
        #enumeration

        #[automatically_derived]
        impl #impl_generics #es_core::messaging::Publisher for #ident #type_generics #bounds {
            const NAME: &'static #private::str = #name;
            type Event = #enum_ident;

            #functions

            #[inline]
            fn public_events() -> &'static [#private::ReadEvent] {
                const { &[#(#public),*] }
            }

            fn message(
                &self,
                __es_event: &#enum_ident,
            ) -> #private::Result<#private::Option<#private::Message>, #es_core::record::EncodeError> {
                #message
            }
        }

        #check
    }
}

/// The message of an event, by its type.
fn message(reading: &Reading<'_>) -> TokenStream {
    let (es_core, private) = (&reading.es_core, reading.es_core.private());
    if !reading.sound {
        return quote!(#private::Ok(#private::Option::None));
    }
    let arms = reading.arms(|path| {
        quote! {
            #private::message_of(
                <Self as #es_core::messaging::Publish<#path>>::publish(self, __es_event),
                __es_event,
            )
        }
    });
    quote!(match *__es_event { #(#arms)* })
}
