//! Parses the keys of `#[shape(…)]`: a form or another type, a name, the path of es-core.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::{Attribute, Error, LitStr, MetaList, Token, Type};

use super::form;
use crate::errors::Errors;
use crate::history::{ADDED, REMOVED, RENAMED};
use crate::keys;
use crate::paths::CratePath;

const AS: &str = "as";
const NAME: &str = "name";
const CRATE: &str = "crate";
const OF_TYPE: &[&str] = &[AS, NAME, CRATE];
const OF_PART: &[&str] = &[AS];

/// The contents of `#[shape(…)]`.
#[derive(Default)]
pub(super) struct Declared {
    /// How the type or field is written, if different from its Rust type.
    pub(super) form: Option<DeclaredForm>,
    /// The name of the type in shapes.
    pub(super) name: Option<LitStr>,
}

/// How a type or field is written.
pub(super) enum DeclaredForm {
    /// In this notation.
    Words(LitStr),
    /// Like a value of this type.
    As(Box<Type>),
}

/// Parses the attributes of a type.
pub(super) fn of_type(attributes: &[Attribute], errors: &mut Errors) -> Declared {
    parse(attributes, OF_TYPE, errors).0
}

/// Parses the attributes of a field or a variant: only a form or another type.
pub(super) fn form_of_part(attributes: &[Attribute], errors: &mut Errors) -> Option<DeclaredForm> {
    parse(attributes, OF_PART, errors).0.form
}

/// Whether a form is declared.
pub(super) fn has_form(attributes: &[Attribute]) -> bool {
    let mut unreported = Errors::new();
    let declared = parse(attributes, &[NAME, CRATE], &mut unreported).0;
    unreported.finish();
    declared.form.is_some()
}

/// The path of es-core.
pub(super) fn es_core(attributes: &[Attribute], errors: &mut Errors) -> CratePath {
    // Mistakes are reported when the attributes of the type are read.
    let _ = &errors;
    let mut unreported = Errors::new();
    let path = parse(attributes, OF_TYPE, &mut unreported).1;
    unreported.finish();
    path
}

fn parse(attributes: &[Attribute], known: &[&str], errors: &mut Errors) -> (Declared, CratePath) {
    let (mut declared, mut es_core) = (Declared::default(), CratePath::default());
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("shape")) {
        let Ok(list) = attribute.meta.require_list() else {
            errors.spanned(attribute, "`#[shape]` is empty; write `#[shape(\"string:date-time\")]`");
            continue;
        };
        let rest = take_form(list, &mut declared, errors);
        if let Some(word) = history_word(&rest) {
            let message = format!(
                "`{word}` has no effect here: changes of an event are described by `#[event({word}(…))]`, \
                 and a state has no history, as it is folded again when it changes"
            );
            errors.spanned(rest, message);
            continue;
        }
        let takes_form_only = known.len() == 1;
        if takes_form_only && !rest.is_empty() && !starts_with_as(&rest) {
            refuse_keys(rest, errors);
            continue;
        }
        keys::parse("`#[shape]`", known, quote!(#rest), errors, |key, input, _| {
            if key == AS {
                let ty = keys::value(key, "Vec<String>", input)?;
                return set_form(&mut declared, key, DeclaredForm::As(Box::new(ty)));
            }
            if key == NAME {
                let name = keys::name(key, input)?;
                if !name.value().chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
                    return Err(Error::new_spanned(
                        &name,
                        "the name of a type in shapes may only contain letters, digits and `_`",
                    ));
                }
                declared.name = Some(name);
            } else {
                es_core = CratePath::of_key(key, input)?;
            }
            Ok(())
        });
    }
    (declared, es_core)
}

/// Takes the form at the beginning of the list, if there is one, and returns the rest.
fn take_form(list: &MetaList, declared: &mut Declared, errors: &mut Errors) -> TokenStream {
    let mut rest = TokenStream::new();
    let split = syn::parse::Parser::parse2(
        |input: ParseStream<'_>| {
            if input.peek(LitStr) {
                let literal: LitStr = input.parse()?;
                form::check(&literal)?;
                set_form(declared, &literal.clone(), DeclaredForm::Words(literal))?;
                input.parse::<Option<Token![,]>>()?;
            }
            rest = input.parse()?;
            Ok(())
        },
        list.tokens.clone(),
    );
    errors.keep(split);
    rest
}

/// Rejects keys on a field or a variant.
fn refuse_keys(rest: TokenStream, errors: &mut Errors) {
    let message = match misspelt(&rest) {
        Some((word, near)) => format!("`#[shape]` has no key `{word}`; did you mean `{near}`?"),
        None => "here `#[shape]` takes only a form or a type; write `#[shape(\"string:date-time\")]` or \
                 `#[shape(as = Vec<String>)]`"
            .into(),
    };
    errors.spanned(rest, message);
}

/// A misspelt key, and the one that was meant.
fn misspelt(rest: &TokenStream) -> Option<(String, &'static str)> {
    let Some(TokenTree::Ident(word)) = rest.clone().into_iter().next() else { return None };
    let word = word.to_string();
    let near = keys::nearest(&word, &[ADDED, RENAMED, REMOVED])?;
    Some((word, near))
}

/// A key of a history, which `#[derive(Shape)]` has already removed.
fn history_word(rest: &TokenStream) -> Option<&'static str> {
    let Some(TokenTree::Ident(word)) = rest.clone().into_iter().next() else { return None };
    [ADDED, RENAMED, REMOVED].into_iter().find(|known| word == known)
}

fn starts_with_as(rest: &TokenStream) -> bool {
    matches!(rest.clone().into_iter().next(), Some(TokenTree::Ident(word)) if word == AS)
}

fn set_form(declared: &mut Declared, at: &impl ToTokens, form: DeclaredForm) -> syn::Result<()> {
    if declared.form.is_some() {
        return Err(Error::new_spanned(at, "the form is declared twice; keep one"));
    }
    declared.form = Some(form);
    Ok(())
}
