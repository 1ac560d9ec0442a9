//! The keys of `#[reactor(…)]`, each read for itself.

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{Attribute, Error, LitStr, Result, Type};

use crate::errors::Errors;
use crate::event_list::{self, Listed};
use crate::keys::{self, Written};
use crate::paths::CratePath;

pub(super) const NAME: &str = "name";
pub(super) const EVENTS: &str = "events";
const ERROR: &str = "error";
const CRATE: &str = "crate";
const KEYS: [&str; 4] = [NAME, EVENTS, ERROR, CRATE];

/// The longest name, in bytes.
const LONGEST_NAME: usize = 40;

#[derive(Default)]
pub(super) struct Keys {
    pub(super) name: Option<LitStr>,
    pub(super) events: Vec<Listed>,
    pub(super) error: Option<Type>,
    pub(super) es_core: CratePath,
    /// What the user wrote; nothing where the whole attribute is missing, which is reported as such.
    pub(super) written: Option<Written>,
}

pub(super) fn parse(attributes: &[Attribute], errors: &mut Errors) -> Keys {
    let example = "#[reactor(name = \"…\", events(…))]";
    let (tokens, has_keys) = keys::of_attributes(attributes, "reactor", example, errors);
    let mut found = Keys::default();
    let written = keys::parse("`#[reactor]`", &KEYS, tokens, errors, |key, input, errors| {
        match key.to_string().as_str() {
            NAME => found.name = Some(name(key, input)?),
            EVENTS => found.events = event_list::parse(key, "the reactor's", input, errors)?,
            ERROR => found.error = Some(keys::value(key, "MailError", input)?),
            _ => found.es_core = CratePath::of_key(key, input)?,
        }
        Ok(())
    });
    found.written = has_keys.then_some(written);
    found
}

/// A name that can be a part of the name of a file.
fn name(key: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let name: LitStr = keys::value(key, "\"welcome-mail\"", input)?;
    let text = name.value();
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
    if text.len() <= LONGEST_NAME
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(fits)
    {
        return Ok(name);
    }
    let message = format!(
        "`{text}` cannot be the name of a reactor; write 1 to {LONGEST_NAME} lower-case letters, digits, `-` and `_`, \
         beginning with a letter"
    );
    Err(Error::new_spanned(&name, message))
}
