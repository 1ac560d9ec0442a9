//! The names that fields and variants ever had: each belongs to one of them, as a form is recognised by the
//! names in it.

use quote::ToTokens as _;

use super::super::serde;
use super::{Part, TypeHistory, Variant, earlier_names};
use crate::errors::Errors;
use crate::history::{Change, Field, FieldChange};

pub(super) fn check(history: &TypeHistory, errors: &mut Errors) {
    let keys = serde::of_type(&history.input.attrs);
    for part in &history.parts {
        for (at, field) in part.fields.iter().enumerate() {
            if let Some(tag) = &keys.tag
                && earlier_names(field).any(|name| name == *tag)
            {
                errors.spanned(
                    &field.changes[0].key,
                    format!(
                        "`{tag}` is the field that holds the variant's name; write the name that the field \
                         had"
                    ),
                );
            }
            kept_name(&field.changes, |version| field.name(version, part.rule), errors);
            for other in &part.fields[..at] {
                two_fields(part, other, field, errors);
            }
        }
    }
    let variants: Vec<_> = history.parts.iter().filter_map(|part| part.variant.as_ref()).collect();
    for (at, variant) in variants.iter().enumerate() {
        kept_name(&variant.changes, |version| variant.name(version), errors);
        for other in &variants[..at] {
            two_variants(variant, other, errors);
        }
    }
}

/// Rejects a variant and an earlier one that share a name.
fn two_variants(variant: &Variant, other: &Variant, errors: &mut Errors) {
    let names = |of: &Variant| {
        let aliases = serde::of_part(&of.attributes).aliases;
        let names = of.earlier_names().chain([of.name(u32::MAX)]).chain(aliases);
        names.collect::<Vec<_>>()
    };
    let Some(change) = variant.changes.first().or_else(|| other.changes.first()) else { return };
    let theirs = names(other);
    if let Some(name) = names(variant).into_iter().find(|name| theirs.contains(name)) {
        errors.spanned(
            &change.key,
            format!(
                "`{}` and `{}` are or were both called `{name}`, so it is unknown which of them was stored; \
                 give the newer one an unused name",
                other.ident, variant.ident
            ),
        );
    }
}

/// Rejects a former name that is also the next one.
fn kept_name(changes: &[Change], name: impl Fn(u32) -> String, errors: &mut Errors) {
    for change in changes {
        if let FieldChange::Renamed(from) = &change.what
            && name(change.since.version) == from.value()
        {
            errors.spanned(
                from,
                format!(
                    "`{}` is also the new name; write the former name, or remove `renamed`",
                    from.value()
                ),
            );
        }
    }
}

/// Every name under which a field is or was written or read.
fn names(part: &Part, field: &Field) -> Vec<String> {
    let keys = serde::of_part(&field.attributes);
    let read = keys.rename.read;
    earlier_names(field).chain([field.name(u32::MAX, part.rule)]).chain(read).chain(keys.aliases).collect()
}

fn two_fields(part: &Part, one: &Field, other: &Field, errors: &mut Errors) {
    let has_history = |field: &Field| !field.changes.is_empty() || field.removed.is_some();
    if !has_history(one) && !has_history(other) {
        // Two current fields are for serde to report.
        return;
    }
    let theirs = names(part, one);
    let Some(name) = names(part, other).into_iter().find(|name| theirs.contains(name)) else { return };
    let (one_ident, other_ident) = (&one.ident, &other.ident);
    let problem = match (&one.removed, &other.removed) {
        (None, Some(_)) if one_ident == other_ident && one.added().is_none() => format!(
            "`{name}` is removed, and still present; remove `removed`, or give the new field an unused name, \
             with `#[serde(rename = \"…\")]`"
        ),
        (None, Some(_)) => format!(
            "`{name}` is the name of a removed field: values of the two cannot be distinguished; give \
             `{one_ident}` an unused name, with `#[serde(rename = \"…\")]`"
        ),
        (Some(_), Some(_)) => format!(
            "two removed fields were called `{name}`, so it is unknown which of them was stored; remove one \
             `removed`, or write a new type and a new version of the events"
        ),
        _ => format!(
            "`{one_ident}` and `{other_ident}` are or were both called `{name}`, so it is unknown which of \
             them was stored; give the newer one an unused name"
        ),
    };
    let change = other.changes.first().filter(|_| other.removed.is_none());
    let change = change.or_else(|| one.changes.first().filter(|_| other.removed.is_none()));
    errors.spanned(
        change.map_or_else(|| other_ident.to_token_stream(), |change| change.key.to_token_stream()),
        problem,
    );
}
