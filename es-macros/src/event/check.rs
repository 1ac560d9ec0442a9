//! What the keys of `#[event]` must be together.

use proc_macro2::Span;
use syn::{LitInt, LitStr, TypePath};

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
    /// The version before, if events are written as that one.
    pub(super) write_as: Option<LitInt>,
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
    let write_as = write_as(keys.write_as, version, errors).filter(|_| previous.is_some());
    keys::earlier_names(&keys.was, keys.name.as_ref(), errors);
    Event {
        name: keys.name.unwrap_or_else(|| LitStr::new("?", Span::call_site())),
        version,
        previous,
        write_as,
        was: keys.was,
        semantics: keys.semantics,
        es_core: keys.es_core,
        sound: errors.is_empty(),
    }
}

/// Old programs know the version before; those that know only an older one are gone before this one is written.
fn write_as(write_as: Option<(u32, LitInt)>, version: u32, errors: &mut Errors) -> Option<LitInt> {
    let (number, literal) = write_as?;
    if version == 1 {
        errors.spanned(literal, "version 1 is the first, there is none to write it as; leave `write_as` out");
    } else if number + 1 == version {
        return Some(literal);
    } else {
        errors.spanned(
            literal,
            format!(
                "version {version} can be written as version {before} only, not as version {number}; write \
                 `write_as = {before}`, or leave it out",
                before = version - 1
            ),
        );
    }
    None
}
