//! `#[event]`: a struct that is stored, one for each version.

mod attr;
mod check;
mod expand;
mod item;

use proc_macro2::TokenStream;

use crate::errors::Errors;

pub(crate) fn event(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let keys = attr::parse(attribute, &mut errors);
    let whole = item.clone();
    let Some(item) = item::parse(item.clone(), &mut errors) else {
        // Nothing that could be an event, so all that can be done is to leave it to the user's other code.
        let errors = errors.finish();
        return quote::quote!(#item #errors);
    };
    let event = check::check(keys, &item, &mut errors);
    let shape = crate::shape::event(whole, &event.es_core, &mut errors);
    let expansion = expand::expand(&item, &event, shape.as_ref());
    let errors = errors.finish();
    quote::quote!(#expansion #errors)
}
