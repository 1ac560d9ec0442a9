//! Checks that the keys of `#[event]` fit together.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::{LitInt, LitStr, TypePath};

use super::attr::{EventKeys, NAME, PREVIOUS, VERSION};
use super::history::{self, EventHistory};
use super::item::Item;
use super::kind::Kind;
use crate::errors::Errors;
use crate::history::REMOVED;
use crate::keys;
use crate::paths::CratePath;

/// An event that can be expanded: its mistakes are repaired as well as possible.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) name: LitStr,
    pub(super) version: u32,
    pub(super) previous: Option<TypePath>,
    /// The previous version, if events are written as that one.
    pub(super) write_as: Option<LitInt>,
    /// The former names.
    pub(super) was: Vec<LitStr>,
    pub(super) semantics: Option<LitStr>,
    /// The name of the struct, for messages.
    pub(super) struct_name: String,
    /// Whether the struct is generated from the history of a newer one.
    pub(super) is_of_history: bool,
    /// The defaults of the fields that this version added: tuples of `EventDescription::added`.
    pub(super) added: Vec<TokenStream>,
    pub(super) es_core: CratePath,
    /// Whether generated checks may refer to it: not if it was repaired.
    pub(super) sound: bool,
}

pub(super) fn check(
    mut keys: EventKeys,
    item: &Item,
    (kind, history): (Kind, Option<&EventHistory>),
    errors: &mut Errors,
) -> Event {
    let (ident, what) = (&item.ident, kind.attribute());
    if !keys.written.has(NAME) {
        errors.spanned(
            ident,
            format!(
                "the {what} `{ident}` has no name; write `#[{what}(name = \"…\")]`, with a name that never \
                 changes"
            ),
        );
    }
    let version = keys.version.as_ref().map_or(1, |(number, _)| *number);
    let has_history = has_history(&keys, history);
    let previous = previous(&mut keys, item, version, history, errors);
    let write_as = write_as(keys.write_as, version, errors).filter(|_| previous.is_some() || has_history);
    // With an invalid version, or with both a `previous` and a history, every part of the history would be
    // reported.
    let is_version_known = keys.version.is_some() || !keys.written.has(VERSION);
    if let Some(history) = history.filter(|_| is_version_known && !keys.written.has(PREVIOUS)) {
        let literal = keys.version.as_ref().map(|(_, literal)| literal);
        history::check(history, version, literal, write_as.as_ref(), errors);
    }
    keys::earlier_names(&keys.was, keys.name.as_ref(), errors);
    Event {
        name: keys.name.unwrap_or_else(|| LitStr::new("?", Span::call_site())),
        version,
        previous,
        write_as,
        was: keys.was,
        semantics: keys.semantics,
        struct_name: ident.unraw().to_string(),
        is_of_history: false,
        added: Vec::new(),
        es_core: keys.es_core,
        sound: errors.is_empty(),
    }
}

/// Whether the fields have a history.
fn has_history(keys: &EventKeys, history: Option<&EventHistory>) -> bool {
    history.is_some() || keys.written.has(REMOVED)
}

/// The struct of the previous version, if there is one and it is named.
fn previous(
    keys: &mut EventKeys,
    item: &Item,
    version: u32,
    history: Option<&EventHistory>,
    errors: &mut Errors,
) -> Option<TypePath> {
    let ident = &item.ident;
    let has_history = has_history(keys, history);
    match (&keys.version, keys.previous.take()) {
        (Some((number @ 2.., literal)), None) if !keys.written.has(PREVIOUS) && !has_history => {
            errors.spanned(
                literal,
                format!(
                    "version {number} has no previous version; write `previous = Type`, where `Type` is the \
                     struct of version {}, or describe the change on the fields: `#[event(added(in = \
                     {number}, default = …))]`",
                    number - 1
                ),
            );
        }
        (_, Some((key, _))) if has_history => {
            errors.spanned(
                key,
                "`previous` and the history of fields both describe the previous version; remove `previous`, \
                 or remove `added`, `renamed` and `removed` and declare the old fields in the struct that \
                 `previous` names",
            );
        }
        (Some((1, _)) | None, Some((key, _))) if keys.version.is_some() || !keys.written.has(VERSION) => {
            errors
                .spanned(key, "version 1 has no previous version; write `version = 2`, or remove `previous`");
        }
        (_, Some((_, path))) if path.path.is_ident("Self") || path.path.is_ident(ident) => {
            let before = version.saturating_sub(1).max(1);
            errors.spanned(
                path,
                format!("`previous` names this struct itself; name the one of version {before}"),
            );
        }
        (Some(_), Some((_, path))) => return Some(path),
        _ => {}
    }
    None
}

/// Checks `write_as`: old programs know the previous version, and programs that know only an older one must
/// have been stopped before this version is written.
fn write_as(write_as: Option<(u32, LitInt)>, version: u32, errors: &mut Errors) -> Option<LitInt> {
    let (number, literal) = write_as?;
    if version == 1 {
        errors.spanned(literal, "version 1 has no previous version to be written as; remove `write_as`");
    } else if number + 1 == version {
        return Some(literal);
    } else {
        errors.spanned(
            literal,
            format!(
                "version {version} can be written as version {before} only, not as version {number}; write \
                 `write_as = {before}`, or remove it",
                before = version - 1
            ),
        );
    }
    None
}
