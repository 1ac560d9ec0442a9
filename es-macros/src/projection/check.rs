//! What the keys of `#[projection]` must be together.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::ext::IdentExt as _;
use syn::{DeriveInput, LitStr, Type};

use super::attr::{EVENTS, Keys, MODEL, NAME};
use crate::errors::Errors;
use crate::event_list::{self, Variant};
use crate::paths::CratePath;

/// A projection that can be expanded: what was wrong with it is repaired as well as possible.
pub(super) struct Projection<'a> {
    pub(super) input: &'a DeriveInput,
    pub(super) name: LitStr,
    pub(super) rev: u32,
    pub(super) events: Vec<Variant>,
    pub(super) enum_ident: Ident,
    pub(super) model: Option<Type>,
    pub(super) error: Option<Type>,
    pub(super) batch: Option<Ident>,
    pub(super) setup: Option<Ident>,
    pub(super) es_core: CratePath,
    /// Whether other code may still check it: not when it was repaired.
    pub(super) sound: bool,
}

pub(super) fn check<'a>(keys: Keys, input: &'a DeriveInput, errors: &mut Errors) -> Projection<'a> {
    missing_keys(&keys, input, errors);
    let ident = &input.ident;
    let enum_ident = format_ident!("{}Event", ident.unraw(), span = ident.span());
    let events = event_list::variants(keys.events, &enum_ident, errors);
    Projection {
        input,
        name: keys.name.unwrap_or_else(|| LitStr::new("?", Span::call_site())),
        rev: keys.rev.unwrap_or(1),
        events,
        enum_ident,
        model: keys.model,
        error: keys.error,
        batch: keys.batch,
        setup: keys.setup,
        es_core: keys.es_core,
        sound: errors.is_empty(),
    }
}

fn missing_keys(keys: &Keys, input: &DeriveInput, errors: &mut Errors) {
    let ident = &input.ident;
    let Some(written) = &keys.written else {
        if input.attrs.iter().all(|attribute| !attribute.path().is_ident("projection")) {
            let message = format!(
                "the projection `{ident}` has no keys; write `#[projection(name = \"…\", events(…), model = …)]`"
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
