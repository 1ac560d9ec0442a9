//! `#[event]`: a struct that is stored, one for each version.

mod attr;
mod check;
mod expand;
mod history;
mod item;
mod kind;
mod serde_keys;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

pub(crate) use self::kind::Kind;
use crate::errors::Errors;
use crate::unowned::{self, Holder};

pub(crate) fn event(attribute: TokenStream, item: &TokenStream, kind: Kind) -> TokenStream {
    let mut errors = Errors::new();
    let mut keys = attr::parse(attribute, kind, &mut errors);
    // The compiler reports code that is not Rust, in better words.
    let input: Option<DeriveInput> = syn::parse2(item.clone()).ok();
    let parsed = item::parse(item.clone(), &mut errors);
    let Some(item) = parsed else {
        // This cannot be an event, so leave it to the user's other code as it is.
        let errors = errors.finish();
        return quote!(#item #errors);
    };
    let is_owned = input.as_ref().is_none_or(|input| unowned::check(input, Holder::Event, &mut errors));
    let history = history::read(&mut keys.removed, input.as_ref(), &mut errors);
    let event = check::check(keys, &item, (kind, history.as_ref()), &mut errors);
    let mark = kind.mark(&item, &event.es_core);
    if let Some(input) = input.as_ref().filter(|_| !is_owned) {
        let expansion = expand::stand_in(&item, &event, input);
        let errors = errors.finish();
        return quote!(#expansion #mark #errors);
    }
    let shape = input.and_then(|input| crate::shape::event(&input, &event.es_core, &mut errors));
    let expansion = match history.filter(|_| event.sound) {
        Some(history) => history::expand(&item, &event, &history, shape.as_ref()),
        None => expand::expand(&item, &event, shape.as_ref()),
    };
    let errors = errors.finish();
    quote!(#expansion #mark #errors)
}
