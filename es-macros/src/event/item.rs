//! The item under `#[event]`: parsed only as far as needed, and otherwise emitted unchanged.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Generics, Meta, Token, Visibility};

use super::serde_keys;
use crate::errors::Errors;
use crate::paths::last_ident;

/// A struct, or an enum that was reported as not being one.
pub(super) struct Item {
    /// Its attributes, without ours.
    pub(super) attributes: Vec<Attribute>,
    pub(super) ident: Ident,
    /// Everything after the attributes, as written.
    pub(super) rest: TokenStream,
    pub(super) has_deprecated_field: bool,
}

impl Item {
    /// What the user allows on the struct, for the code that names it, and an `allow(deprecated)` if the
    /// struct is deprecated. serde's derives do the same.
    pub(super) fn allowed(&self) -> TokenStream {
        let is = |name: &'static str| move |attribute: &&Attribute| attribute.path().is_ident(name);
        let allowed = self.attributes.iter().filter(is("allow"));
        let is_deprecated = self.attributes.iter().any(|attribute| is("deprecated")(&attribute));
        let deprecated = is_deprecated.then(|| quote!(#[allow(deprecated)]));
        quote!(#(#allowed)* #deprecated)
    }
}

/// Reads a struct, or reports why this cannot be an event.
pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Option<Item> {
    let parsed = (|input: ParseStream<'_>| {
        let attributes = Attribute::parse_outer(input)?;
        Ok((attributes, input.parse::<TokenStream>()?))
    })
    .parse2(tokens);
    let (attributes, rest) = errors.keep(parsed)?;
    let head = (|input: ParseStream<'_>| {
        input.parse::<Visibility>()?;
        let keyword = input.call(<Ident as syn::ext::IdentExt>::parse_any)?;
        Ok((keyword, input.parse::<TokenStream>()?))
    })
    .parse2(rest.clone());
    let (keyword, behind) = errors.keep(head)?;
    if keyword != "struct" {
        refuse_keyword(&keyword, errors);
        // An enum could at least be stored, so code that uses it as an event is not reported as well.
        if keyword != "enum" {
            return None;
        }
    }
    let named = (|input: ParseStream<'_>| {
        let ident: Ident = input.parse()?;
        let generics: Generics = input.parse()?;
        let has_where = input.peek(Token![where]);
        Ok((ident, generics, has_where, input.parse::<TokenStream>()?))
    })
    .parse2(behind);
    let (ident, generics, has_where, _) = errors.keep(named)?;
    if !generics.params.is_empty() || has_where {
        refuse_generics(&ident, &generics, errors);
        return None;
    }
    let attributes = own_attributes(attributes, errors);
    let mut has_deprecated_field = false;
    let rest = fields(rest, &mut has_deprecated_field, errors);
    Some(Item { attributes, ident, rest, has_deprecated_field })
}

fn refuse_keyword(keyword: &Ident, errors: &mut Errors) {
    let what = match keyword.to_string().as_str() {
        "enum" => {
            "an event is a struct, one for each thing that can happen; `#[derive(Aggregate)]` generates the \
             enum of an aggregate's events"
        }
        "union" => "an event is a struct, not a union; write `struct` and name its fields",
        _ => "`#[event]` goes on a struct; write it above `struct …`",
    };
    errors.spanned(keyword, what);
}

fn refuse_generics(ident: &Ident, generics: &Generics, errors: &mut Errors) {
    let borrows = !generics.params.is_empty() && generics.params.len() == generics.lifetimes().count();
    let message = if borrows {
        "an event cannot borrow, as it outlives what it is read from; use owned types, such as `String` for \
         `&'a str`"
    } else {
        "an event cannot be generic: what is stored must not depend on who reads it; write one struct for \
         each type"
    };
    errors.spanned(
        if generics.params.is_empty() { ident.to_token_stream() } else { generics.to_token_stream() },
        message,
    );
}

/// Drops our own attributes, and reports a second `#[event]`. The compiler has resolved `cfg_attr` on the
/// struct, but not on its fields.
fn own_attributes(attributes: Vec<Attribute>, errors: &mut Errors) -> Vec<Attribute> {
    let (ours, mut others): (Vec<_>, Vec<_>) =
        attributes.into_iter().partition(|attribute| is_ours(attribute.path()));
    others.retain(|attribute| !serde_keys::has_misspelled_key(&attribute.meta, errors));
    for attribute in ours.into_iter().filter(|attribute| !attribute.path().is_ident("shape")) {
        errors.spanned(attribute, "`#[event]` is written twice; write one with all its keys");
    }
    others
}

pub(super) fn is_ours(path: &syn::Path) -> bool {
    path.is_ident("shape") || path.segments.last().is_some_and(|segment| segment.ident == "event")
}

/// Checks the attributes of the fields, at the top level of the braces or parentheses, and drops our own.
fn fields(rest: TokenStream, has_deprecated: &mut bool, errors: &mut Errors) -> TokenStream {
    let mut out = TokenStream::new();
    let mut done = false;
    for token in rest {
        match token {
            // The first group contains the fields, or is that of `pub(crate)`, which contains no attributes.
            TokenTree::Group(group) if !done && group.delimiter() != Delimiter::Bracket => {
                done = group.delimiter() == Delimiter::Brace;
                let mut same =
                    Group::new(group.delimiter(), field_attributes(group.stream(), has_deprecated, errors));
                same.set_span(group.span());
                out.extend([TokenTree::Group(same)]);
            }
            other => out.extend([other]),
        }
    }
    out
}

fn field_attributes(tokens: TokenStream, has_deprecated: &mut bool, errors: &mut Errors) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_pound = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        let Some(TokenTree::Group(group)) =
            tokens.next_if(|next| is_pound && matches!(next, TokenTree::Group(_)))
        else {
            out.extend([token]);
            continue;
        };
        let attribute = quote!(#token #group);
        let meta: Option<Meta> = syn::parse2(group.stream()).ok();
        if meta.as_ref().is_some_and(|meta| serde_keys::has_misspelled_key(meta, errors)) {
            continue;
        }
        let name = meta.and_then(|meta| last_ident(meta.path()).map(Ident::to_string)).unwrap_or_default();
        match name.as_str() {
            // Read by the shape, and by the history of the fields.
            "shape" | "event" => {}
            "cfg" | "cfg_attr" if name == "cfg" || mentions_serde(group.stream()) => {
                errors.spanned(
                    &attribute,
                    "what is stored must not depend on a build flag; make the field an `Option`, or write a \
                     new version",
                );
            }
            _ => {
                *has_deprecated |= name == "deprecated";
                out.extend(attribute);
            }
        }
    }
    out
}

fn mentions_serde(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "serde",
        TokenTree::Group(group) => mentions_serde(group.stream()),
        _ => false,
    })
}
