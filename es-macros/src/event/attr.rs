//! The keys of `#[event(…)]`, each read for itself.

use proc_macro2::{Ident, TokenStream};
use syn::{Error, LitInt, LitStr, Type, TypePath};

use crate::errors::Errors;
use crate::keys;
use crate::paths::{self, CratePath};

const NAME: &str = "name";
const VERSION: &str = "version";
const PREVIOUS: &str = "previous";
const CRATE: &str = "crate";
const KEYS: [&str; 4] = [NAME, VERSION, PREVIOUS, CRATE];

/// The highest version: what databases can count to.
const LAST_VERSION: u32 = i32::MAX.cast_unsigned();

#[derive(Default)]
pub(super) struct Keys {
    pub(super) name: Option<LitStr>,
    /// Whether the user tried to write a name: a bad one is reported, and then not missing as well.
    pub(super) name_written: bool,
    pub(super) version: Option<(u32, LitInt)>,
    /// Whether the user tried to write a version.
    pub(super) version_written: bool,
    pub(super) previous: Option<(Ident, TypePath)>,
    /// Whether the user tried to write the version before.
    pub(super) previous_written: bool,
    pub(super) es_core: CratePath,
}

pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Keys {
    let mut found = Keys::default();
    keys::parse("`#[event]`", &KEYS, tokens, errors, |key, input, _| {
        match key.to_string().as_str() {
            NAME => {
                found.name_written = true;
                found.name = Some(keys::name(key, input)?);
            }
            VERSION => {
                found.version_written = true;
                found.version = Some(version(keys::value(key, "1", input)?)?);
            }
            PREVIOUS => {
                found.previous_written = true;
                let ty: Type = keys::value(key, "Type", input)?;
                let path = paths::as_path(ty.clone()).ok_or_else(|| {
                    Error::new_spanned(
                        ty,
                        "`previous` takes the struct of the version before; write `previous = Type`",
                    )
                })?;
                found.previous = Some((key.clone(), path));
            }
            _ => found.es_core = CratePath::parse(key, input)?,
        }
        Ok(())
    });
    found
}

fn version(literal: LitInt) -> syn::Result<(u32, LitInt)> {
    match literal.base10_parse() {
        Ok(0) => Err(Error::new_spanned(literal, "there is no version 0; versions start at 1")),
        Ok(number) if number <= LAST_VERSION => Ok((number, literal)),
        _ => {
            Err(Error::new_spanned(literal, format!("a version is a whole number from 1 to {LAST_VERSION}")))
        }
    }
}
