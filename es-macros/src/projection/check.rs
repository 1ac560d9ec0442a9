//! Checks that the keys of `#[projection]` fit together.

use proc_macro2::{Ident, Span};
use syn::{DeriveInput, LitStr, Type};

use super::attr::{EVENTS, MODEL, NAME, ProjectionKeys};
use crate::errors::Errors;
use crate::reading::Reading;

/// A projection that can be expanded: its mistakes are repaired as well as possible.
pub(super) struct Projection<'a> {
    pub(super) reading: Reading<'a>,
    pub(super) name: LitStr,
    pub(super) build: u32,
    pub(super) model: Option<Type>,
    pub(super) error: Option<Type>,
    pub(super) batch: Option<Ident>,
    pub(super) setup: Option<Ident>,
}

pub(super) fn check<'a>(keys: ProjectionKeys, input: &'a DeriveInput, errors: &mut Errors) -> Projection<'a> {
    missing_keys(&keys, input, errors);
    Projection {
        reading: Reading::new(input, keys.events, keys.es_core, errors),
        name: keys.name.unwrap_or_else(|| LitStr::new("?", Span::call_site())),
        build: keys.build.unwrap_or(1),
        model: keys.model,
        error: keys.error,
        batch: keys.batch,
        setup: keys.setup,
    }
}

fn missing_keys(keys: &ProjectionKeys, input: &DeriveInput, errors: &mut Errors) {
    let ident = &input.ident;
    let Some(written) = &keys.written else {
        if input.attrs.iter().all(|attribute| !attribute.path().is_ident("projection")) {
            let message = format!(
                "the projection `{ident}` has no keys; write `#[projection(name = \"…\", events(…), model = \
                 …)]`"
            );
            errors.spanned(ident, message);
        }
        return;
    };
    let needed = [
        (NAME, "has no name; write `#[projection(name = \"…\")]`"),
        (EVENTS, "lists no events; write `#[projection(events(Opened, Closed))]`"),
        (
            MODEL,
            "has no model; write `#[projection(model = PgConnection)]`, or the type of a model in memory",
        ),
    ];
    for (key, problem) in needed {
        if !written.has(key) {
            errors.spanned(ident, format!("the projection `{ident}` {problem}"));
        }
    }
}
