//! What the keys of `#[event]` must be together.

use proc_macro2::Span;
use syn::{LitStr, TypePath};

use super::attr::{Keys, NAME, PREVIOUS, VERSION};
use super::item::Item;
use crate::errors::Errors;
use crate::keys;
use crate::paths::CratePath;

/// An event that can be expanded: what was wrong with it is repaired as well as possible.
pub(super) struct Event {
    pub(super) name: LitStr,
    pub(super) version: u32,
    pub(super) previous: Option<TypePath>,
    /// The earlier names.
    pub(super) was: Vec<LitStr>,
    pub(super) semantics: Option<LitStr>,
    pub(super) es_core: CratePath,
    /// Whether other code may still check it: not when it was repaired.
    pub(super) sound: bool,
}

pub(super) fn check(keys: Keys, item: &Item, errors: &mut Errors) -> Event {
    let ident = &item.ident;
    if !keys.written.has(NAME) {
        errors.spanned(
            ident,
            format!(
                "the event `{ident}` has no name; write `#[event(name = \"…\")]`, with a name that can stay for ever"
            ),
        );
    }
    let version = keys.version.as_ref().map_or(1, |(number, _)| *number);
    let mut previous = None;
    match (&keys.version, keys.previous) {
        (Some((number @ 2.., literal)), None) if !keys.written.has(PREVIOUS) => {
            errors.spanned(
                literal,
                format!(
                    "version {number} has no past; write `previous = Type`, where `Type` is the struct of version {}",
                    number - 1
                ),
            );
        }
        (Some((1, _)) | None, Some((key, _))) if keys.version.is_some() || !keys.written.has(VERSION) => {
            errors.spanned(
                key,
                "version 1 is the first, nothing comes before it; write `version = 2`, or leave `previous` out",
            );
        }
        (_, Some((_, path))) if path.path.is_ident("Self") || path.path.is_ident(ident) => {
            errors.spanned(
                path,
                format!(
                    "`previous` names this very struct; name the one of version {}",
                    version.saturating_sub(1).max(1)
                ),
            );
        }
        (Some(_), Some((_, path))) => previous = Some(path),
        _ => {}
    }
    keys::earlier_names(&keys.was, keys.name.as_ref(), errors);
    Event {
        name: keys.name.unwrap_or_else(|| LitStr::new("?", Span::call_site())),
        version,
        previous,
        was: keys.was,
        semantics: keys.semantics,
        es_core: keys.es_core,
        sound: errors.is_empty(),
    }
}
