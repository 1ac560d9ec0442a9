//! Parses the changes of a field: `added(…)` and `renamed(…)` on it, `removed(…)` on its type.

use proc_macro2::{Ident, TokenStream};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Error, Expr, LitInt, LitStr, Result, Token, Type, parenthesized, token};

use super::attributes::is_kept;
use super::{AddedDefault, Change, Field, FieldChange, Since, Word};
use crate::errors::Errors;
use crate::keys;

pub(crate) const REMOVED: &str = "removed";
pub(crate) const ADDED: &str = "added";
pub(crate) const RENAMED: &str = "renamed";
const IN: &str = "in";
const DEFAULT: &str = "default";
const FROM: &str = "from";

/// What has the history.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    Field,
    /// Nothing stored before contains an added variant, so it needs no default.
    Variant,
}

/// Reads the changes of one field of an event, and returns the attributes that it has in every version.
pub(crate) fn of_field(
    word: Word,
    attributes: &[Attribute],
    any: &mut bool,
    errors: &mut Errors,
) -> (Vec<Change>, Vec<Attribute>) {
    let mut changes = Vec::new();
    let (ours, others): (Vec<_>, Vec<_>) =
        attributes.iter().partition(|attribute| word.begins(attribute.path()));
    for attribute in ours {
        *any = true;
        let Ok(list) = attribute.meta.require_list() else {
            errors.spanned(
                attribute,
                format!(
                    "here `#[{word}]` describes a change of the field; write `#[{word}(added(in = 2, default \
                     = …))]` or `#[{word}(renamed(in = 2, from = \"…\"))]`"
                ),
            );
            continue;
        };
        changes.extend(self::changes(word, Member::Field, list.tokens.clone(), errors));
    }
    (changes, others.into_iter().filter(|attribute| is_kept(attribute)).cloned().collect())
}

/// Reads `added(…), renamed(…)`.
pub(crate) fn changes(word: Word, member: Member, tokens: TokenStream, errors: &mut Errors) -> Vec<Change> {
    let mut changes = Vec::new();
    let known = [ADDED, RENAMED];
    let attribute = match member {
        Member::Field => format!("`#[{word}]` of a field"),
        Member::Variant => format!("`#[{word}]` of a variant"),
    };
    keys::parse_repeated(&attribute, &known, &known, tokens, errors, |key, input, errors| {
        let example = match (key == ADDED, member) {
            (true, Member::Field) => "added(in = 2, default = …)",
            (true, Member::Variant) => "added(in = 2)",
            (false, _) => "renamed(in = 2, from = \"…\")",
        };
        let tokens = within(key, example, input)?;
        changes.extend(if key == ADDED {
            added(key, member, tokens, errors)
        } else {
            renamed(key, tokens, errors)
        });
        Ok(())
    });
    changes
}

/// The contents of the parentheses after a key.
fn within(key: &Ident, example: &str, input: ParseStream<'_>) -> Result<TokenStream> {
    if !input.peek(token::Paren) {
        return Err(Error::new_spanned(key, format!("`{key}` needs a version; write `{example}`")));
    }
    let content;
    parenthesized!(content in input);
    content.parse()
}

/// Reads `in = 2, default = …`.
fn added(key: &Ident, member: Member, tokens: TokenStream, errors: &mut Errors) -> Option<Change> {
    let (mut since, mut default) = (None, None);
    let known: &[&str] = if member == Member::Field { &[IN, DEFAULT] } else { &[IN] };
    let written = keys::parse("`added`", known, tokens, errors, |key, input, _| {
        if key == IN {
            since = Some(self::since(keys::value(key, "2", input)?)?);
        } else if input.is_empty() || input.peek(Token![,]) {
            default = Some(AddedDefault::OfType(key.clone()));
        } else {
            default = Some(AddedDefault::Is(Box::new(keys::value::<Expr>(key, "…", input)?)));
        }
        Ok(())
    });
    if !written.has(IN) {
        errors.spanned(key, "`added` needs a version; write `added(in = 2, …)`");
    }
    if member == Member::Variant {
        return Some(Change { key: key.clone(), since: since?, what: FieldChange::Added(None) });
    }
    if !written.has(DEFAULT) {
        errors.spanned(
            key,
            "`added` needs the value for events stored before; write `default = …`, or `default` for the \
             `Default` of its type",
        );
    }
    Some(Change { key: key.clone(), since: since?, what: FieldChange::Added(Some(default?)) })
}

/// Reads `in = 2, from = "old"`.
fn renamed(key: &Ident, tokens: TokenStream, errors: &mut Errors) -> Option<Change> {
    let (mut since, mut from) = (None, None);
    let written = keys::parse("`renamed`", &[IN, FROM], tokens, errors, |key, input, _| {
        if key == IN {
            since = Some(self::since(keys::value(key, "2", input)?)?);
        } else {
            from = Some(keys::value::<LitStr>(key, "\"…\"", input)?);
        }
        Ok(())
    });
    if !written.has(IN) {
        errors.spanned(key, "`renamed` needs a version; write `renamed(in = 2, …)`");
    }
    if !written.has(FROM) {
        errors.spanned(
            key,
            "`renamed` needs the former name; write `from = \"…\"`, the name in the JSON of events stored \
             before",
        );
    }
    Some(Change { key: key.clone(), since: since?, what: FieldChange::Renamed(from?) })
}

fn since(literal: LitInt) -> Result<Since> {
    keys::version(literal).map(|(version, literal)| Since { version, literal })
}

/// Reads `(in = 3, #[serde(…)] field: Type)`.
pub(crate) fn removed(word: Word, key: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> Result<Field> {
    let tokens = within(key, "removed(in = 2, field: Type)", input)?;
    let whole = tokens.clone();
    let mut parts = None;
    let parser = |input: ParseStream<'_>| {
        input.parse::<Token![in]>()?;
        input.parse::<Token![=]>()?;
        let literal: LitInt = input.parse()?;
        input.parse::<Token![,]>()?;
        let attributes = Attribute::parse_outer(input)?;
        let ident: Ident = input.parse()?;
        input.parse::<Token![:]>()?;
        parts = Some((literal, attributes, ident, input.parse::<Type>()?));
        input.parse::<Option<Token![,]>>()?;
        Ok(())
    };
    let error = parser.parse2(tokens).err();
    let (Some((literal, attributes, ident, ty)), None) = (parts, error) else {
        let place = if whole.is_empty() { quote::quote!(#key) } else { whole };
        return Err(Error::new_spanned(
            place,
            format!(
                "`{REMOVED}` takes a version, and the field as it was; write `{REMOVED}(in = 2, field: Type)`"
            ),
        ));
    };
    let removed = since(literal)?;
    for attribute in &attributes {
        if !is_kept(attribute) && !word.begins(attribute.path()) && !attribute.path().is_ident("doc") {
            errors.spanned(attribute, word.without_effect());
        }
    }
    let (changes, attributes) = of_field(word, &attributes, &mut false, errors);
    Ok(Field { ident, ty, attributes, changes, removed: Some(removed) })
}
