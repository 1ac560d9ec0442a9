//! Parses the attributes of serde that change what is written. Errors in them are reported by serde.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitStr, Token, token};

use super::case::Rule;
use crate::text::written;

/// A value for writing and one for reading, which are nearly always the same.
#[derive(Clone, Default)]
pub(crate) struct Both<T> {
    pub(crate) written: T,
    pub(crate) read: T,
}

/// The keys of a type.
#[derive(Default)]
pub(crate) struct OfType {
    pub(crate) rename: Both<Option<String>>,
    pub(crate) rename_all: Both<Rule>,
    pub(crate) rename_all_fields: Both<Rule>,
    pub(crate) default: Option<DefaultValue>,
    pub(crate) no_unknown_fields: bool,
    pub(crate) tag: Option<String>,
    pub(crate) content: Option<String>,
    pub(crate) untagged: bool,
    pub(crate) transparent: bool,
    pub(crate) into: Option<LitStr>,
    pub(crate) from: Option<LitStr>,
    /// Whether reading may reject values that the type itself accepts.
    pub(crate) is_narrow: bool,
    pub(crate) remote: Option<LitStr>,
}

/// Where the value of an absent field comes from.
pub(crate) enum DefaultValue {
    OfItsType,
    From(String),
}

/// The keys of a field or a variant.
#[derive(Default)]
pub(crate) struct OfPart {
    pub(crate) rename: Both<Option<String>>,
    pub(crate) rename_all: Option<Both<Rule>>,
    pub(crate) aliases: Vec<String>,
    pub(crate) default: Option<DefaultValue>,
    pub(crate) skip_writing: bool,
    pub(crate) skip_reading: bool,
    pub(crate) omitted_if: Option<String>,
    pub(crate) flatten: bool,
    pub(crate) untagged: bool,
    pub(crate) other: bool,
    /// The functions and modules that write and read it, each with its verb.
    pub(crate) by: Vec<(&'static str, String)>,
}

pub(crate) fn of_type(attributes: &[Attribute]) -> OfType {
    let mut found = OfType::default();
    each_key(attributes, &mut |key, meta| {
        match key {
            "rename" => found.rename = name(meta)?,
            "rename_all" => found.rename_all = rule(meta)?,
            "rename_all_fields" => found.rename_all_fields = rule(meta)?,
            "default" => found.default = Some(default(meta)?),
            "deny_unknown_fields" => found.no_unknown_fields = true,
            "tag" => found.tag = Some(text(meta)?),
            "content" => found.content = Some(text(meta)?),
            "untagged" => found.untagged = true,
            "transparent" => found.transparent = true,
            "into" => found.into = Some(meta.value()?.parse()?),
            "from" => found.from = Some(meta.value()?.parse()?),
            "try_from" => (found.from, found.is_narrow) = (Some(meta.value()?.parse()?), true),
            "remote" => found.remote = Some(meta.value()?.parse()?),
            _ => ignore(meta)?,
        }
        Ok(())
    });
    found
}

pub(crate) fn of_part(attributes: &[Attribute]) -> OfPart {
    let mut found = OfPart::default();
    each_key(attributes, &mut |key, meta| {
        match key {
            "rename" => found.rename = name(meta)?,
            "rename_all" => found.rename_all = Some(rule(meta)?),
            "alias" => found.aliases.push(text(meta)?),
            "default" => found.default = Some(default(meta)?),
            "skip" => (found.skip_writing, found.skip_reading) = (true, true),
            "skip_serializing" => found.skip_writing = true,
            "skip_deserializing" => found.skip_reading = true,
            "skip_serializing_if" => found.omitted_if = Some(text(meta)?),
            "flatten" => found.flatten = true,
            "untagged" => found.untagged = true,
            "other" => found.other = true,
            "with" => found.by.push((BY, path(&text(meta)?))),
            "serialize_with" => found.by.push((WRITTEN_BY, path(&text(meta)?))),
            "deserialize_with" => found.by.push((READ_BY, path(&text(meta)?))),
            _ => ignore(meta)?,
        }
        Ok(())
    });
    found.by.extend(serde_as(attributes));
    found
}

const BY: &str = "by";
const WRITTEN_BY: &str = "written by";
const READ_BY: &str = "read by";

/// What `#[serde_as(as = "…")]` becomes once its macro is expanded, which may be later.
fn serde_as(attributes: &[Attribute]) -> Vec<(&'static str, String)> {
    let is_serde_as = |attribute: &&Attribute| {
        attribute.path().segments.last().is_some_and(|last| last.ident == "serde_as")
    };
    let mut found = Vec::new();
    for attribute in attributes.iter().filter(is_serde_as) {
        // A mistake is reported by `serde_with`.
        let _ = attribute.parse_nested_meta(|meta| {
            // `as` is a keyword, which `get_ident` returns like any other word.
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            let (verb, end) = match key.as_str() {
                "as" => (BY, ""),
                "serialize_as" => (WRITTEN_BY, "::serialize"),
                "deserialize_as" => (READ_BY, "::deserialize"),
                _ => return ignore(&meta),
            };
            let ty = path(&text(&meta)?);
            found.push((verb, format!("::serde_with::As::<{ty}>{end}")));
            Ok(())
        });
    }
    found
}

/// A path or a type without needless spaces; some macros print them with spaces.
fn path(text: &str) -> String {
    text.parse::<TokenStream>().map_or_else(|_| text.to_owned(), |tokens| written(&inferred(tokens)))
}

/// `serde_with` has a name for the `_` in its types.
fn inferred(tokens: TokenStream) -> TokenStream {
    let replaced = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(word) if word == "_" => quote!(::serde_with::Same),
        TokenTree::Group(group) => {
            TokenTree::Group(Group::new(group.delimiter(), inferred(group.stream()))).into()
        }
        other => other.into(),
    });
    replaced.collect()
}

fn each_key(attributes: &[Attribute], read: &mut dyn FnMut(&str, &ParseNestedMeta<'_>) -> syn::Result<()>) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // A mistake stops the reading here, and the build with serde's message.
        let _ = attribute.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            read(&key, &meta)
        });
    }
}

fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<String> {
    Ok(meta.value()?.parse::<LitStr>()?.value())
}

fn default(meta: &ParseNestedMeta<'_>) -> syn::Result<DefaultValue> {
    Ok(if meta.input.peek(Token![=]) { DefaultValue::From(text(meta)?) } else { DefaultValue::OfItsType })
}

fn ignore(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    } else if meta.input.peek(token::Paren) {
        meta.input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Reads `= "x"` or `(serialize = "x", deserialize = "y")`.
fn both(meta: &ParseNestedMeta<'_>) -> syn::Result<Both<Option<String>>> {
    if meta.input.peek(Token![=]) {
        let text = Some(text(meta)?);
        return Ok(Both { written: text.clone(), read: text });
    }
    let mut both = Both::default();
    meta.parse_nested_meta(|meta| {
        let value = Some(text(&meta)?);
        if meta.path.is_ident("serialize") {
            both.written = value;
        } else {
            both.read = value;
        }
        Ok(())
    })?;
    Ok(both)
}

fn name(meta: &ParseNestedMeta<'_>) -> syn::Result<Both<Option<String>>> {
    both(meta)
}

fn rule(meta: &ParseNestedMeta<'_>) -> syn::Result<Both<Rule>> {
    let Both { written, read } = both(meta)?;
    let rule = |name: Option<String>| name.map_or(Rule::AsWritten, |name| Rule::named(&name));
    Ok(Both { written: rule(written), read: rule(read) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_as_is_read_alike_before_and_after_its_expansion() {
        let before = of_part(&[syn::parse_quote!(#[serde_as(as = "Option<TimestampSeconds<_>>")])]);
        let after = of_part(&[syn::parse_quote!(
            #[serde(
                with = ":: serde_with :: As :: < Option < TimestampSeconds < :: serde_with :: Same > > >"
            )]
        )]);
        let expected = "::serde_with::As::<Option<TimestampSeconds<::serde_with::Same>>>";
        assert_eq!(before.by, [("by", expected.to_owned())]);
        assert_eq!(after.by, before.by);
        let twofold =
            of_part(&[syn::parse_quote!(#[serde_with::serde_as(serialize_as = "A", deserialize_as = "B")])]);
        assert_eq!(
            twofold.by,
            [
                ("written by", "::serde_with::As::<A>::serialize".to_owned()),
                ("read by", "::serde_with::As::<B>::deserialize".to_owned())
            ]
        );
    }
}
