//! Parses the keys of `#[reactor(…)]`, each by itself.

use syn::{Attribute, LitStr, Type};

use crate::errors::Errors;
use crate::event_list::{self, Listed, Takes};
use crate::keys::{self, Written};
use crate::paths::CratePath;
use crate::reading;

pub(super) const NAME: &str = "name";
pub(super) const EVENTS: &str = "events";
const ERROR: &str = "error";
const CRATE: &str = "crate";
const KEYS: [&str; 4] = [NAME, EVENTS, ERROR, CRATE];

#[derive(Default)]
pub(super) struct ReactorKeys {
    pub(super) name: Option<LitStr>,
    pub(super) events: Vec<Listed>,
    pub(super) error: Option<Type>,
    pub(super) es_core: CratePath,
    /// What the user wrote; `None` if the whole attribute is missing, which is reported as such.
    pub(super) written: Option<Written>,
}

pub(super) fn parse(attributes: &[Attribute], errors: &mut Errors) -> ReactorKeys {
    let example = "#[reactor(name = \"…\", events(…))]";
    let (tokens, has_keys) = keys::of_attributes(attributes, "reactor", example, errors);
    let mut found = ReactorKeys::default();
    let written = keys::parse("`#[reactor]`", &KEYS, tokens, errors, |key, input, errors| {
        match key.to_string().as_str() {
            NAME => found.name = Some(reading::name(key, "a reactor", "\"welcome-mail\"", input)?),
            EVENTS => found.events = event_list::parse(key, "the reactor's", Takes::Events, input, errors)?,
            ERROR => found.error = Some(keys::value(key, "MailError", input)?),
            _ => found.es_core = CratePath::of_key(key, input)?,
        }
        Ok(())
    });
    found.written = has_keys.then_some(written);
    found
}
