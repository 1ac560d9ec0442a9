//! Checks the history of an event's fields.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Data, Fields, LitInt};

use super::{EventHistory, names};
use crate::errors::Errors;
use crate::history::{Field, FieldChange, order, range, since};
use crate::shape::serde;

/// Rejects a history that does not determine the old versions.
pub(in crate::event) fn check(
    history: &EventHistory,
    version: u32,
    literal: Option<&LitInt>,
    write_as: Option<&LitInt>,
    errors: &mut Errors,
) {
    kind_of_struct(history, errors);
    for field in &history.fields {
        range(field, version, errors);
        order(field, errors);
        kind_of_field(history, field, errors);
    }
    // The checks below look at whole versions, which are unknown if a part of them is wrong.
    if !errors.is_empty() {
        return;
    }
    let is_changed =
        |version: &u32| history.fields.iter().flat_map(since).any(|(_, since)| since.version == *version);
    if let Some(unchanged) = (2..=version).find(|version| !is_changed(version)) {
        errors.spanned(
            literal,
            format!(
                "version {unchanged} changes nothing: no field was added, renamed or removed in it; describe \
                 on the fields what changed, or write `previous = Type` instead of the whole history"
            ),
        );
        return;
    }
    for old in 1..=version {
        names::check(history, old, errors);
    }
    if let Some(literal) = write_as {
        removed_in_the_last_step(history, version, literal, errors);
    }
}

/// Only a struct that is stored as a JSON object has a history.
fn kind_of_struct(history: &EventHistory, errors: &mut Errors) {
    let Data::Struct(data) = &history.input.data else { return };
    let with_history = || history.fields.iter().filter(|field| since(field).next().is_some());
    match &data.fields {
        Fields::Named(_) => {}
        Fields::Unnamed(_) => {
            for field in with_history() {
                let word = first_word(field);
                errors.spanned(
                    word,
                    "fields without names have no history; name the fields, or write `previous = Type`, \
                     where `Type` is the struct of the previous version",
                );
            }
        }
        Fields::Unit => {
            let ident = &history.input.ident;
            for field in with_history() {
                errors.spanned(
                    &field.ident,
                    format!(
                        "a struct without fields is stored as `null`; write `struct {ident} {{}}`, or \
                         `previous = Type`"
                    ),
                );
            }
        }
    }
    is_stored_as_it_is(history, errors);
}

/// What is stored as another type has no fields of its own.
fn is_stored_as_it_is(history: &EventHistory, errors: &mut Errors) {
    let keys = serde::of_type(&history.input.attrs);
    let other = [
        (keys.transparent, "transparent"),
        (keys.into.is_some(), "into"),
        (keys.from.is_some(), "from"),
        (keys.remote.is_some(), "remote"),
    ];
    let declares = |attribute: &&Attribute| {
        let is_form = |list: &syn::MetaList| {
            matches!(list.tokens.clone().into_iter().next(), Some(TokenTree::Literal(_)))
                || list
                    .tokens
                    .clone()
                    .into_iter()
                    .any(|token| matches!(token, TokenTree::Ident(key) if key == "as"))
        };
        attribute.path().is_ident("shape") && attribute.meta.require_list().is_ok_and(is_form)
    };
    let declared = history.input.attrs.iter().find(declares).map(|_| "#[shape(\"…\")]".to_owned());
    let converted = other.iter().find(|(is_there, _)| *is_there).map(|(_, key)| format!("#[serde({key})]"));
    if let Some(attribute) = converted.or(declared) {
        errors.spanned(
            &history.input.ident,
            format!(
                "with `{attribute}`, these fields are not what is stored, so they have no history; write \
                 `previous = Type`, where `Type` is the struct of the previous version"
            ),
        );
    }
}

/// Where a message about the whole history of a field is reported.
fn first_word(field: &Field) -> TokenStream {
    field.changes.first().map_or_else(|| field.ident.to_token_stream(), |change| change.key.to_token_stream())
}

/// Checks whether serde's attributes allow a field to have a history.
fn kind_of_field(history: &EventHistory, field: &Field, errors: &mut Errors) {
    let keys = serde::of_part(&field.attributes);
    if since(field).next().is_some() && keys.skip_reading {
        errors.spanned(
            first_word(field),
            format!("`{}` is never read, as serde skips it, so it has no history; remove this", field.ident),
        );
    } else if keys.flatten {
        for change in field.changes.iter().filter(|change| matches!(change.what, FieldChange::Renamed(_))) {
            errors.spanned(
                &change.key,
                format!(
                    "`{}` is flattened and has no name of its own; rename the fields in its type, in a new \
                     struct, and write `previous = Type`",
                    field.ident
                ),
            );
        }
    }
    if field.removed.is_some() && keys.flatten {
        removed_flattened(history, field, errors);
    }
    let ident = &history.input.ident;
    if mentions(field.ty.to_token_stream(), &ident.to_string()) {
        errors.spanned(
            &field.ty,
            format!(
                "`{ident}` contains itself, so its old versions would contain the newest; write `previous = \
                 Type`, where `Type` is the struct of the previous version"
            ),
        );
    }
}

fn removed_flattened(history: &EventHistory, field: &Field, errors: &mut Errors) {
    let others = history.fields.iter().filter(|other| other.ident != field.ident);
    for other in others.filter(|other| serde::of_part(&other.attributes).flatten) {
        errors.spanned(
            &field.ident,
            format!(
                "serde reads flattened fields in the order of their declarations, and whether `{}` came \
                 before or after `{}` is not known; write `previous = Type`, where `Type` is the struct of \
                 the previous version",
                field.ident, other.ident
            ),
        );
    }
}

/// Whether a type names the struct, or `Self`, without a path.
fn mentions(tokens: TokenStream, name: &str) -> bool {
    let mut in_path = false;
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => !std::mem::take(&mut in_path) && (ident == name || ident == "Self"),
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Punct(punct) => {
            in_path = punct.as_char() == ':';
            false
        }
        TokenTree::Literal(_) => false,
    })
}

/// A field that only the previous version has cannot be filled when that version is written.
fn removed_in_the_last_step(history: &EventHistory, version: u32, literal: &LitInt, errors: &mut Errors) {
    let gone = |field: &&Field| field.removed.as_ref().is_some_and(|removed| removed.version == version);
    for field in history.fields.iter().filter(gone) {
        let (name, before) = (&field.ident, version - 1);
        errors.spanned(
            literal,
            format!(
                "version {before} has the field `{name}`, which this version cannot fill; remove `write_as`, \
                 or keep `{name}` until no program reads version {before} any more"
            ),
        );
    }
}
