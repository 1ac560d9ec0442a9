//! Rejects two events of one name in one list.

use proc_macro2::TokenStream;
use quote::quote;
use syn::TypePath;

use crate::paths::{CratePath, respan, span};
use crate::text::written;

/// The names of an event as code: the current and the former ones.
pub(crate) fn names(path: &TypePath, es_core: &CratePath) -> TokenStream {
    let event = respan(quote!(<#path as #es_core::Event>), span(path));
    quote!(#event::NAMES)
}

/// Rejects two events of one name, including former names, which are known only when constants are evaluated:
/// one check for each event but the first, with the span of its place in the list.
///
/// ```text
/// const _: () = {
///     const NAMES: Names = &[("Opened", Opened::NAMES), …];
///     const TAKEN: &[bool] = &taken::<{ slots(NAMES) }, 2>(NAMES);
///     check_name(NAMES, TAKEN, 1);
/// };
/// ```
pub(crate) fn check<'a>(
    events: impl Iterator<Item = &'a TypePath> + Clone,
    es_core: &CratePath,
) -> TokenStream {
    let private = es_core.private();
    let count = events.clone().count();
    let listed = events.clone().map(|path| {
        let (text, names) = (written(path), names(path, es_core));
        quote!((#text, #names))
    });
    let checks = events.enumerate().skip(1).map(|(index, path)| {
        let call = quote!(#private::check_name(__ES_NAMES, __ES_TAKEN, #index));
        let call = respan(call, span(path));
        quote!(#call;)
    });
    quote! {
        const _: () = {
            const __ES_NAMES: #private::Names<'_> = &[#(#listed),*];
            const __ES_TAKEN: &[#private::bool] =
                &#private::taken::<{ #private::slots(__ES_NAMES) }, #count>(__ES_NAMES);
            #(#checks)*
        };
    }
}

/// Refuses an event of an aggregate beside all events of it, and one aggregate under two types.
pub(crate) fn check_all_of<'a>(
    aggregates: &[&'a TypePath],
    events: &(impl Iterator<Item = &'a TypePath> + Clone),
    es_core: &CratePath,
) -> TokenStream {
    let private = es_core.private();
    let beside = aggregates.iter().flat_map(|aggregate| {
        let private = &private;
        events.clone().map(move |path| {
            let (all, text, names) = (written(aggregate), written(path), names(path, es_core));
            let all_names = quote!(<#aggregate as #es_core::Aggregate>::EVENT_NAMES);
            respan(quote!(#private::check_all_of(#all, #all_names, #text, #names);), span(path))
        })
    });
    let pairs = aggregates.iter().enumerate().flat_map(|(index, aggregate)| {
        let private = &private;
        aggregates[..index].iter().map(move |other| {
            let texts = [written(other), written(aggregate)];
            let [other, name] = [other, aggregate].map(|path| quote!(<#path as #es_core::Aggregate>::NAME));
            let [other_text, text] = texts;
            let call = quote!(#private::check_aggregates(#other_text, #other, #text, #name););
            respan(call, span(aggregate))
        })
    });
    // Each for itself, so that all of them are reported.
    let checks = beside.chain(pairs);
    quote!(#(const _: () = { #checks };)*)
}
