//! The `Deserialize` that reads all forms.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::{Attribute, Data, DeriveInput, ExprPath, Fields, Ident};

use super::super::serde::{self, DefaultValue};
use super::form::{default_name, gone_name, without_self};
use super::{Part, TypeHistory};
use crate::history::attributes::{has, is_kept, shared, without};
use crate::history::{default, since};
use crate::paths::CratePath;

/// `Deserialize`, which serde's own derive cannot generate, as it knows only one form:
///
/// ```text
/// const __ES_ADDED_CURRENCY: fn() -> Currency = || …;
///
/// #[derive(Deserialize)]
/// struct __EsForms { cents: i64, #[serde(default = "__ES_ADDED_CURRENCY")] currency: Currency }
///
/// impl<'de> Deserialize<'de> for Money { … }     // from `__EsForms`, field by field
/// ```
pub(in crate::shape) fn expand(
    history: &TypeHistory,
    shape: &TokenStream,
    es_core: &CratePath,
) -> TokenStream {
    let private = es_core.private();
    let input = &history.input;
    let ident = &input.ident;
    let (_, type_generics, where_clause) = input.generics.split_for_impl();
    let defaults = defaults(history, es_core);
    let this = quote!(#ident #type_generics);
    let forms = without_self(quote!(#defaults), &this);
    let (item, whole_default) = (item(history, &this, es_core), default_of_whole(history, es_core));
    let own = where_clause.map(|clause| clause.predicates.iter()).into_iter().flatten();
    let (head, arms) = (head(history, es_core), arms(history));
    let allowed = allowed(input);
    let forms_of = quote!(<__EsForms #type_generics as #private::serde::Deserialize>);
    quote! {
        #allowed
        const _: () = {
        #forms
        #item
        #whole_default

        #[automatically_derived]
        #head
        where
            #(#own,)*
            __EsForms #type_generics: #private::serde::Deserialize<'__es_de>,
        {
            fn deserialize<__EsD: #private::serde::Deserializer<'__es_de>>(
                __es_deserializer: __EsD,
            ) -> #private::Result<Self, __EsD::Error> {
                match #forms_of::deserialize(__es_deserializer) {
                    #private::Result::Ok(__es_read) => #private::Result::Ok(match __es_read { #arms }),
                    #private::Result::Err(__es_error) => #private::Result::Err(__es_error),
                }
            }
        }

        #shape
        };
    }
}

/// The functions that make the values of added fields.
fn defaults(history: &TypeHistory, es_core: &CratePath) -> TokenStream {
    let of_part = |part: &Part| -> TokenStream {
        let of = |field| default::function(&default_name(part, field), field, es_core);
        part.fields.iter().filter_map(of).collect()
    };
    history.parts.iter().map(of_part).collect()
}

/// What the user allows on the type, for the code that names it, and an `allow(deprecated)` if parts of it
/// are deprecated. serde's derives do the same.
fn allowed(input: &DeriveInput) -> TokenStream {
    let is_allow = |attribute: &&Attribute| attribute.path().is_ident("allow");
    let allowed = input.attrs.iter().filter(is_allow);
    let is_deprecated =
        |attributes: &[Attribute]| attributes.iter().any(|of| of.path().is_ident("deprecated"));
    let in_fields = |fields: &Fields| fields.iter().any(|field| is_deprecated(&field.attrs));
    let in_parts = match &input.data {
        Data::Struct(data) => in_fields(&data.fields),
        Data::Enum(data) => {
            data.variants.iter().any(|variant| is_deprecated(&variant.attrs) || in_fields(&variant.fields))
        }
        Data::Union(_) => false,
    };
    let deprecated = (in_parts || is_deprecated(&input.attrs)).then(|| quote!(#[allow(deprecated)]));
    quote!(#(#allowed)* #deprecated)
}

/// A `Deserialize` that always fails, for a type whose history has a mistake.
pub(in crate::shape) fn expand_nothing(history: &TypeHistory, es_core: &CratePath) -> TokenStream {
    let private = es_core.private();
    let (head, (_, _, where_clause)) = (head(history, es_core), history.input.generics.split_for_impl());
    quote! {
        #[automatically_derived]
        #head #where_clause {
            fn deserialize<__EsD: #private::serde::Deserializer<'__es_de>>(
                _: __EsD,
            ) -> #private::Result<Self, __EsD::Error> {
                #private::Result::Err(<__EsD::Error as #private::serde::de::Error>::custom(""))
            }
        }
    }
}

/// `impl<'de> Deserialize<'de> for Money`, with the span where the history begins, so that a second one is
/// reported there.
fn head(history: &TypeHistory, es_core: &CratePath) -> TokenStream {
    let private = es_core.private();
    let DeriveInput { ident, generics, .. } = &history.input;
    let (_, type_generics, _) = generics.split_for_impl();
    let mut with_de = generics.clone();
    with_de.params.insert(0, syn::parse_quote!('__es_de));
    let (impl_generics, _, _) = with_de.split_for_impl();
    let span = history.parts.iter().find_map(Part::span).unwrap_or_else(|| ident.span());
    quote_spanned! {span=>
        impl #impl_generics #private::serde::Deserialize<'__es_de> for #ident #type_generics
    }
}

impl Part {
    fn span(&self) -> Option<proc_macro2::Span> {
        let of_variant = self.variant.iter().flat_map(|variant| &variant.changes).next();
        of_variant.map(|change| change.key.span()).or_else(|| {
            let field = self.fields.iter().find(|field| since(field).next().is_some())?;
            Some(field.changes.first().map_or_else(|| field.ident.span(), |change| change.key.span()))
        })
    }
}

/// The type for which serde derives `Deserialize`.
fn item(history: &TypeHistory, this: &TokenStream, es_core: &CratePath) -> TokenStream {
    let private = es_core.private();
    let mut item = history.reading();
    item.ident = format_ident!("__EsForms");
    let mut beside = None;
    let kind = if matches!(item.data, Data::Enum(_)) { "enum" } else { "struct" };
    let mut attributes: Vec<Attribute> = shared(&history.input, kind);
    if serde::of_type(&attributes).default.is_some() {
        attributes = attributes.iter().map(|attribute| without(attribute, "default")).collect();
        attributes.push(syn::parse_quote!(#[serde(default)]));
    }
    if !has(&attributes, "crate") {
        let (path, needed) = es_core.serde(&item.ident);
        beside = needed;
        attributes.push(syn::parse_quote!(#[serde(crate = #path)]));
    }
    let is_serdes = |attribute: &Attribute| is_kept(attribute) && !attribute.path().is_ident("shape");
    item.attrs = attributes.into_iter().filter(is_serdes).collect();
    item.vis = syn::Visibility::Inherited;
    plain(&mut item.data, is_serdes);
    let item = without_self(item.to_token_stream(), this);
    let passed_over =
        reads_removed(history).then(|| quote!(type __EsPassedOver = #private::serde::de::IgnoredAny;));
    quote! {
        #beside

        #passed_over

        #[#private::derive(#private::serde::Deserialize)]
        #item
    }
}

/// Keeps of each part only what serde's derive reads.
fn plain(data: &mut Data, is_kept: impl Fn(&Attribute) -> bool + Copy) {
    let plain = |fields: &mut Fields| {
        for field in fields {
            field.attrs.retain(is_kept);
            field.vis = syn::Visibility::Inherited;
        }
    };
    match data {
        Data::Struct(data) => plain(&mut data.fields),
        Data::Enum(data) => {
            for variant in &mut data.variants {
                variant.attrs.retain(is_kept);
                variant.discriminant = None;
                plain(&mut variant.fields);
            }
        }
        Data::Union(_) => {}
    }
}

/// Whether removed fields would be rejected if nothing read them.
fn reads_removed(history: &TypeHistory) -> bool {
    serde::of_type(&history.input.attrs).no_unknown_fields
        && history.parts.iter().any(|part| part.gone().next().is_some())
}

/// Converts what was read to the type itself, field by field.
fn arms(history: &TypeHistory) -> TokenStream {
    let reads_removed = reads_removed(history);
    let fields_of = |fields: &Fields, part: &Part| match fields {
        Fields::Named(_) => {
            let names: Vec<&Ident> = part.current().map(|field| &field.ident).collect();
            let values: Vec<Ident> = (0..names.len()).map(|at| format_ident!("__es_{at}")).collect();
            let gone = (part.gone().next().is_some() && reads_removed).then(|| quote!(..));
            (quote!({ #(#names: #values,)* #gone }), quote!({ #(#names: #values),* }))
        }
        Fields::Unnamed(fields) => {
            let values: Vec<Ident> = (0..fields.unnamed.len()).map(|at| format_ident!("__es_{at}")).collect();
            (quote!((#(#values),*)), quote!((#(#values),*)))
        }
        Fields::Unit => (TokenStream::new(), TokenStream::new()),
    };
    match &history.input.data {
        Data::Struct(data) => {
            let arms = history.parts.iter().map(|part| {
                let (read, made) = fields_of(&data.fields, part);
                quote!(__EsForms #read => Self #made,)
            });
            arms.collect()
        }
        Data::Enum(data) => {
            let arms = data.variants.iter().zip(&history.parts).map(|(variant, part)| {
                let (read, made) = fields_of(&variant.fields, part);
                let ident = &variant.ident;
                quote!(__EsForms::#ident #read => Self::#ident #made,)
            });
            arms.collect()
        }
        Data::Union(_) => TokenStream::new(),
    }
}

/// Where serde takes absent fields from the default of the struct, the reader of all forms does as well.
fn default_of_whole(history: &TypeHistory, es_core: &CratePath) -> Option<TokenStream> {
    let private = es_core.private();
    let DeriveInput { ident, generics, attrs, .. } = &history.input;
    let keys = serde::of_type(attrs);
    let (_, type_generics, where_clause) = generics.split_for_impl();
    let (impl_generics, _, _) = generics.split_for_impl();
    let own = where_clause.map(|clause| clause.predicates.iter()).into_iter().flatten();
    let this = quote!(#ident #type_generics);
    let (value, bound) = match keys.default.as_ref()? {
        DefaultValue::OfItsType => {
            (quote!(<#this as #private::Default>::default()), Some(quote!(#this: #private::Default)))
        }
        DefaultValue::From(path) => {
            let path: Option<ExprPath> = syn::parse_str(path).ok();
            (quote!(#path()), None)
        }
    };
    let part = history.parts.first()?;
    let fields = part.current().map(|field| {
        let ident = &field.ident;
        quote!(#ident: __es_whole.#ident,)
    });
    let gone = part.gone().enumerate().filter(|_| keys.no_unknown_fields).map(|(at, _)| {
        let ident = gone_name(at);
        quote!(#ident: #private::Default::default(),)
    });
    Some(quote! {
        #[automatically_derived]
        impl #impl_generics #private::Default for __EsForms #type_generics where #(#own,)* #bound {
            fn default() -> Self {
                let __es_whole: #this = #value;
                Self { #(#fields)* #(#gone)* }
            }
        }
    })
}
