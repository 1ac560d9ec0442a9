//! What the keys of `#[event]` must be together.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::{LitInt, LitStr, TypePath};

use super::attr::{Keys, NAME, PREVIOUS, VERSION};
use super::history::{self, History};
use super::item::Item;
use super::kind::Kind;
use crate::errors::Errors;
use crate::history::REMOVED;
use crate::keys;
use crate::paths::CratePath;

/// An event that can be expanded: what was wrong with it is repaired as well as possible.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) name: LitStr,
    pub(super) version: u32,
    pub(super) previous: Option<TypePath>,
    /// The version before, if events are written as that one.
    pub(super) write_as: Option<LitInt>,
    /// The earlier names.
    pub(super) was: Vec<LitStr>,
    pub(super) semantics: Option<LitStr>,
    /// The name of the struct, for messages.
    pub(super) struct_name: String,
    /// Whether the struct is made from the history of a newer one.
    pub(super) is_of_history: bool,
    /// The defaults of the fields that this version added: tuples of `EventDescription::added`.
    pub(super) added: Vec<TokenStream>,
    pub(super) es_core: CratePath,
    /// Whether other code may still check it: not when it was repaired.
    pub(super) sound: bool,
}

pub(super) fn check(
    mut keys: Keys,
    item: &Item,
    (kind, history): (Kind, Option<&History>),
    errors: &mut Errors,
) -> Event {
    let (ident, what) = (&item.ident, kind.attribute());
    if !keys.written.has(NAME) {
        errors.spanned(
            ident,
            format!(
                "the {what} `{ident}` has no name; write `#[{what}(name = \"…\")]`, with a name that can stay forever"
            ),
        );
    }
    let version = keys.version.as_ref().map_or(1, |(number, _)| *number);
    let has_history = has_history(&keys, history);
    let previous = previous(&mut keys, item, version, history, errors);
    let write_as = write_as(keys.write_as, version, errors).filter(|_| previous.is_some() || has_history);
    // With a version that is none, or beside another past, every part of the history would be reported.
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

/// Whether the fields say what came before.
fn has_history(keys: &Keys, history: Option<&History>) -> bool {
    history.is_some() || keys.written.has(REMOVED)
}

/// The struct of the version before, if it is named where there is one.
fn previous(
    keys: &mut Keys,
    item: &Item,
    version: u32,
    history: Option<&History>,
    errors: &mut Errors,
) -> Option<TypePath> {
    let ident = &item.ident;
    let has_history = has_history(keys, history);
    match (&keys.version, keys.previous.take()) {
        (Some((number @ 2.., literal)), None) if !keys.written.has(PREVIOUS) && !has_history => {
            errors.spanned(
                literal,
                format!(
                    "version {number} has no past; write `previous = Type`, where `Type` is the struct of version {}, or say \
                     on the fields what changed: `#[event(added(in = {number}, default = …))]`",
                    number - 1
                ),
            );
        }
        (_, Some((key, _))) if has_history => {
            errors.spanned(
                key,
                "`previous` and the history of fields both say what came before; leave `previous` out, or remove `added`, \
                 `renamed` and `removed` and write the fields of then in the struct that `previous` names",
            );
        }
        (Some((1, _)) | None, Some((key, _))) if keys.version.is_some() || !keys.written.has(VERSION) => {
            errors.spanned(
                key,
                "version 1 is the first, nothing comes before it; write `version = 2`, or leave `previous` out",
            );
        }
        (_, Some((_, path))) if path.path.is_ident("Self") || path.path.is_ident(ident) => {
            let before = version.saturating_sub(1).max(1);
            errors.spanned(
                path,
                format!("`previous` names this very struct; name the one of version {before}"),
            );
        }
        (Some(_), Some((_, path))) => return Some(path),
        _ => {}
    }
    None
}

/// Old programs know the version before; those that know only an older one are gone before this one is
/// written.
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
