//! `#[derive(Shape)]`, and the shapes that `#[event]` and `#[derive(Aggregate)]` give.

mod attr;
pub(crate) mod case;
mod describe;
mod expand;
mod form;
pub(crate) mod lossy;
pub(crate) mod serde;

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Path, Token};

use crate::errors::Errors;
use crate::paths::{CratePath, generated};

/// `#[derive(Shape)]`.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let input: Option<DeriveInput> = errors.keep(syn::parse2(item));
    let expansion = input.map(|input| {
        let es_core = attr::es_core(&input.attrs, &mut errors);
        let body = body(&input, &es_core, &mut errors);
        generated(expand::implementation(&input.ident, &input.generics, &body, &es_core))
    });
    let errors = errors.finish();
    quote!(#expansion #errors)
}

/// The implementation for an event, which is never generic.
pub(crate) fn event(input: &DeriveInput, es_core: &CratePath, errors: &mut Errors) -> Option<TokenStream> {
    let body = body(input, es_core, errors);
    lossy::skipped(input, lossy::Stored::Event, errors);
    if let Some(derived) = derived(&input.attrs) {
        errors.spanned(derived, "`#[event]` derives `Shape` already; leave it out here");
        return None;
    }
    Some(expand::implementation(&input.ident, &input.generics, &body, es_core))
}

/// Our derive, where the user wrote it.
fn derived(attributes: &[Attribute]) -> Option<Path> {
    let is_ours = |path: &Path| {
        let crates = path.segments.iter().rev().skip(1).all(|segment| segment.ident == "es_core");
        crates && path.segments.last().is_some_and(|last| last.ident == "Shape")
    };
    attributes.iter().filter(|attribute| attribute.path().is_ident("derive")).find_map(|attribute| {
        let paths = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok()?;
        paths.into_iter().find(is_ours)
    })
}

/// The statements of a function that describes the type into `__es_types`.
pub(crate) fn body(input: &DeriveInput, es_core: &CratePath, errors: &mut Errors) -> TokenStream {
    if let Data::Union(_) = input.data {
        errors.spanned(&input.ident, "a union has no shape; write a struct or an enum");
    }
    let described = describe::describe(input, errors);
    lossy::check(input, errors);
    expand::body(&described, es_core)
}
