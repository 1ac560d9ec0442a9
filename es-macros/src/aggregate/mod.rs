//! `#[derive(Aggregate)]`: state folded from events.

mod attr;
mod check;
mod enumeration;
mod expand;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;
use crate::paths::generated;
use crate::shape::lossy;

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let input: Option<DeriveInput> = errors.keep(syn::parse2(item));
    let expansion = input.map(|input| {
        let keys = attr::parse(&input.attrs, &mut errors);
        let aggregate = check::check(keys, &input, &mut errors);
        let enumeration = enumeration::expand(&aggregate);
        let state = aggregate.snapshot.is_some().then(|| {
            lossy::skipped(aggregate.input, lossy::Stored::State, &mut errors);
            crate::shape::body(aggregate.input, &aggregate.es_core, &mut errors)
        });
        let expansion = expand::expand(&aggregate, state.as_ref());
        generated(quote!(#enumeration #expansion))
    });
    let errors = errors.finish();
    quote!(#expansion #errors)
}
