//! Parses the keys of `#[projection(…)]`, each by itself.

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{Attribute, Error, LitInt, LitStr, Result, Token, Type, token};

use crate::errors::Errors;
use crate::event_list::{self, Listed, Takes};
use crate::keys::{self, Written};
use crate::paths::CratePath;

pub(super) const NAME: &str = "name";
const BUILD: &str = "build";
pub(super) const EVENTS: &str = "events";
pub(super) const MODEL: &str = "model";
const ERROR: &str = "error";
const BATCH: &str = "batch";
const SETUP: &str = "setup";
const CRATE: &str = "crate";
const KEYS: [&str; 8] = [NAME, BUILD, EVENTS, MODEL, ERROR, BATCH, SETUP, CRATE];

/// The longest name, in bytes: with a store's name before it and a number after it, it must fit into 63
/// bytes.
const LONGEST_NAME: usize = 40;

#[derive(Default)]
pub(super) struct ProjectionKeys {
    pub(super) name: Option<LitStr>,
    pub(super) build: Option<u32>,
    pub(super) events: Vec<Listed>,
    pub(super) model: Option<Type>,
    pub(super) error: Option<Type>,
    /// The keys themselves, where messages about what they require are reported.
    pub(super) batch: Option<Ident>,
    pub(super) setup: Option<Ident>,
    pub(super) es_core: CratePath,
    /// What the user wrote; `None` if the whole attribute is missing, which is reported as such.
    pub(super) written: Option<Written>,
}

pub(super) fn parse(attributes: &[Attribute], errors: &mut Errors) -> ProjectionKeys {
    let example = "#[projection(name = \"…\", events(…), model = …)]";
    let (tokens, has_keys) = keys::of_attributes(attributes, "projection", example, errors);
    let mut found = ProjectionKeys::default();
    let written = keys::parse("`#[projection]`", &KEYS, tokens, errors, |key, input, errors| {
        match key.to_string().as_str() {
            NAME => found.name = Some(name(key, input)?),
            BUILD => found.build = Some(build(key, input)?),
            EVENTS => {
                found.events = event_list::parse(key, "the projection's", Takes::Aggregates, input, errors)?;
            }
            MODEL => found.model = Some(keys::value(key, "PgConnection", input)?),
            ERROR => found.error = Some(keys::value(key, "sqlx::Error", input)?),
            BATCH => found.batch = Some(alone(key, input)?),
            SETUP => found.setup = Some(alone(key, input)?),
            _ => found.es_core = CratePath::of_key(key, input)?,
        }
        Ok(())
    });
    found.written = has_keys.then_some(written);
    found
}

/// Parses a name that can be part of a table name without quotes.
fn name(key: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let name: LitStr = keys::value(key, "\"balances\"", input)?;
    let text = name.value();
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if text.len() <= LONGEST_NAME
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(fits)
    {
        return Ok(name);
    }
    let message = format!(
        "`{text}` cannot be part of a table name; write 1 to {LONGEST_NAME} lower-case letters, digits and \
         `_`, starting with a letter"
    );
    Err(Error::new_spanned(&name, message))
}

fn build(key: &Ident, input: ParseStream<'_>) -> Result<u32> {
    let literal: LitInt = keys::value(key, "2", input)?;
    match literal.base10_parse() {
        Ok(0) => Err(Error::new_spanned(&literal, "builds of a projection start at 1; write `build = 1`")),
        Ok(build) if i32::try_from(build).is_ok() => Ok(build),
        _ => Err(Error::new_spanned(&literal, "not a build; write a whole number, such as `build = 2`")),
    }
}

/// Parses a key without a value.
fn alone(key: &Ident, input: ParseStream<'_>) -> Result<Ident> {
    if input.peek(Token![=]) || input.peek(token::Paren) {
        return Err(Error::new_spanned(key, format!("`{key}` takes no value; write only `{key}`")));
    }
    Ok(key.clone())
}
