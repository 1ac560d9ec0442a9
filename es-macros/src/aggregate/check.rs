//! Checks that the keys of `#[aggregate]` fit together.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::{Data, DeriveInput, LitStr, Path, Type, TypePath, parse_quote};

use super::attr::{AggregateKeys, EVENTS, NAME, Snapshot, plain};
use crate::errors::Errors;
use crate::event_list::{self, Listed, ListedKind, ListedVariant};
use crate::keys;
use crate::paths::CratePath;
use crate::process;
use crate::text::written;

/// An aggregate that can be expanded: its mistakes are repaired as well as possible.
pub(super) struct Aggregate<'a> {
    pub(super) input: &'a DeriveInput,
    pub(super) name: LitStr,
    /// The former names.
    pub(super) was: Vec<LitStr>,
    pub(super) id: Option<Type>,
    pub(super) events: Vec<ListedVariant>,
    pub(super) enum_ident: Ident,
    pub(super) enum_derives: Vec<Path>,
    /// The events that are read but no longer written.
    pub(super) retired: Vec<TypePath>,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) skip_unknown: bool,
    /// For a process: what it reads besides its own events.
    pub(super) beside: Option<process::ProcessKeys>,
    pub(super) es_core: CratePath,
    /// Whether generated checks may refer to it: not if it was repaired.
    pub(super) sound: bool,
}

pub(super) fn check<'a>(keys: AggregateKeys, input: &'a DeriveInput, errors: &mut Errors) -> Aggregate<'a> {
    let ident = &input.ident;
    kind_of_type(input, errors);
    missing_keys(&keys, input, errors);
    keys::earlier_names(&keys.was, keys.name.as_ref(), errors);
    let enum_ident =
        keys.enum_ident.unwrap_or_else(|| format_ident!("{}Event", plain(ident), span = ident.span()));
    let mut listed = keys.events;
    if keys.process.is_some() {
        let es_core = &keys.es_core;
        listed.push(Listed {
            path: parse_quote!(#es_core::process::Stepped),
            variant: None,
            kind: ListedKind::Event,
        });
    }
    let events = event_list::variants(listed, &enum_ident, errors);
    let retired = retired(keys.retired, &events, errors);
    Aggregate {
        input,
        name: keys.name.unwrap_or_else(|| LitStr::new("?", Span::call_site())),
        was: keys.was,
        id: keys.id,
        events,
        enum_ident,
        enum_derives: keys.enum_derives,
        retired,
        snapshot: keys.snapshot,
        skip_unknown: keys.skip_unknown,
        beside: keys.process,
        es_core: keys.es_core,
        sound: errors.is_empty(),
    }
}

fn kind_of_type(input: &DeriveInput, errors: &mut Errors) {
    let ident = &input.ident;
    if let Data::Union(_) = input.data {
        errors.spanned(
            ident,
            format!("the aggregate `{ident}` is a union; write a struct, or an enum of its states"),
        );
    }
    if let Some(lifetime) = input.generics.lifetimes().next() {
        errors.spanned(
            lifetime,
            "a state cannot borrow, as it outlives what it is read from; use owned types, such as `String` \
             for `&'a str`",
        );
    }
}

fn missing_keys(keys: &AggregateKeys, input: &DeriveInput, errors: &mut Errors) {
    let ident = &input.ident;
    let Some(written) = &keys.written else {
        if input.attrs.iter().all(|attribute| !attribute.path().is_ident("aggregate")) {
            errors.spanned(
                ident,
                format!("the aggregate `{ident}` has no keys; write `#[aggregate(name = \"…\", events(…))]`"),
            );
        }
        return;
    };
    if !written.has(NAME) {
        errors.spanned(
            ident,
            format!(
                "the aggregate `{ident}` has no name; write `#[aggregate(name = \"…\")]`, with a name that \
                 never changes"
            ),
        );
    }
    // The event of its steps is enough for a process.
    if !written.has(EVENTS) && keys.process.is_none() {
        errors.spanned(
            ident,
            format!("the aggregate `{ident}` lists no events; write `#[aggregate(events(Opened, Closed))]`"),
        );
    }
}

/// Leaves out events that are already listed, as current or as retired ones.
fn retired(listed: Vec<TypePath>, events: &[ListedVariant], errors: &mut Errors) -> Vec<TypePath> {
    let events: BTreeSet<String> = events.iter().map(|event| written(&event.path)).collect();
    let mut seen = BTreeSet::new();
    let mut retired = Vec::with_capacity(listed.len());
    for path in listed {
        let text = written(&path);
        if events.contains(&text) {
            errors.spanned(
                &path,
                format!(
                    "`{text}` is listed in `events` as well; keep it there if it is still written, or else \
                     only here"
                ),
            );
        } else if seen.insert(text.clone()) {
            retired.push(path);
        } else {
            errors.spanned(&path, format!("`{text}` is listed twice; list it once"));
        }
    }
    retired
}
