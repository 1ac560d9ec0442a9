//! The enum of a projection's events, and the implementation that makes a type a projection.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::check::Projection;
use crate::event_list::Variant;
use crate::paths::{respan, span};
use crate::unique_names;

/// ```text
/// enum BalancesEvent { Deposited(Recorded<Deposited>), … }
/// impl Projection for Balances { … }
/// ```
pub(super) fn expand(projection: &Projection<'_>) -> TokenStream {
    let Projection { input, name, rev, enum_ident, es_core, .. } = projection;
    let private = es_core.private();
    let ident = &input.ident;
    let (impl_generics, type_generics, _) = input.generics.split_for_impl();
    let bounds = bounds(projection);
    let model = projection.model.as_ref().map_or_else(|| quote!(()), ToTokens::to_token_stream);
    let error =
        projection.error.as_ref().map_or_else(|| quote!(#es_core::BoxError), ToTokens::to_token_stream);
    let enumeration = enumeration(projection);
    let filter = names(projection);
    let decode = decode(projection);
    let project_all = project_all(projection);
    let set_up = set_up(projection);
    let events = events(projection);
    let check = projection
        .sound
        .then(|| unique_names::check(projection.events.iter().map(|event| &event.path), es_core));
    quote! {
        #enumeration

        #[automatically_derived]
        impl #impl_generics #es_core::Projection for #ident #type_generics #bounds {
            const NAME: &'static #private::str = #name;
            const REV: #private::u32 = #rev;
            type Model = #model;
            type Error = #error;
            type Event = #enum_ident;

            fn filter() -> #es_core::Filter {
                #private::filter(&[#(#filter),*])
            }

            #decode
            #events
            #project_all
            #set_up
        }

        #check
    }
}

/// What the trait asks of the type, where a type parameter leaves it open.
fn bounds(projection: &Projection<'_>) -> TokenStream {
    let Projection { input, es_core, .. } = projection;
    let private = es_core.private();
    let where_clause = &input.generics.where_clause;
    if input.generics.params.is_empty() {
        return where_clause.to_token_stream();
    }
    let own = where_clause.iter().flat_map(|clause| &clause.predicates);
    quote!(where #(#own,)* Self: #private::Send + #private::Sync + 'static)
}

fn enumeration(projection: &Projection<'_>) -> TokenStream {
    let Projection { input, enum_ident, es_core, .. } = projection;
    let private = es_core.private();
    let visibility = &input.vis;
    let doc = format!("The events of `{}`.", input.ident);
    let variants = projection.events.iter().map(|event| {
        let (path, variant) = (&event.path, &event.ident);
        let doc = format!("The event `{variant}`.");
        quote!(#[doc = #doc] #variant(#es_core::Recorded<#path>))
    });
    quote! {
        #[doc = #doc]
        #[#private::derive(#private::Debug)]
        #visibility enum #enum_ident { #(#variants),* }
    }
}

/// By the name of the event, as commands do.
fn decode(projection: &Projection<'_>) -> TokenStream {
    let Projection { enum_ident, es_core, .. } = projection;
    let private = es_core.private();
    let arms = projection.events.iter().map(|event| {
        let (path, variant) = (&event.path, &event.ident);
        // What stands for a type that is no event has the type's own place everywhere: it is reported once.
        let name = respan(quote!(<#path as #es_core::Event>::NAME), span(path));
        let decoded = respan(quote!(#private::decode_recorded::<#path>), span(path));
        quote! {
            #name => match #decoded(__es_raw) {
                #private::Ok(__es_event) => #private::Ok(#private::Option::Some(#enum_ident::#variant(__es_event))),
                #private::Err(__es_error) => #private::Err(__es_error),
            },
        }
    });
    let wire_names = names(projection);
    let signature = quote! {
        fn decode(__es_raw: &#es_core::RawEvent<'_>) -> #private::Result<#private::Option<#enum_ident>, #es_core::DecodeError>
    };
    if !projection.sound {
        return quote!(#signature { #private::Ok(#private::Option::None) });
    }
    quote! {
        #signature {
            let mut __es_name = __es_raw.name;
            loop {
                return match __es_name {
                    #(#arms)*
                    _ => match #private::renamed_of(__es_name, const { &[#(#wire_names),*] }) {
                        #private::Option::Some(__es_now) => {
                            __es_name = __es_now;
                            continue;
                        }
                        #private::Option::None => #private::Ok(#private::Option::None),
                    },
                };
            }
        }
    }
}

/// The events with their shapes, and how each is read.
fn events(projection: &Projection<'_>) -> TokenStream {
    let es_core = &projection.es_core;
    let private = es_core.private();
    let events = projection.events.iter().filter(|_| projection.sound).map(|Variant { path, .. }| {
        // What stands for a type that is no event has the type's own place everywhere: it is reported once.
        respan(quote!((<#path as #es_core::Event>::description, #private::read_whole::<#path>)), span(path))
    });
    quote! {
        #[inline]
        fn events() -> &'static [#private::ReadEvent] {
            const { &[#(#events),*] }
        }
    }
}

fn project_all(projection: &Projection<'_>) -> TokenStream {
    let Projection { enum_ident, es_core, batch, .. } = projection;
    let private = es_core.private();
    let body = if !projection.sound {
        quote!(#private::Ok(()))
    } else if let Some(key) = batch {
        let done =
            quote!(<Self as #es_core::ProjectBatch>::project_batch(self, __es_events, __es_model).await);
        respan(done, key.span())
    } else {
        let arms = projection.events.iter().map(|event| {
            let (path, variant) = (&event.path, &event.ident);
            // All of it at the event's place, so that a missing `Project` is reported there and once.
            let done =
                quote!(<Self as #es_core::Project<#path>>::project(self, __es_event, __es_model).await);
            let done = respan(done, span(path));
            quote!(#enum_ident::#variant(ref __es_event) => #done,)
        });
        quote! {
            for __es_event in __es_events {
                let __es_done = match *__es_event { #(#arms)* };
                if let #private::Err(__es_error) = __es_done {
                    return #private::Err(__es_error);
                }
            }
            #private::Ok(())
        }
    };
    quote! {
        async fn project_all(
            &self,
            __es_events: &[#enum_ident],
            __es_model: &mut Self::Model,
        ) -> #private::Result<(), Self::Error> {
            #body
        }
    }
}

fn set_up(projection: &Projection<'_>) -> TokenStream {
    let Projection { es_core, setup, .. } = projection;
    let private = es_core.private();
    let (model, body) = match setup {
        Some(key) if projection.sound => {
            let done = quote!(<Self as #es_core::ProjectSetup>::setup(self, __es_model).await);
            (quote!(__es_model), respan(done, key.span()))
        }
        _ => (quote!(_), quote!(#private::Ok(()))),
    };
    quote! {
        async fn set_up(&self, #model: &mut Self::Model) -> #private::Result<(), Self::Error> {
            #body
        }
    }
}

/// The names of each event, as code.
fn names(projection: &Projection<'_>) -> impl Iterator<Item = TokenStream> {
    projection.events.iter().map(|event| unique_names::names(&event.path, &projection.es_core))
}
