//! `#[derive(Shape)]`, and the shapes that `#[event]` and `#[derive(Aggregate)]` generate.

mod attr;
mod bounds;
pub(crate) mod case;
mod describe;
mod described;
mod expand;
mod form;
mod history;
pub(crate) mod lossy;
pub(crate) mod marker;
pub(crate) mod serde;

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Path, Token};

use self::bounds::Needs;
use self::history::TypeHistory;
use crate::errors::Errors;
use crate::paths::{CratePath, generated};

/// `#[derive(Shape)]`.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let input: Option<DeriveInput> = errors.keep(syn::parse2(item));
    let expansion = input.map(|mut input| generated(derived_for(&mut input, &mut errors)));
    let errors = errors.finish();
    quote!(#expansion #errors)
}

fn derived_for(input: &mut DeriveInput, errors: &mut Errors) -> TokenStream {
    let history = history::read(input, errors);
    let es_core = attr::es_core(&input.attrs, errors);
    if let Some(history) = &history {
        history::check(history, errors);
    }
    let of_current = body(input, &es_core, errors);
    let shape = |Body { bounds, statements }: &Body| {
        expand::implementation(&input.ident, &input.generics, bounds, statements, &es_core)
    };
    match history {
        None => shape(&of_current),
        Some(history) if errors.is_empty() => {
            let shape = shape(&with_history(&history, input, &es_core));
            history::expand(&history, &shape, &es_core)
        }
        Some(history) => {
            // So that the type is not reported again wherever it is used.
            let (shape, reading) = (shape(&of_current), history::expand_nothing(&history, &es_core));
            quote!(#shape #reading)
        }
    }
}

/// The implementation for an event, which is never generic.
pub(crate) fn event(input: &DeriveInput, es_core: &CratePath, errors: &mut Errors) -> Option<TokenStream> {
    let Body { bounds, statements } = body(input, es_core, errors);
    lossy::skipped(input, lossy::Stored::Event, errors);
    if let Some(derived) = derived(&input.attrs) {
        errors.spanned(derived, "`#[event]` derives `Shape` already; remove it here");
        return None;
    }
    Some(expand::implementation(&input.ident, &input.generics, &bounds, &statements, es_core))
}

/// Like [`body`], for a type with a history: its first form, and the changes since.
fn with_history(history: &TypeHistory, input: &DeriveInput, es_core: &CratePath) -> Body {
    // Mistakes were reported for the current type.
    let mut unreported = Errors::new();
    let first = describe::describe(&history.in_version(1), &mut unreported);
    let current = describe::describe(&history.reading(), &mut unreported);
    unreported.finish();
    let needs = Needs::of(&[&first, &current], &input.generics, &input.ident);
    let steps = history::steps(history, es_core);
    Body {
        bounds: needs.predicates(&es_core.private()),
        statements: expand::body_with_history((&first, &needs), &current, &steps, es_core),
    }
}

/// Our derive, if the user wrote it.
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

/// How a type is described.
pub(crate) struct Body {
    /// The bounds of its parameters: predicates of a where clause, each with a comma.
    pub(crate) bounds: TokenStream,
    /// The statements of a function that adds the description of the type to `__es_types`.
    pub(crate) statements: TokenStream,
}

pub(crate) fn body(input: &DeriveInput, es_core: &CratePath, errors: &mut Errors) -> Body {
    if let Data::Union(_) = input.data {
        errors.spanned(&input.ident, "a union has no shape; write a struct or an enum");
    }
    let described = describe::describe(input, errors);
    lossy::check(input, errors);
    let needs = Needs::of(&[&described], &input.generics, &input.ident);
    Body {
        bounds: needs.predicates(&es_core.private()),
        statements: expand::body(&described, &needs, es_core),
    }
}
