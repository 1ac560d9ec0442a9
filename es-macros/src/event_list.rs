//! The list `events(Opened, b::Closed as Other)`: event types, each with its variant in the generated enum.

use std::collections::BTreeMap;

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Error, Result, Token, Type, TypePath};

use crate::errors::Errors;
use crate::keys;
use crate::paths::{self, last_ident};
use crate::text::written;

/// One entry of the list of events: `b::B as Other`, or `all of Account`.
pub(crate) struct Listed {
    pub(crate) path: TypePath,
    pub(crate) variant: Option<Ident>,
    pub(crate) kind: ListedKind,
}

/// One entry, and its variant in the enum.
pub(crate) struct ListedVariant {
    pub(crate) path: TypePath,
    pub(crate) ident: Ident,
    pub(crate) kind: ListedKind,
}

/// What an entry of the list names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListedKind {
    /// An event.
    Event,
    /// An aggregate, whose events are taken all.
    AllOf,
}

/// What a list may name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Events alone.
    Events,
    /// Aggregates as well.
    Aggregates,
}

/// Parses the list up to the first invalid entry.
pub(crate) fn parse(
    key: &Ident,
    whose: &str,
    takes: Takes,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> Result<Vec<Listed>> {
    let list = keys::parenthesised(key, &format!("{key}(Opened, Closed)"), input)?;
    let mut events = Vec::new();
    if list.is_empty() {
        let what = if key == "timers" { "timers" } else { "event types" };
        errors.spanned(key, format!("`{key}` is empty; list {whose} {what}: `{key}(Opened, Closed)`"));
    }
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let kind = kind(key, takes, input, errors)?;
            let ty: Type = input.parse()?;
            let variant = variant(input)?;
            match (paths::as_path(ty.clone()), kind) {
                (Some(path), Some(kind)) => events.push(Listed { path, variant, kind }),
                (_, None) => {}
                (None, _) => {
                    errors.spanned(ty, format!("`{key}` lists structs; write `{key}(Opened, Closed)`"));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let result = parser.parse2(list);
    errors.keep(result);
    Ok(events)
}

/// Parses `all of`, if present; `None` if the list does not accept it.
fn kind(
    key: &Ident,
    takes: Takes,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> Result<Option<ListedKind>> {
    let ahead = input.fork();
    let words = ahead.call(Ident::parse_any).and_then(|all| Ok((all, ahead.call(Ident::parse_any)?)));
    match words {
        Ok((all, of)) if all == "all" && of == "of" => {}
        Ok((all, other)) if all == "all" && other != "as" => {
            let message = format!("`all` needs `of` and an aggregate; write `{key}(all of {other})`");
            return Err(Error::new_spanned(all, message));
        }
        _ => return Ok(Some(ListedKind::Event)),
    }
    let (all, of) = (input.call(Ident::parse_any)?, input.call(Ident::parse_any)?);
    if input.is_empty() || input.peek(Token![,]) {
        let message = format!("`all of` needs an aggregate; write `{key}(all of Account)`");
        return Err(Error::new_spanned(of, message));
    }
    if takes == Takes::Aggregates {
        return Ok(Some(ListedKind::AllOf));
    }
    let message =
        format!("only projections take `all of` an aggregate; list event types: `{key}(Opened, Closed)`");
    errors.spanned(all, message);
    Ok(None)
}

/// Parses `as Variant`, if present.
fn variant(input: ParseStream<'_>) -> Result<Option<Ident>> {
    let Some(keyword) = input.parse::<Option<Token![as]>>()? else { return Ok(None) };
    match input.parse() {
        Ok(ident) => Ok(Some(ident)),
        Err(_) => {
            Err(Error::new_spanned(keyword, "`as` needs the name of the variant; write `Opened as Other`"))
        }
    }
}

/// Gives each event its variant; events whose variant is taken are reported and left out.
pub(crate) fn variants(listed: Vec<Listed>, enum_ident: &Ident, errors: &mut Errors) -> Vec<ListedVariant> {
    let mut variants = Vec::with_capacity(listed.len());
    let mut paths = BTreeMap::new();
    for Listed { path, variant, kind } in listed {
        let Some(ident) = variant.clone().or_else(|| last_ident(&path.path).cloned()) else {
            continue;
        };
        let text = written(&path);
        if paths.contains_key(&text) {
            errors.spanned(&path, format!("`{text}` is listed twice; list it once"));
            continue;
        }
        if let Some((other, _)) = paths.iter().find(|(_, other)| **other == ident) {
            let message = format!(
                "`{enum_ident}::{ident}` is already the variant of `{other}`; write `{text} as Other`, with \
                 another name"
            );
            match &variant {
                Some(variant) => errors.spanned(variant, message),
                None => errors.spanned(&path, message),
            }
            continue;
        }
        paths.insert(text, ident.clone());
        variants.push(ListedVariant { path, ident, kind });
    }
    variants
}
