//! Parses the history: `#[shape(added(…), renamed(…))]` on fields and variants, `removed(…)` on the type or
//! variant that had the field.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Data, DeriveInput, Fields};

use super::super::case::Rule;
use super::super::serde;
use super::{Part, TypeHistory, Variant};
use crate::errors::Errors;
use crate::history::{self, ADDED, Field, REMOVED, RENAMED, Word, since};

/// Removes the history from the attributes, so that the rest describes only how the type is written; `None`
/// if there is none.
pub(in crate::shape) fn read(input: &mut DeriveInput, errors: &mut Errors) -> Option<TypeHistory> {
    let mut any = false;
    let of_type = serde::of_type(&input.attrs);
    let own = take(&mut input.attrs, &mut any);
    let mut parts = Vec::new();
    match &mut input.data {
        Data::Struct(data) => {
            let removed = gone("a type", &own, errors);
            parts.push(part(None, &mut data.fields, removed, of_type.rename_all.written, &mut any, errors));
        }
        Data::Enum(data) => {
            for entry in &own {
                errors.spanned(
                    entry,
                    "an enum has no fields of its own; write this above the variant that had the field",
                );
            }
            for variant in &mut data.variants {
                let keys = serde::of_part(&variant.attrs);
                let rule = keys.rename_all.map_or(of_type.rename_all_fields.written, |rule| rule.written);
                let (own, gone_fields): (Vec<_>, Vec<_>) = take(&mut variant.attrs, &mut any)
                    .into_iter()
                    .partition(|entry| first_word(entry).is_none_or(|word| word != REMOVED));
                let removed = gone("a variant", &gone_fields, errors);
                let changes =
                    history::changes(Word::Shape, history::Member::Variant, quote!(#(#own),*), errors);
                let of_variant = Variant {
                    ident: variant.ident.clone(),
                    attributes: variant.attrs.clone(),
                    changes,
                    rule: of_type.rename_all.written,
                };
                parts.push(part(Some(of_variant), &mut variant.fields, removed, rule, &mut any, errors));
            }
        }
        Data::Union(_) => {}
    }
    let of_fields = parts.iter().flat_map(|part| &part.fields).flat_map(since);
    let of_fields = of_fields.map(|(_, since)| since.version);
    let of_variants = parts.iter().filter_map(|part| part.variant.as_ref());
    let of_variants = of_variants.flat_map(|variant| &variant.changes).map(|change| change.since.version);
    let version = of_fields.chain(of_variants).max().unwrap_or(1);
    any.then(|| TypeHistory { input: input.clone(), parts, version })
}

fn part(
    variant: Option<Variant>,
    fields: &mut Fields,
    mut removed: Vec<Field>,
    rule: Rule,
    any: &mut bool,
    errors: &mut Errors,
) -> Part {
    let mut found = Vec::new();
    for (at, field) in fields.iter_mut().enumerate() {
        let (gone, own): (Vec<_>, Vec<_>) = take(&mut field.attrs, any)
            .into_iter()
            .partition(|entry| first_word(entry).is_some_and(|word| word == REMOVED));
        for entry in gone {
            errors.spanned(
                entry,
                "a removed field is declared where it was; write `#[shape(removed(in = 2, field: Type))]` \
                 above the struct or the variant that had it",
            );
        }
        let changes = history::changes(Word::Shape, history::Member::Field, quote!(#(#own),*), errors);
        found.push(Field {
            ident: field.ident.clone().unwrap_or_else(|| quote::format_ident!("_{at}")),
            ty: field.ty.clone(),
            attributes: field.attrs.clone(),
            changes,
            removed: None,
        });
    }
    found.append(&mut removed);
    Part { variant, fields: found, rule }
}

/// Parses each `removed(in = 2, field: Type)`.
fn gone(of: &str, own: &[TokenStream], errors: &mut Errors) -> Vec<Field> {
    let mut found = Vec::new();
    for entry in own {
        let read = |input: ParseStream<'_>| {
            let key: Ident = input.parse()?;
            if key != REMOVED {
                return Err(syn::Error::new_spanned(
                    &key,
                    format!(
                        "`{key}` belongs on a field; on {of} itself, write only `removed(in = 2, field: \
                         Type)`"
                    ),
                ));
            }
            found.push(history::removed(Word::Shape, &key, input, errors)?);
            Ok(())
        };
        let result = read.parse2(entry.clone());
        errors.keep(result);
    }
    found
}

/// Removes the history from the attributes and returns it: one list of tokens for each `added(…)`,
/// `renamed(…)`, `removed(…)`.
fn take(attributes: &mut Vec<Attribute>, any: &mut bool) -> Vec<TokenStream> {
    let mut taken = Vec::new();
    attributes.retain_mut(|attribute| {
        if !Word::Shape.begins(attribute.path()) {
            return true;
        }
        let Ok(list) = attribute.meta.require_list() else { return true };
        let (history, others): (Vec<_>, Vec<_>) = entries(&list.tokens).into_iter().partition(tells_history);
        if history.is_empty() {
            return true;
        }
        *any = true;
        taken.extend(history);
        let path = attribute.path().to_token_stream();
        let is_empty = others.is_empty();
        *attribute = syn::parse_quote!(#[#path(#(#others),*)]);
        !is_empty
    });
    taken
}

fn first_word(entry: &TokenStream) -> Option<Ident> {
    match entry.clone().into_iter().next() {
        Some(TokenTree::Ident(word)) => Some(word),
        _ => None,
    }
}

/// `added`, `renamed` or `removed`, with or without parentheses.
fn tells_history(entry: &TokenStream) -> bool {
    let is_change =
        first_word(entry).is_some_and(|word| [ADDED, RENAMED, REMOVED].iter().any(|known| word == known));
    is_change && matches!(entry.clone().into_iter().nth(1), None | Some(TokenTree::Group(_)))
}

/// The entries of a list, separated by its commas. A type in it may contain commas of its own.
fn entries(tokens: &TokenStream) -> Vec<TokenStream> {
    let (mut entries, mut entry, mut depth) = (Vec::new(), TokenStream::new(), 0_usize);
    for token in tokens.clone() {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    entries.push(std::mem::take(&mut entry));
                    continue;
                }
                _ => {}
            }
        }
        entry.extend([token]);
    }
    if !entry.is_empty() {
        entries.push(entry);
    }
    entries
}
