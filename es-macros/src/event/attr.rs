//! Parses the keys of `#[event(…)]`, each by itself.

use proc_macro2::{Ident, TokenStream};
use syn::{Error, LitInt, LitStr, Type, TypePath};

use super::kind::Kind;
use crate::errors::Errors;
use crate::history::{self, Field, REMOVED, Word};
use crate::keys::{self, Written};
use crate::paths::{self, CratePath};

pub(super) const NAME: &str = "name";
pub(super) const VERSION: &str = "version";
pub(super) const PREVIOUS: &str = "previous";
pub(super) const WAS: &str = "was";
pub(super) const WRITE_AS: &str = "write_as";
const SEMANTICS: &str = "semantics";
const CRATE: &str = "crate";
const KEYS: [&str; 8] = [NAME, VERSION, PREVIOUS, REMOVED, WRITE_AS, WAS, SEMANTICS, CRATE];

#[derive(Default)]
pub(super) struct EventKeys {
    pub(super) name: Option<LitStr>,
    pub(super) version: Option<(u32, LitInt)>,
    pub(super) previous: Option<(Ident, TypePath)>,
    /// The removed fields.
    pub(super) removed: Vec<Field>,
    pub(super) write_as: Option<(u32, LitInt)>,
    pub(super) was: Vec<LitStr>,
    pub(super) semantics: Option<LitStr>,
    pub(super) es_core: CratePath,
    pub(super) written: Written,
}

pub(super) fn parse(tokens: TokenStream, kind: Kind, errors: &mut Errors) -> EventKeys {
    let mut found = EventKeys::default();
    let written = keys::parse_repeated(
        &format!("`#[{}]`", kind.attribute()),
        &KEYS,
        &[REMOVED],
        tokens,
        errors,
        |key, input, errors| {
            match key.to_string().as_str() {
                NAME => found.name = Some(keys::name(key, input)?),
                VERSION => found.version = Some(keys::version(keys::value(key, "1", input)?)?),
                PREVIOUS => {
                    let ty: Type = keys::value(key, "Type", input)?;
                    let path = paths::as_path(ty.clone()).ok_or_else(|| {
                        Error::new_spanned(
                            ty,
                            "`previous` takes the struct of the previous version; write `previous = Type`",
                        )
                    })?;
                    found.previous = Some((key.clone(), path));
                }
                REMOVED => found.removed.push(history::removed(Word::Event, key, input, errors)?),
                WRITE_AS => found.write_as = Some(keys::version(keys::value(key, "1", input)?)?),
                WAS => found.was = keys::names(key, input, errors)?,
                SEMANTICS => {
                    let text: LitStr = keys::value(key, "\"…\"", input)?;
                    if text.value().trim().is_empty() {
                        return Err(Error::new_spanned(
                            text,
                            "`semantics` is empty; describe what the values mean, such as `semantics = \
                             \"without tax\"`",
                        ));
                    }
                    found.semantics = Some(text);
                }
                _ => found.es_core = CratePath::of_key(key, input)?,
            }
            Ok(())
        },
    );
    EventKeys { written, ..found }
}
