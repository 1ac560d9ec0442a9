//! Checks that the keys of `#[reactor]` fit together.

use proc_macro2::Span;
use syn::{DeriveInput, LitStr, Type};

use super::attr::{EVENTS, NAME, ReactorKeys};
use crate::errors::Errors;
use crate::reading::Reading;

/// A reactor that can be expanded: its mistakes are repaired as well as possible.
pub(super) struct Reactor<'a> {
    pub(super) reading: Reading<'a>,
    pub(super) name: LitStr,
    pub(super) error: Option<Type>,
}

pub(super) fn check<'a>(keys: ReactorKeys, input: &'a DeriveInput, errors: &mut Errors) -> Reactor<'a> {
    missing_keys(&keys, input, errors);
    Reactor {
        reading: Reading::new(input, keys.events, keys.es_core, errors),
        name: keys.name.unwrap_or_else(|| LitStr::new("?", Span::call_site())),
        error: keys.error,
    }
}

fn missing_keys(keys: &ReactorKeys, input: &DeriveInput, errors: &mut Errors) {
    let ident = &input.ident;
    let Some(written) = &keys.written else {
        if input.attrs.iter().all(|attribute| !attribute.path().is_ident("reactor")) {
            let message = format!(
                "the reactor `{ident}` has no keys; write `#[reactor(name = \"welcome-mail\", \
                 events(Opened))]`"
            );
            errors.spanned(ident, message);
        }
        return;
    };
    let needed = [
        (NAME, "has no name; write `#[reactor(name = \"welcome-mail\")]`"),
        (EVENTS, "lists no events; write `#[reactor(events(Opened, Closed))]`"),
    ];
    for (key, problem) in needed {
        if !written.has(key) {
            errors.spanned(ident, format!("the reactor `{ident}` {problem}"));
        }
    }
}
