//! Checks that the keys of `#[process]` fit together.

use std::collections::BTreeSet;

use proc_macro2::Ident;
use quote::format_ident;
use syn::ext::IdentExt as _;
use syn::{DeriveInput, TypePath};

use super::attr::{ON, ProcessKeys, Send};
use crate::aggregate::AggregateNames;
use crate::errors::Errors;
use crate::event_list::{self, ListedVariant};
use crate::reading::Reading;
use crate::text::written;

/// A process that can be expanded: its mistakes are repaired as well as possible.
pub(super) struct Process<'a> {
    /// Its inputs.
    pub(super) reading: Reading<'a>,
    /// The name under which its checkpoints are stored.
    pub(super) name: String,
    /// The enum of its own events.
    pub(super) event_enum: Ident,
    pub(super) timers: Vec<TypePath>,
    pub(super) sends: Vec<Send>,
}

pub(super) fn check<'a>(
    keys: ProcessKeys,
    aggregate: &AggregateNames,
    input: &'a DeriveInput,
    errors: &mut Errors,
) -> Process<'a> {
    let ident = &input.ident;
    if !input.generics.params.is_empty() {
        errors.spanned(
            &input.generics,
            "a process cannot be generic: its streams must not depend on a type parameter; write one struct \
             for each type",
        );
    }
    match &keys.written {
        Some(written) if written.has(ON) => {}
        Some(_) => errors.spanned(
            ident,
            format!("the process `{ident}` has no inputs; write `#[process(on(Opened, Closed))]`"),
        ),
        None if input.attrs.iter().any(|attribute| attribute.path().is_ident("process")) => {}
        None => errors.spanned(
            ident,
            format!("the process `{ident}` has no keys; write `#[process(on(…), timers(…), sends(…))]`"),
        ),
    }
    let enum_ident = format_ident!("{}Input", ident.unraw(), span = ident.span());
    let events = event_list::variants(keys.on, &enum_ident, errors);
    let timers = event_list::variants(keys.timers, &enum_ident, errors);
    let sends = sends(keys.sends, errors);
    let es_core = keys.es_core;
    Process {
        reading: Reading { input, events, enum_ident, es_core, sound: errors.is_empty() },
        name: keys.name.map_or_else(|| checkpoint_name(&aggregate.name), |name| name.value()),
        event_enum: aggregate.enum_ident.clone(),
        timers: timers.into_iter().map(|ListedVariant { path, .. }| path).collect(),
        sends,
    }
}

/// The name of the aggregate, in the letters that are allowed in names of checkpoints.
fn checkpoint_name(aggregate: &str) -> String {
    let fits =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter);
    let letters = aggregate.chars().map(|letter| letter.to_ascii_lowercase());
    letters.map(|letter| if fits(letter) { letter } else { '-' }).take(60).collect()
}

/// Each command belongs to one aggregate, so that `send` knows which.
fn sends(listed: Vec<Send>, errors: &mut Errors) -> Vec<Send> {
    let mut seen = BTreeSet::new();
    let mut sends = Vec::with_capacity(listed.len());
    for send in listed {
        let text = written(&send.command);
        if seen.insert(text.clone()) {
            sends.push(send);
        } else {
            errors
                .spanned(&send.command, format!("`{text}` is listed twice; a command is for one aggregate"));
        }
    }
    sends
}
