//! What an old version looks like: its fields, with their attributes of then.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, LitStr, Meta, Token};

use super::{Field, History, each, is_kept};
use crate::shape::case::Rule;
use crate::shape::serde::{self, Both};

/// How fields are named in JSON.
pub(super) struct Wire(Both<Rule>);

impl Wire {
    pub(super) fn of(history: &History) -> Self {
        Self(serde::of_type(&history.input.attrs).rename_all)
    }

    /// The name under which a version writes the field.
    pub(super) fn name(&self, field: &Field, version: u32) -> String {
        if let Some(earlier) = field.earlier_name(version) {
            return earlier.value();
        }
        let rename = serde::of_part(&field.attributes).rename.written;
        rename.unwrap_or_else(|| self.0.written.field(&field.ident.unraw().to_string()))
    }
}

/// The name of the struct of an old version.
pub(super) fn ident(version: u32) -> Ident {
    format_ident!("__EsV{version}")
}

/// `struct __EsV1 { … }`.
pub(super) fn item(history: &History, version: u32, keeps: fn(&Attribute) -> bool) -> TokenStream {
    let struct_ident = ident(version);
    let fields = each(history.fields.iter().filter(|field| field.is_in(version)), |field| {
        let attributes = attributes(field, version).into_iter().filter(keeps);
        let (ident, ty) = (&field.ident, &field.ty);
        quote!(#(#attributes)* #ident: #ty,)
    });
    quote!(struct #struct_ident { #fields })
}

/// The attributes of a field, under the name of then.
fn attributes(field: &Field, version: u32) -> Vec<Attribute> {
    let Some(earlier) = field.earlier_name(version) else { return field.attributes.clone() };
    let mut attributes: Vec<Attribute> =
        field.attributes.iter().map(|attribute| without(attribute, "rename")).collect();
    attributes.push(syn::parse_quote!(#[serde(rename = #earlier)]));
    attributes
}

/// The attributes of the struct that old versions share. Serde's `tag` and its messages name the user's struct.
pub(super) fn of_struct(history: &History) -> Vec<Attribute> {
    let input = &history.input;
    let mut attributes: Vec<Attribute> =
        input.attrs.iter().filter(|attribute| is_kept(attribute)).cloned().collect();
    let name = input.ident.unraw().to_string();
    if serde::of_type(&attributes).rename.written.is_none() {
        attributes.push(syn::parse_quote!(#[serde(rename = #name)]));
    }
    let has_expecting =
        |metas: Punctuated<Meta, _>| metas.iter().any(|meta| meta.path().is_ident("expecting"));
    if !attributes.iter().filter_map(metas).any(has_expecting) {
        let expecting = format!("struct {name}");
        attributes.push(syn::parse_quote!(#[serde(expecting = #expecting)]));
    }
    attributes
}

/// The same attribute of serde, without a key.
pub(super) fn without(attribute: &Attribute, key: &str) -> Attribute {
    metas(attribute).map_or_else(
        || attribute.clone(),
        |metas| {
            let others = metas.iter().filter(|meta| !meta.path().is_ident(key));
            syn::parse_quote!(#[serde(#(#others),*)])
        },
    )
}

/// What `#[serde(…)]` says; nothing if this is another attribute, or none that serde takes.
pub(super) fn metas(attribute: &Attribute) -> Option<Punctuated<Meta, Token![,]>> {
    if !attribute.path().is_ident("serde") {
        return None;
    }
    attribute.parse_args_with(Punctuated::parse_terminated).ok()
}

/// The wire name of a field for the lock; one that is flattened has none of its own.
pub(super) fn shown(field: &Field, version: u32, wire: &Wire) -> LitStr {
    let name = if serde::of_part(&field.attributes).flatten {
        format!("..{}", field.ident.unraw())
    } else {
        wire.name(field, version)
    };
    LitStr::new(&name, Span::call_site())
}

/// Tokens of an attribute list.
pub(super) fn written(attributes: &[Attribute]) -> TokenStream {
    each(attributes.iter(), ToTokens::to_token_stream)
}
