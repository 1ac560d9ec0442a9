//! `#[derive(Aggregate)]`: state folded from events.

mod attr;
mod check;
mod enumeration;
mod expand;
mod names;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

pub(crate) use self::names::{AggregateNames, names_of};
use crate::errors::Errors;
use crate::paths::generated;
use crate::process;
use crate::shape::lossy;
use crate::unowned::{self, Holder};

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let input: Option<DeriveInput> = errors.keep(syn::parse2(item));
    let expansion = input.map(|input| {
        let mut keys = attr::parse(&input.attrs, &mut errors);
        keys.process = of_process(&input);
        let mut aggregate = check::check(keys, &input, &mut errors);
        let enumeration = enumeration::expand(&aggregate);
        // For a type that borrows, the compiler would report each use, with all its lifetimes.
        if input.generics.lifetimes().next().is_some() {
            return generated(enumeration);
        }
        let holder = if aggregate.snapshot.is_some() { Holder::StoredState } else { Holder::State };
        let repaired = (!unowned::check(&input, holder, &mut errors)).then(|| {
            aggregate.snapshot = None;
            unowned::repaired(&input, &aggregate.es_core.private())
        });
        let state = aggregate.snapshot.is_some().then(|| {
            lossy::skipped(aggregate.input, lossy::Stored::State, &mut errors);
            crate::shape::body(aggregate.input, &aggregate.es_core, &mut errors)
        });
        let expansion = expand::expand(&aggregate, state.as_ref());
        generated(quote!(#enumeration #expansion #repaired))
    });
    let errors = errors.finish();
    quote!(#expansion #errors)
}

/// The keys of `#[process]` on the same type; that derive reports their mistakes.
fn of_process(input: &DeriveInput) -> Option<process::ProcessKeys> {
    input.attrs.iter().find(|attribute| attribute.path().is_ident("process"))?;
    let mut errors = Errors::new();
    let keys = process::parse(&input.attrs, &mut errors);
    errors.finish();
    Some(keys)
}
