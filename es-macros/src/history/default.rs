//! The value of an added field in what was stored before.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::Attribute;

use super::attributes::{is_serde_as, metas};
use super::{AddedDefault, Field};
use crate::paths::{CratePath, respan};
use crate::shape::serde;

/// A separate function, so that its type appears in the message if the default does not fit.
pub(crate) fn function(name: &Ident, field: &Field, es_core: &CratePath) -> Option<TokenStream> {
    let private = es_core.private();
    let ty = &field.ty;
    let value = match field.added()?.1 {
        AddedDefault::Is(value) => value.to_token_stream(),
        AddedDefault::OfType(word) => {
            let code = quote!(#private::Default::default());
            respan(code, word.span())
        }
    };
    Some(quote! {
        const #name: fn() -> #ty = || -> #ty { #value };
    })
}

/// The default for the lock: a function that writes its value as JSON. `of_type` are the attributes of the
/// struct.
pub(crate) fn as_json(
    name: &Ident,
    field: &Field,
    of_type: &[Attribute],
    es_core: &CratePath,
) -> TokenStream {
    let private = es_core.private();
    if serde::of_part(&field.attributes).by.is_empty() {
        return quote!(|| #private::as_json(&#name()));
    }
    // The field is written by code, so the default must be written by the same code.
    let of_struct = of_type.iter().filter(|attribute| is_serde_as(attribute));
    let of_field = field.attributes.iter().map(|attribute| match metas(attribute) {
        Some(metas) => {
            let writing = |path: &syn::Path| path.is_ident("with") || path.is_ident("serialize_with");
            let metas = metas.iter().filter(|meta| writing(meta.path()));
            quote!(#[serde(#(#metas),*)])
        }
        None if is_serde_as(attribute) => attribute.to_token_stream(),
        None => TokenStream::new(),
    });
    let added = format_ident!("__EsAdded");
    let ((serde, beside), ty) = (es_core.serde(&added), &field.ty);
    quote! {
        || {
            #beside
            #(#of_struct)*
            #[derive(#private::serde::Serialize)]
            #[serde(crate = #serde, transparent)]
            struct #added(#(#of_field)* #ty);
            #private::as_json(&#added(#name()))
        }
    }
}
