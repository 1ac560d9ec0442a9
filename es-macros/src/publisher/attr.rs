//! Parses the keys of `#[publisher(…)]`, each by itself.

use syn::{Attribute, LitStr};

use crate::errors::Errors;
use crate::event_list::{self, Listed, Takes};
use crate::keys::{self, Written};
use crate::paths::CratePath;
use crate::reading;

pub(super) const NAME: &str = "name";
pub(super) const EVENTS: &str = "events";
const CRATE: &str = "crate";
const KEYS: [&str; 3] = [NAME, EVENTS, CRATE];

#[derive(Default)]
pub(super) struct PublisherKeys {
    pub(super) name: Option<LitStr>,
    pub(super) events: Vec<Listed>,
    pub(super) es_core: CratePath,
    /// What the user wrote; `None` if the whole attribute is missing, which is reported as such.
    pub(super) written: Option<Written>,
}

pub(super) fn parse(attributes: &[Attribute], errors: &mut Errors) -> PublisherKeys {
    let example = "#[publisher(name = \"…\", events(…))]";
    let (tokens, has_keys) = keys::of_attributes(attributes, "publisher", example, errors);
    let mut found = PublisherKeys::default();
    let written = keys::parse("`#[publisher]`", &KEYS, tokens, errors, |key, input, errors| {
        match key.to_string().as_str() {
            NAME => found.name = Some(reading::name(key, "a publisher", "\"loan-feed\"", input)?),
            EVENTS => found.events = event_list::parse(key, "the publisher's", Takes::Events, input, errors)?,
            _ => found.es_core = CratePath::of_key(key, input)?,
        }
        Ok(())
    });
    found.written = has_keys.then_some(written);
    found
}
