//! Parses the keys of `#[aggregate(…)]`, each by itself.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, LitInt, LitStr, Path, Result, Token, Type, TypePath, token};

use crate::errors::Errors;
use crate::event_list::{self, Listed, Takes};
use crate::keys::{self, Written};
use crate::paths::{self, CratePath};
use crate::process;

pub(super) const NAME: &str = "name";
const WAS: &str = "was";
const ID: &str = "id";
pub(super) const EVENTS: &str = "events";
const EVENT_ENUM: &str = "event_enum";
const RETIRED: &str = "retired";
const SNAPSHOT: &str = "snapshot";
const UNKNOWN: &str = "unknown";
const CRATE: &str = "crate";
const KEYS: [&str; 9] = [NAME, WAS, ID, EVENTS, EVENT_ENUM, RETIRED, SNAPSHOT, UNKNOWN, CRATE];

const EVERY: &str = "every";
const BUILD: &str = "build";

#[derive(Default)]
pub(super) struct AggregateKeys {
    pub(super) name: Option<LitStr>,
    pub(super) was: Vec<LitStr>,
    pub(super) id: Option<Type>,
    pub(super) events: Vec<Listed>,
    pub(super) enum_ident: Option<Ident>,
    pub(super) enum_derives: Vec<Path>,
    pub(super) retired: Vec<TypePath>,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) skip_unknown: bool,
    pub(super) es_core: CratePath,
    /// The keys of `#[process]` on the same type.
    pub(super) process: Option<process::ProcessKeys>,
    /// What the user wrote; `None` if the whole attribute is missing, which is reported as such.
    pub(super) written: Option<Written>,
}

/// `snapshot(every = 100, build = 2)`.
pub(super) struct Snapshot {
    pub(super) key: Ident,
    pub(super) every: u64,
    pub(super) build: u64,
}

pub(super) fn parse(attributes: &[Attribute], errors: &mut Errors) -> AggregateKeys {
    let example = "#[aggregate(name = \"…\", events(…))]";
    let (tokens, has_keys) = keys::of_attributes(attributes, "aggregate", example, errors);
    let mut found = AggregateKeys::default();
    let written = keys::parse("`#[aggregate]`", &KEYS, tokens, errors, |key, input, errors| {
        match key.to_string().as_str() {
            NAME => found.name = Some(keys::name(key, input)?),
            WAS => found.was = keys::names(key, input, errors)?,
            ID => found.id = Some(keys::value(key, "Type", input)?),
            EVENTS => {
                found.events = event_list::parse(key, "the aggregate's", Takes::Events, input, errors)?;
            }
            EVENT_ENUM => {
                let list = keys::parenthesised(key, "event_enum(Name, derive(Debug))", input)?;
                event_enum(&mut found, key, list, errors);
            }
            RETIRED => {
                let list = keys::parenthesised(key, "retired(Opened)", input)?;
                found.retired = retired(key, list, errors);
            }
            SNAPSHOT => {
                let list = keys::parenthesised(key, "snapshot(every = 100)", input)?;
                found.snapshot = snapshot(key, list, errors);
            }
            UNKNOWN => found.skip_unknown = unknown(&keys::value(key, "\"error\"", input)?)?,
            _ => found.es_core = CratePath::of_key(key, input)?,
        }
        Ok(())
    });
    found.written = has_keys.then_some(written);
    found
}

/// Reads the list of events that are no longer written: they have no variant.
fn retired(key: &Ident, list: TokenStream, errors: &mut Errors) -> Vec<TypePath> {
    let mut retired = Vec::new();
    if list.is_empty() {
        errors.spanned(key, "`retired` is empty; list event types that are no longer written, or remove it");
    }
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let ty: Type = input.parse()?;
            match paths::as_path(ty.clone()) {
                Some(path) => retired.push(path),
                None => errors.spanned(ty, "`retired` lists structs; write `retired(Opened)`"),
            }
            if let Some(keyword) = input.parse::<Option<Token![as]>>()? {
                return Err(Error::new_spanned(
                    keyword,
                    "a retired event has no variant; write only its type",
                ));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let result = parser.parse2(list);
    errors.keep(result);
    retired
}

fn event_enum(found: &mut AggregateKeys, key: &Ident, list: TokenStream, errors: &mut Errors) {
    const DERIVE: &str = "derive";
    let parser = |input: ParseStream<'_>| {
        let has_name = input.peek(syn::Ident) && !input.peek2(token::Paren);
        if has_name {
            found.enum_ident = Some(input.parse()?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if !has_name && input.is_empty() {
            return Err(Error::new_spanned(key, "`event_enum` is empty; write `event_enum(Name)`"));
        }
        let rest: TokenStream = input.parse()?;
        keys::parse("`event_enum`", &[DERIVE], rest, errors, |key, input, _| {
            let list = keys::parenthesised(key, "derive(Debug, Clone)", input)?;
            let paths = Punctuated::<Path, Token![,]>::parse_terminated.parse2(list)?;
            found.enum_derives = paths.into_iter().collect();
            Ok(())
        });
        Ok(())
    };
    let result = parser.parse2(list);
    errors.keep(result);
}

fn snapshot(key: &Ident, list: TokenStream, errors: &mut Errors) -> Option<Snapshot> {
    let (mut every, mut build) = (None, 0);
    let written = keys::parse("`snapshot`", &[EVERY, BUILD], list, errors, |key, input, _| {
        let literal: LitInt = keys::value(key, "100", input)?;
        let number: u64 = literal.base10_parse()?;
        if key == BUILD {
            build = number;
        } else if number == 0 {
            return Err(Error::new_spanned(
                literal,
                "a snapshot every 0 events is impossible; write the number of events between snapshots, or \
                 remove `snapshot`",
            ));
        } else {
            every = Some(number);
        }
        Ok(())
    });
    if every.is_none() && !written.has(EVERY) {
        errors.spanned(key, "`snapshot` has no interval; write `snapshot(every = 100)`");
    }
    every.map(|every| Snapshot { key: key.clone(), every, build })
}

fn unknown(literal: &LitStr) -> Result<bool> {
    let text = literal.value();
    match text.as_str() {
        "error" => Ok(false),
        "skip" => Ok(true),
        _ => Err(Error::new_spanned(
            literal,
            keys::unknown_word("`unknown` has no value", &text, &["error", "skip"]),
        )),
    }
}

/// The name of an identifier without `r#`, for messages.
pub(super) fn plain(ident: &Ident) -> Ident {
    ident.unraw()
}
