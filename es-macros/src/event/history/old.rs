//! The struct of an old version: its fields, with their former attributes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Attribute, LitStr};

use super::{EventHistory, each};
use crate::history::Field;
use crate::shape::case::Rule;
use crate::shape::serde::{self, Both};

/// How fields are named in JSON.
pub(super) struct Wire(Both<Rule>);

impl Wire {
    pub(super) fn of(history: &EventHistory) -> Self {
        Self(serde::of_type(&history.input.attrs).rename_all)
    }

    /// The name under which a version writes the field.
    pub(super) fn name(&self, field: &Field, version: u32) -> String {
        field.name(version, self.0.written)
    }
}

/// The name of the struct of an old version.
pub(super) fn ident(version: u32) -> Ident {
    format_ident!("__EsV{version}")
}

/// `struct __EsV1 { … }`.
pub(super) fn item(history: &EventHistory, version: u32, keeps: fn(&Attribute) -> bool) -> TokenStream {
    let struct_ident = ident(version);
    let fields = each(history.fields.iter().filter(|field| field.is_in(version)), |field| {
        let attributes = field.attributes_in(version).into_iter().filter(keeps);
        let (ident, ty) = (&field.ident, &field.ty);
        quote!(#(#attributes)* #ident: #ty,)
    });
    quote!(struct #struct_ident { #fields })
}

/// The wire name of a field for the lock; a flattened field has none of its own.
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
