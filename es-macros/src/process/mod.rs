//! `#[derive(Process)]`: an aggregate that handles events of other streams, sends commands and sets timers.

mod attr;
mod beside;
mod check;
mod expand;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::aggregate;
use crate::errors::Errors;
use crate::paths::generated;

pub(crate) use self::attr::{ProcessKeys, parse};
pub(crate) use self::beside::beside;

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let input: Option<DeriveInput> = errors.keep(syn::parse2(item));
    let expansion = input.map(|input| {
        let keys = parse(&input.attrs, &mut errors);
        let aggregate = aggregate::names_of(&input);
        let process = check::check(keys, &aggregate, &input, &mut errors);
        generated(expand::expand(&process))
    });
    let errors = errors.finish();
    quote!(#expansion #errors)
}
