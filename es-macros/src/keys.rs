//! Parses the keys of an attribute: `key = value, key(…), …`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, LitInt, LitStr, Result, Token, parenthesized, token};

use crate::errors::Errors;

/// The longest name that a store accepts, in bytes.
const LONGEST_NAME: usize = 255;

/// The highest version that databases can store.
const LAST_VERSION: u32 = i32::MAX.cast_unsigned();

/// The keys that the user wrote, valid or not: a key that is reported as invalid is not reported as missing
/// too.
#[derive(Default)]
pub(crate) struct Written(Vec<String>);

impl Written {
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|written| written == key)
    }
}

/// Joins the keys of all attributes of one name into one list; also returns whether there is such an
/// attribute.
pub(crate) fn of_attributes(
    attributes: &[Attribute],
    name: &str,
    example: &str,
    errors: &mut Errors,
) -> (TokenStream, bool) {
    let (mut tokens, mut has_keys) = (TokenStream::new(), false);
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        match attribute.meta.require_list() {
            Ok(list) => {
                let more = &list.tokens;
                let comma = (!tokens.is_empty()).then(|| quote!(,));
                tokens.extend(quote!(#comma #more));
                has_keys = true;
            }
            Err(_) => errors.spanned(attribute, format!("`#[{name}]` needs keys; write `{example}`")),
        }
    }
    (tokens, has_keys)
}

/// Parses keys, each at most once. A mistake skips to the next key.
///
/// `read` is called with the key, at the position after it.
pub(crate) fn parse(
    attribute: &str,
    known: &[&str],
    tokens: TokenStream,
    errors: &mut Errors,
    read: impl FnMut(&Ident, ParseStream<'_>, &mut Errors) -> Result<()>,
) -> Written {
    parse_repeated(attribute, known, &[], tokens, errors, read)
}

/// Like [`parse`], but some of the keys may be repeated.
pub(crate) fn parse_repeated(
    attribute: &str,
    known: &[&str],
    repeated: &[&str],
    tokens: TokenStream,
    errors: &mut Errors,
    mut read: impl FnMut(&Ident, ParseStream<'_>, &mut Errors) -> Result<()>,
) -> Written {
    let mut written = Written::default();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let result = one_key(attribute, known, repeated, &mut written, input, errors, &mut read);
            if let Err(error) = result {
                errors.push(error);
                skip_to_next_key(input)?;
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let result = parser.parse2(tokens);
    errors.keep(result);
    written
}

fn one_key(
    attribute: &str,
    known: &[&str],
    repeated: &[&str],
    written: &mut Written,
    input: ParseStream<'_>,
    errors: &mut Errors,
    read: &mut impl FnMut(&Ident, ParseStream<'_>, &mut Errors) -> Result<()>,
) -> Result<()> {
    let key = Ident::parse_any(input)
        .map_err(|error| Error::new(error.span(), format!("expected a key: {}", listed(known))))?;
    let name = key.to_string();
    if !known.contains(&name.as_str()) {
        written.0.extend(nearest(&name, known).map(str::to_owned));
        return Err(Error::new_spanned(&key, unknown_word(&format!("{attribute} has no key"), &name, known)));
    }
    if written.has(&name) && !repeated.contains(&name.as_str()) {
        return Err(Error::new_spanned(&key, format!("`{name}` is written twice; write it once")));
    }
    written.0.push(name);
    read(&key, input, errors)?;
    if input.is_empty() || input.peek(Token![,]) { Ok(()) } else { Err(input.error("expected `,`")) }
}

/// Skips a mistake: to the comma before the next key, or to the end.
fn skip_to_next_key(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() {
        let key_follows =
            input.peek2(Ident::peek_any) && (input.peek3(Token![=]) || input.peek3(token::Paren));
        if input.peek(Token![,]) && key_follows {
            break;
        }
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// The message for an unknown word.
pub(crate) fn unknown_word(problem: &str, word: &str, known: &[&str]) -> String {
    match (nearest(word, known), known) {
        (Some(near), _) => format!("{problem} `{word}`; did you mean `{near}`?"),
        (None, [only]) => format!("{problem} `{word}`; expected `{only}`"),
        (None, _) => format!("{problem} `{word}`; expected one of {}", listed(known)),
    }
}

/// The known word of which `word` is probably a typo.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let (distance, near) = known.iter().map(|&near| (distance(&word, near), near)).min()?;
    (distance * 3 <= word.chars().count().max(3)).then_some(near)
}

/// The number of letters to add, remove or replace to turn one word into the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.chars().enumerate() {
        let mut diagonal = at;
        row[0] = at + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The words, quoted and separated by commas.
pub(crate) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// Parses `= VALUE`.
pub(crate) fn value<T: Parse>(key: &Ident, example: &str, input: ParseStream<'_>) -> Result<T> {
    let missing = || Error::new_spanned(key, format!("`{key}` needs a value; write `{key} = {example}`"));
    if !input.peek(Token![=]) {
        return Err(missing());
    }
    input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(missing());
    }
    input.parse().map_err(|error| {
        Error::new(error.span(), format!("this is not a value of `{key}`; write `{key} = {example}`"))
    })
}

/// Parses a version number.
pub(crate) fn version(literal: LitInt) -> Result<(u32, LitInt)> {
    match literal.base10_parse() {
        Ok(0) => Err(Error::new_spanned(literal, "versions start at 1, not 0")),
        Ok(number) if number <= LAST_VERSION => Ok((number, literal)),
        _ => {
            Err(Error::new_spanned(literal, format!("a version is a whole number from 1 to {LAST_VERSION}")))
        }
    }
}

/// Parses `(…)`.
pub(crate) fn parenthesised(key: &Ident, example: &str, input: ParseStream<'_>) -> Result<TokenStream> {
    if !input.peek(token::Paren) {
        return Err(Error::new_spanned(key, format!("`{key}` takes a list; write `{example}`")));
    }
    let content;
    parenthesized!(content in input);
    content.parse()
}

/// Parses `= "name"`, a name that a store accepts.
pub(crate) fn name(key: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let name: LitStr = value(key, "\"…\"", input)?;
    check_name(&name).map(|()| name)
}

/// Parses `("name", …)`: former names.
pub(crate) fn names(key: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> Result<Vec<LitStr>> {
    let example = format!("write `{key}(\"old.name\")`");
    if !input.peek(token::Paren) {
        return Err(Error::new_spanned(key, format!("`{key}` takes a list of names; {example}")));
    }
    let content;
    parenthesized!(content in input);
    let list: TokenStream = content.parse()?;
    if list.is_empty() {
        return Err(Error::new_spanned(key, format!("`{key}` is empty; {example}, or remove it")));
    }
    let parser = Punctuated::<LitStr, Token![,]>::parse_terminated;
    let names = parser
        .parse2(list)
        .map_err(|error| Error::new(error.span(), format!("`{key}` lists names in quotes; {example}")))?;
    Ok(names.into_iter().filter(|name| errors.keep(check_name(name)).is_some()).collect())
}

/// Rejects a former name that is the current one, or that is listed twice.
pub(crate) fn earlier_names(was: &[LitStr], name: Option<&LitStr>, errors: &mut Errors) {
    for (at, earlier) in was.iter().enumerate() {
        let text = earlier.value();
        if name.is_some_and(|name| name.value() == text) {
            errors.spanned(earlier, format!("`{text}` is the current name; list only former names"));
        } else if was[..at].iter().any(|other| other.value() == text) {
            errors.spanned(earlier, format!("`{text}` is listed twice; list it once"));
        }
    }
}

/// Rejects a name that no store accepts.
fn check_name(name: &LitStr) -> Result<()> {
    let text = name.value();
    let problem = if text.is_empty() {
        "the name is empty; write one that never changes".to_owned()
    } else if text.len() > LONGEST_NAME {
        format!("the name has {} bytes; write one of at most {LONGEST_NAME}", text.len())
    } else if let Some(character) = text.chars().find(|character| character.is_control()) {
        format!("the name contains the control character {character:?}; remove it")
    } else {
        return Ok(());
    };
    Err(Error::new_spanned(name, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_recognised_and_a_different_word_is_not() {
        let known = ["name", "version", "previous", "crate"];
        for (word, meant) in
            [("nam", "name"), ("Name", "name"), ("versoin", "version"), ("prevous", "previous")]
        {
            assert_eq!(nearest(word, &known), Some(meant));
        }
        for word in ["colour", "x", "semantics", "retired"] {
            assert_eq!(nearest(word, &known), None, "{word}");
        }
        assert_eq!(nearest("evnets", &["events", "event_enum"]), Some("events"));
    }

    #[test]
    fn the_distance_of_two_words_counts_letters() {
        assert_eq!([distance("", "abc"), distance("abc", ""), distance("abc", "abc")], [3, 3, 0]);
        assert_eq!([distance("kitten", "sitting"), distance("flaw", "lawn")], [3, 2]);
    }
}
