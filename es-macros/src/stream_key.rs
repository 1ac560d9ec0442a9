//! `#[derive(StreamKey)]`: a newtype that is the id of an aggregate.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Data, DeriveInput, Field};

use crate::errors::Errors;
use crate::keys;
use crate::paths::{CratePath, generated};

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let input: Option<DeriveInput> = errors.keep(syn::parse2(item));
    let expansion = input.and_then(|input| {
        let es_core = es_core(&input.attrs, &mut errors);
        let field = newtype(&input, &mut errors)?;
        Some(generated(expand(&input, field, &es_core)))
    });
    let errors = errors.finish();
    quote!(#expansion #errors)
}

fn es_core(attributes: &[Attribute], errors: &mut Errors) -> CratePath {
    let mut es_core = CratePath::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("stream_key")) {
        let Some(list) = errors.keep(attribute.meta.require_list()) else {
            continue;
        };
        keys::parse("`#[stream_key]`", &["crate"], list.tokens.clone(), errors, |key, input, _| {
            es_core = CratePath::of_key(key, input)?;
            Ok(())
        });
    }
    es_core
}

/// The one field.
fn newtype<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<&'a Field> {
    let fields: Vec<&Field> = match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(_) | Data::Union(_) => Vec::new(),
    };
    if let [field] = fields[..] {
        return Some(field);
    }
    let ident = &input.ident;
    let found = match &input.data {
        Data::Struct(data) => format!("`{ident}` has {} fields", data.fields.len()),
        Data::Enum(_) => format!("`{ident}` is an enum"),
        Data::Union(_) => format!("`{ident}` is a union"),
    };
    let message = format!(
        "{found}, but `StreamKey` is derived for a struct with one field; write `struct {ident}(Uuid);`, or implement \
         `StreamKey` by hand"
    );
    let tokens = match &input.data {
        Data::Struct(data) if !data.fields.is_empty() => data.fields.to_token_stream(),
        _ => ident.to_token_stream(),
    };
    errors.spanned(tokens, message);
    None
}

fn expand(input: &DeriveInput, field: &Field, es_core: &CratePath) -> TokenStream {
    let private = es_core.private();
    let (ident, ty) = (&input.ident, &field.ty);
    let (read, make) = match &field.ident {
        Some(name) => (quote!(&self.#name), quote!(|__es_key| Self { #name: __es_key })),
        None => (quote!(&self.0), quote!(Self)),
    };
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let own = where_clause.map(|clause| clause.predicates.iter()).into_iter().flatten();
    let bounds = match input.generics.params.is_empty() {
        true => quote!(#where_clause),
        false => quote!(where #(#own,)* #ty: #es_core::StreamKey),
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #es_core::StreamKey for #ident #type_generics #bounds {
            fn to_key(&self) -> #private::Cow<'_, #private::str> {
                <#ty as #es_core::StreamKey>::to_key(#read)
            }

            fn from_key(__es_key: &#private::str) -> #private::Result<Self, #es_core::InvalidKey> {
                <#ty as #es_core::StreamKey>::from_key(__es_key).map(#make)
            }

            fn form() -> #private::Cow<'static, #private::str> {
                <#ty as #es_core::StreamKey>::form()
            }
        }
    }
}
