//! Checks that the keys of `#[publisher]` fit together.

use proc_macro2::Span;
use syn::{DeriveInput, LitStr};

use super::attr::{EVENTS, NAME, PublisherKeys};
use crate::errors::Errors;
use crate::reading::Reading;

/// A publisher that can be expanded: its mistakes are repaired as well as possible.
pub(super) struct Publisher<'a> {
    pub(super) reading: Reading<'a>,
    pub(super) name: LitStr,
}

pub(super) fn check<'a>(keys: PublisherKeys, input: &'a DeriveInput, errors: &mut Errors) -> Publisher<'a> {
    missing_keys(&keys, input, errors);
    Publisher {
        reading: Reading::new(input, keys.events, keys.es_core, errors),
        name: keys.name.unwrap_or_else(|| LitStr::new("?", Span::call_site())),
    }
}

fn missing_keys(keys: &PublisherKeys, input: &DeriveInput, errors: &mut Errors) {
    let ident = &input.ident;
    let Some(written) = &keys.written else {
        if input.attrs.iter().all(|attribute| !attribute.path().is_ident("publisher")) {
            let message = format!(
                "the publisher `{ident}` has no keys; write `#[publisher(name = \"loan-feed\", \
                 events(Opened))]`"
            );
            errors.spanned(ident, message);
        }
        return;
    };
    let needed = [
        (NAME, "has no name; write `#[publisher(name = \"loan-feed\")]`"),
        (EVENTS, "lists no events; write `#[publisher(events(Opened, Closed))]`"),
    ];
    for (key, problem) in needed {
        if !written.has(key) {
            errors.spanned(ident, format!("the publisher `{ident}` {problem}"));
        }
    }
}
