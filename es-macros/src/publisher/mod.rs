//! `#[derive(Publisher)]`: the public events that a service publishes from its own.

mod attr;
mod check;
mod expand;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;
use crate::paths::generated;

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let input: Option<DeriveInput> = errors.keep(syn::parse2(item));
    let expansion = input.map(|input| {
        let keys = attr::parse(&input.attrs, &mut errors);
        let publisher = check::check(keys, &input, &mut errors);
        generated(expand::expand(&publisher))
    });
    let errors = errors.finish();
    quote!(#expansion #errors)
}
