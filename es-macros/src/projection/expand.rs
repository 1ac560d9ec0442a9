//! The enum of a projection's events, and the implementation that makes a type a projection.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::check::Projection;
use crate::event_list::ListedVariant;
use crate::paths::{respan, span};
use crate::reading::Reading;

/// ```text
/// enum BalancesEvent { Deposited(Recorded<Deposited>), … }
/// impl Projection for Balances { … }
/// ```
pub(super) fn expand(projection: &Projection<'_>) -> TokenStream {
    let Projection { reading, name, build, .. } = projection;
    let (es_core, private) = (&reading.es_core, reading.es_core.private());
    let (ident, enum_ident) = (&reading.input.ident, &reading.enum_ident);
    let (impl_generics, type_generics, _) = reading.input.generics.split_for_impl();
    let bounds = reading.bounds();
    let model = projection.model.as_ref().map_or_else(|| quote!(()), ToTokens::to_token_stream);
    let error = projection
        .error
        .as_ref()
        .map_or_else(|| quote!(#es_core::record::BoxError), ToTokens::to_token_stream);
    let enumeration = reading.enumeration();
    let functions = reading.functions();
    let whole_aggregates = whole_aggregates(reading);
    let project_all = project_all(projection);
    let set_up = set_up(projection);
    let check = reading.check();
    quote! {
        #enumeration

        #[automatically_derived]
        impl #impl_generics #es_core::projection::Projection for #ident #type_generics #bounds {
            const NAME: &'static #private::str = #name;
            const BUILD: #private::u32 = #build;
            type Model = #model;
            type Error = #error;
            type Event = #enum_ident;

            #functions
            #whole_aggregates
            #project_all
            #set_up
        }

        #check
    }
}

/// The aggregates whose events are taken all, for the lock.
fn whole_aggregates(reading: &Reading<'_>) -> Option<TokenStream> {
    let (es_core, private) = (&reading.es_core, reading.es_core.private());
    let mut reads = reading.aggregates().filter(|_| reading.sound).peekable();
    reads.peek()?;
    let reads = reads.map(|ListedVariant { path, .. }| {
        respan(quote!(<#path as #es_core::Aggregate>::read_events), span(path))
    });
    Some(quote! {
        #[inline]
        fn whole_aggregates() -> &'static [#private::WholeAggregate] {
            const { &[#(#reads),*] }
        }
    })
}

fn project_all(projection: &Projection<'_>) -> TokenStream {
    let Projection { reading, batch, .. } = projection;
    let (enum_ident, es_core) = (&reading.enum_ident, &reading.es_core);
    let private = es_core.private();
    let body = if !reading.sound {
        quote!(#private::Ok(()))
    } else if let Some(key) = batch {
        let done = quote! {
            <Self as #es_core::projection::ProjectBatch>::project_batch(self, __es_events, __es_model).await
        };
        respan(done, key.span())
    } else {
        let arms = reading.arms(|path| {
            quote! {
                <Self as #es_core::projection::Project<#path>>::project(self, __es_event, __es_model).await
            }
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
    let Projection { reading, setup, .. } = projection;
    let es_core = &reading.es_core;
    let private = es_core.private();
    let (model, body) = match setup {
        Some(key) if reading.sound => {
            let done = quote!(<Self as #es_core::projection::ProjectSetup>::setup(self, __es_model).await);
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
