//! `#[derive(StreamKey)]`: a newtype that is the id of an aggregate.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Data, DeriveInput, Field, Fields};

use crate::errors::Errors;
use crate::keys;
use crate::paths::{CratePath, generated};
use crate::shape::marker::is_marker;

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let input: Option<DeriveInput> = errors.keep(syn::parse2(item));
    let expansion = input.and_then(|input| {
        let es_core = es_core(&input.attrs, &mut errors);
        let fields = newtype(&input, &mut errors)?;
        Some(generated(expand(&input, fields, &es_core)))
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

/// The fields, one of which contains the key.
fn newtype<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<&'a Fields> {
    let real = |fields: &Fields| fields.iter().filter(|field| !is_marker(&field.ty)).count();
    match &input.data {
        Data::Struct(data) if real(&data.fields) == 1 => return Some(&data.fields),
        _ => {}
    }
    let ident = &input.ident;
    let found = match &input.data {
        Data::Struct(data) => format!("`{ident}` has {} fields", real(&data.fields)),
        Data::Enum(_) => format!("`{ident}` is an enum"),
        Data::Union(_) => format!("`{ident}` is a union"),
    };
    let message = format!(
        "{found}, but `StreamKey` is derived for a struct with one field, and any number of `PhantomData`; \
         write `struct {ident}(Uuid);`, or implement `StreamKey` by hand"
    );
    let tokens = match &input.data {
        Data::Struct(data) if !data.fields.is_empty() => data.fields.to_token_stream(),
        _ => ident.to_token_stream(),
    };
    errors.spanned(tokens, message);
    None
}

fn expand(input: &DeriveInput, fields: &Fields, es_core: &CratePath) -> TokenStream {
    let private = es_core.private();
    let ident = &input.ident;
    let each = || fields.members().zip(fields);
    let Some((key, Field { ty, .. })) = each().find(|(_, field)| !is_marker(&field.ty)) else {
        return TokenStream::new();
    };
    let values = each().map(|(member, field)| match is_marker(&field.ty) {
        true => quote!(#member: #private::PhantomData),
        false => quote!(#member: __es_key),
    });
    let make = quote!(|__es_key| Self { #(#values),* });
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let own = where_clause.map(|clause| clause.predicates.iter()).into_iter().flatten();
    let bounds = if input.generics.params.is_empty() {
        quote!(#where_clause)
    } else {
        // A marker requires nothing of its type except what an id requires.
        let marked = (fields.len() > 1).then(|| quote!(Self: #private::Send + #private::Sync + 'static,));
        quote!(where #(#own,)* #ty: #es_core::StreamKey, #marked)
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #es_core::StreamKey for #ident #type_generics #bounds {
            fn to_key(&self) -> #private::Cow<'_, #private::str> {
                <#ty as #es_core::StreamKey>::to_key(&self.#key)
            }

            fn from_key(__es_key: &#private::str) -> #private::Result<Self, #es_core::stream::InvalidKey> {
                <#ty as #es_core::StreamKey>::from_key(__es_key).map(#make)
            }

            fn form() -> #private::Cow<'static, #private::str> {
                <#ty as #es_core::StreamKey>::form()
            }
        }
    }
}
