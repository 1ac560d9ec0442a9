//! Checks of a history, so that the forms of a type can be distinguished.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Data, Fields, Type};

use super::super::{attr, serde};
use super::{Part, TypeHistory, Variant, form, names};
use crate::errors::Errors;
use crate::history::{AddedDefault, Change, Field, attributes, order, range, since};

/// Rejects a history that leaves it ambiguous what was stored.
pub(in crate::shape) fn check(history: &TypeHistory, errors: &mut Errors) {
    kind_of_type(history, errors);
    for part in &history.parts {
        kind_of_part(history, part, errors);
        for field in &part.fields {
            range(field, history.version, errors);
            order(field, errors);
            if since(field).next().is_some() {
                kind_of_field(history, field, errors);
            }
        }
        if let Some(variant) = &part.variant {
            of_variant(&variant.changes, history.version, &variant.ident, errors);
        }
    }
    // The checks below look at whole versions, which are unknown if a part of them is wrong.
    if !errors.is_empty() {
        return;
    }
    without_gap(history, errors);
    names::check(history, errors);
}

/// Where a problem of a whole part is reported: at the first key of its history.
fn first_word(part: &Part) -> Option<TokenStream> {
    let of_variant = part.variant.iter().flat_map(|variant| &variant.changes).next();
    of_variant.map(|change| change.key.to_token_stream()).or_else(|| {
        let field = part.fields.iter().find(|field| since(field).next().is_some())?;
        Some(word_of(field))
    })
}

fn word_of(field: &Field) -> TokenStream {
    field.changes.first().map_or_else(|| field.ident.to_token_stream(), |change| change.key.to_token_stream())
}

/// Only a type that serde writes by its fields and variants has a history.
fn kind_of_type(history: &TypeHistory, errors: &mut Errors) {
    let input = &history.input;
    let keys = serde::of_type(&input.attrs);
    let mut unreported = Errors::new();
    let declared = attr::of_type(&input.attrs, &mut unreported).form.is_some();
    unreported.finish();
    let other = [
        (keys.transparent, "#[serde(transparent)]"),
        (keys.into.is_some(), "#[serde(into)]"),
        (keys.from.is_some(), "#[serde(from)]"),
        (declared, "#[shape(…)]"),
    ];
    let Some(word) = history.parts.iter().find_map(first_word) else { return };
    if let Some((_, attribute)) = other.iter().find(|(is_there, _)| *is_there) {
        errors.spanned(
            &word,
            format!(
                "with `{attribute}`, these fields are not what is stored, so they have no history; put the \
                 history on the type that is stored, or write a new type and a new version of the events"
            ),
        );
    }
    if keys.untagged {
        errors.spanned(
            &word,
            "serde recognises a variant of an untagged enum by its fields, and so are the forms of a \
             history: what was stored as one variant could be read as another; write a new type and a new \
             version of the events",
        );
    }
}

fn fields_with_history(part: &Part) -> impl Iterator<Item = &Field> {
    part.fields.iter().filter(|field| since(field).next().is_some())
}

fn kind_of_part(history: &TypeHistory, part: &Part, errors: &mut Errors) {
    let fields = match (&history.input.data, &part.variant) {
        (Data::Struct(data), _) => &data.fields,
        (Data::Enum(data), Some(of)) => {
            match data.variants.iter().find(|variant| variant.ident == of.ident) {
                Some(variant) => &variant.fields,
                None => return,
            }
        }
        _ => return,
    };
    match fields {
        Fields::Named(_) => {}
        Fields::Unnamed(_) => {
            for field in fields_with_history(part) {
                errors.spanned(
                    word_of(field),
                    "fields without names have no history, as it is unknown which of them were stored; write \
                     a new type with names, and a new version of the events",
                );
            }
        }
        Fields::Unit => {
            for field in fields_with_history(part) {
                errors.spanned(
                    &field.ident,
                    "a type without fields is not stored as an object, so none of its fields was ever \
                     stored; remove this",
                );
            }
        }
    }
    beside_flattened(part, errors);
    if let Some(variant) = &part.variant {
        kind_of_variant(variant, part, errors);
    }
}

/// Flattened fields take fields of any name.
fn beside_flattened(part: &Part, errors: &mut Errors) {
    let Some(flat) = part.fields.iter().find(|field| serde::of_part(&field.attributes).flatten) else {
        return;
    };
    for field in fields_with_history(part) {
        if field.ident == flat.ident {
            errors.spanned(
                word_of(field),
                format!(
                    "`{}` is flattened and has no name of its own, so it is unknown whether it was stored; \
                     write a new type and a new version of the events",
                    flat.ident
                ),
            );
            continue;
        }
        errors.spanned(
            word_of(field),
            format!(
                "`{flat}` is flattened and may contain a field of any name, so it is unknown whether \
                 `{field}` was stored; write a new type and a new version of the events",
                flat = flat.ident,
                field = field.ident,
            ),
        );
    }
}

fn kind_of_variant(variant: &Variant, part: &Part, errors: &mut Errors) {
    let keys = serde::of_part(&variant.attributes);
    let mut unreported = Errors::new();
    let declared = attr::form_of_part(&variant.attributes, &mut unreported).is_some();
    unreported.finish();
    let problem = if keys.untagged {
        "is untagged: serde recognises it by its fields, and so are the forms of a history"
    } else if keys.skip_reading || keys.skip_writing {
        "is skipped by serde, so it is not stored"
    } else if keys.other {
        "matches every unknown name and is not stored under its own"
    } else if part.has_history() && (!keys.by.is_empty() || declared) {
        "is written by code, not from these fields"
    } else {
        return;
    };
    if let Some(word) = first_word(part) {
        errors.spanned(word, format!("`{}` {problem}; it has no history, remove this", variant.ident));
    }
}

/// A variant is added once, and renamed only later.
fn of_variant(changes: &[Change], version: u32, ident: &syn::Ident, errors: &mut Errors) {
    // The rules are those of a field.
    let as_field = Field {
        ident: ident.clone(),
        ty: Type::Verbatim(TokenStream::new()),
        attributes: Vec::new(),
        changes: changes.to_vec(),
        removed: None,
    };
    range(&as_field, version, errors);
    order(&as_field, errors);
}

/// Checks whether serde's attributes allow a field to have a history.
fn kind_of_field(history: &TypeHistory, field: &Field, errors: &mut Errors) {
    let name = &field.ident;
    let keys = serde::of_part(&field.attributes);
    let word = word_of(field);
    if keys.skip_reading || keys.skip_writing {
        errors.spanned(
            &word,
            format!(
                "`{name}` is skipped by serde, so it is not stored or not read, and has no history; remove \
                 this"
            ),
        );
        return;
    }
    let Some((_, default)) = field.added().filter(|_| field.removed.is_none()) else { return };
    if keys.default.is_some() {
        errors.spanned(
            &word,
            format!(
                "both `added` and `#[serde(default)]` set the value of `{name}` if it is absent; remove \
                 `#[serde(default)]`"
            ),
        );
    }
    if keys.omitted_if.is_some() && !is_none_either_way(field, default, keys.omitted_if.as_deref()) {
        errors.spanned(
            &word,
            format!(
                "`{name}` may be absent from current values (`skip_serializing_if`), and is absent from \
                 values stored before it was added, so the two cannot be distinguished; remove \
                 `skip_serializing_if`. Only an `Option` may have it, with `Option::is_none` and `added(…, \
                 default)`, as it is `None` either way"
            ),
        );
    }
    if attributes::has(&field.attributes, "getter") {
        errors.spanned(&word, "`getter` belongs to a remote type, which has no history; remove it");
    }
    has_parameter(history, field, errors);
}

/// Rejects an added field whose type has a parameter of the type around it.
fn has_parameter(history: &TypeHistory, field: &Field, errors: &mut Errors) {
    let name = &field.ident;
    let parameters = form::parameters(&history.input.generics);
    if let Some(parameter) = mentioned(field.ty.to_token_stream(), &parameters) {
        errors.spanned(
            &field.ty,
            format!(
                "`{name}` was added, and its type has the parameter `{parameter}`: its value in what was \
                 stored before would depend on that, and could not be locked; write a type without parameters"
            ),
        );
    }
}

/// Whether absence means `None` in any case: an `Option` that is omitted when it is `None`, and was added as
/// `None`.
fn is_none_either_way(field: &Field, default: &AddedDefault, omitted_if: Option<&str>) -> bool {
    let is_option = match &field.ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Option"),
        _ => false,
    };
    let is_none = match default {
        AddedDefault::OfType(_) => true,
        AddedDefault::Is(value) => {
            let text = value.to_token_stream().to_string().replace(' ', "");
            text == "None" || text.ends_with("Option::None")
        }
    };
    let path = omitted_if.unwrap_or_default().replace(' ', "");
    is_option && is_none && (path == "Option::is_none" || path.ends_with("::Option::is_none"))
}

/// The first of these names in a type.
fn mentioned(tokens: TokenStream, names: &[String]) -> Option<String> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => names.iter().find(|name| ident == name.as_str()).cloned(),
        TokenTree::Group(group) => mentioned(group.stream(), names),
        _ => None,
    })
}

/// Checks that the versions are 2, 3, 4 …
fn without_gap(history: &TypeHistory, errors: &mut Errors) {
    let of_fields =
        history.parts.iter().flat_map(|part| &part.fields).flat_map(since).map(|(_, since)| since);
    let of_variants = history.parts.iter().filter_map(|part| part.variant.as_ref());
    let of_variants = of_variants.flat_map(|variant| &variant.changes).map(|change| &change.since);
    let all: Vec<_> = of_fields.chain(of_variants).collect();
    let missing = (2..history.version).find(|version| all.iter().all(|since| since.version != *version));
    let newest = all.iter().find(|since| since.version == history.version);
    if let (Some(missing), Some(newest)) = (missing, newest) {
        errors.spanned(
            &newest.literal,
            format!(
                "nothing changed in version {missing} of `{}`; number its versions 2, 3, 4 … without a gap",
                history.input.ident
            ),
        );
    }
}
