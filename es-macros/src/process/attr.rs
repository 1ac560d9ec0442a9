//! Parses the keys of `#[process(…)]`, each by itself.

use proc_macro2::{Ident, TokenStream};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Error, LitStr, Result, Token, Type, TypePath};

use crate::errors::Errors;
use crate::event_list::{self, Listed, Takes};
use crate::keys::{self, Written};
use crate::paths::{self, CratePath};

const NAME: &str = "name";
pub(super) const ON: &str = "on";
const TIMERS: &str = "timers";
const SENDS: &str = "sends";
const CRATE: &str = "crate";
const KEYS: [&str; 5] = [NAME, ON, TIMERS, SENDS, CRATE];

/// The longest name, in bytes: a suffix is appended to it where checkpoints are stored.
const LONGEST_NAME: usize = 60;

#[derive(Default)]
pub(crate) struct ProcessKeys {
    pub(crate) name: Option<LitStr>,
    pub(crate) on: Vec<Listed>,
    pub(crate) timers: Vec<Listed>,
    pub(crate) sends: Vec<Send>,
    pub(crate) es_core: CratePath,
    /// What the user wrote; `None` if the whole attribute is missing, which is reported as such.
    pub(crate) written: Option<Written>,
}

/// One entry of `sends(Account: Withdraw)`.
pub(crate) struct Send {
    pub(crate) target: TypePath,
    pub(crate) command: TypePath,
}

pub(crate) fn parse(attributes: &[Attribute], errors: &mut Errors) -> ProcessKeys {
    let example = "#[process(on(…), timers(…), sends(…))]";
    let (tokens, has_keys) = keys::of_attributes(attributes, "process", example, errors);
    let mut found = ProcessKeys::default();
    let written = keys::parse("`#[process]`", &KEYS, tokens, errors, |key, input, errors| {
        match key.to_string().as_str() {
            NAME => found.name = Some(name(key, input)?),
            ON => found.on = event_list::parse(key, "the process's", Takes::Events, input, errors)?,
            TIMERS => found.timers = event_list::parse(key, "the process's", Takes::Events, input, errors)?,
            SENDS => {
                let list = keys::parenthesised(key, "sends(Account: Withdraw)", input)?;
                found.sends = sends(key, list, errors);
            }
            _ => found.es_core = CratePath::of_key(key, input)?,
        }
        Ok(())
    });
    found.written = has_keys.then_some(written);
    found
}

/// Parses a name under which checkpoints can be stored.
fn name(key: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let name: LitStr = keys::value(key, "\"chase-decision\"", input)?;
    let text = name.value();
    let fits =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter);
    if (1..=LONGEST_NAME).contains(&text.len()) && text.chars().all(fits) {
        return Ok(name);
    }
    let message = format!(
        "`{text}` cannot be the name of a checkpoint; write 1 to {LONGEST_NAME} lower-case letters, digits, \
         `-`, `_` and `.`"
    );
    Err(Error::new_spanned(&name, message))
}

/// Parses `Account: Withdraw, Account: Deposit`.
fn sends(key: &Ident, list: TokenStream, errors: &mut Errors) -> Vec<Send> {
    let mut sends = Vec::new();
    if list.is_empty() {
        errors.spanned(key, "`sends` is empty; list commands, `sends(Account: Withdraw)`, or remove it");
    }
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let target: Type = input.parse()?;
            if !input.peek(Token![:]) {
                let message = "`sends` lists each command with the aggregate that handles it; write \
                               `sends(Account: Withdraw)`";
                return Err(Error::new_spanned(target, message));
            }
            input.parse::<Token![:]>()?;
            let command: Type = input.parse()?;
            match (paths::as_path(target), paths::as_path(command.clone())) {
                (Some(target), Some(command)) => sends.push(Send { target, command }),
                _ => errors.spanned(command, "`sends` lists structs; write `sends(Account: Withdraw)`"),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let result = parser.parse2(list);
    errors.keep(result);
    sends
}
