//! The attributes that old forms and the reader of all forms share.

use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, DeriveInput, Ident, Meta, Token};

use crate::paths::last_ident;
use crate::shape::serde;

/// Whether old versions share an attribute: those of serde, and the declared shape.
pub(crate) fn is_kept(attribute: &Attribute) -> bool {
    let is_serdes =
        |ident: &Ident| ident == "skip_serializing_none" || ident.to_string().starts_with("serde");
    attribute.path().is_ident("shape")
        || attribute.path().segments.iter().any(|segment| is_serdes(&segment.ident))
}

/// The attributes of a type that its old versions share. serde's `tag` and its messages use the name of the
/// user's type, which is this `kind`.
pub(crate) fn shared(input: &DeriveInput, kind: &str) -> Vec<Attribute> {
    let mut attributes: Vec<Attribute> =
        input.attrs.iter().filter(|attribute| is_kept(attribute)).cloned().collect();
    let name = input.ident.unraw().to_string();
    if serde::of_type(&attributes).rename.written.is_none() {
        attributes.push(syn::parse_quote!(#[serde(rename = #name)]));
    }
    if !has(&attributes, "expecting") {
        let expecting = format!("{kind} {name}");
        attributes.push(syn::parse_quote!(#[serde(expecting = #expecting)]));
    }
    attributes
}

/// Whether serde's attributes have this key.
pub(crate) fn has(attributes: &[Attribute], key: &str) -> bool {
    attributes.iter().filter_map(metas).any(|metas| metas.iter().any(|meta| meta.path().is_ident(key)))
}

/// The same attributes, under another wire name.
pub(crate) fn named(attributes: &[Attribute], name: &str) -> Vec<Attribute> {
    let mut attributes: Vec<Attribute> =
        attributes.iter().map(|attribute| without(attribute, "rename")).collect();
    attributes.push(syn::parse_quote!(#[serde(rename = #name)]));
    attributes
}

/// The same attribute of serde, without a key.
pub(crate) fn without(attribute: &Attribute, key: &str) -> Attribute {
    metas(attribute).map_or_else(
        || attribute.clone(),
        |metas| {
            let others = metas.iter().filter(|meta| !meta.path().is_ident(key));
            syn::parse_quote!(#[serde(#(#others),*)])
        },
    )
}

/// The contents of `#[serde(…)]`; `None` if this is another attribute, or one that serde rejects.
pub(crate) fn metas(attribute: &Attribute) -> Option<Punctuated<Meta, Token![,]>> {
    if !attribute.path().is_ident("serde") {
        return None;
    }
    attribute.parse_args_with(Punctuated::parse_terminated).ok()
}

/// Whether `serde_with` replaces this attribute with one of serde's.
pub(crate) fn is_serde_as(attribute: &Attribute) -> bool {
    last_ident(attribute.path()).is_some_and(|last| last == "serde_as")
}
