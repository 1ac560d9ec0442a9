//! What `#[event]` generates.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, LitInt, LitStr, Path, Token, TypePath};

use super::check::Event;
use super::item::Item;
use crate::paths::{generated, last_ident, respan, span};
use crate::text::written;
use crate::unowned;

/// The user's struct with serde's derives, and:
///
/// ```text
/// impl Event for Deposited {
///     const NAME: &'static str = "account.deposited";
///     const VERSION: u32 = 2;
///     fn decode(raw: &RawEvent<'_>) -> Result<Self, DecodeError> { … }
///     fn description() -> &'static EventDescription { … }
/// }
/// impl Shape for Deposited { … }
/// ```
pub(super) fn expand(item: &Item, event: &Event, shape: Option<&TokenStream>) -> TokenStream {
    let (user, own) = (self::item(item, event), implementations(item, event, shape));
    let allowed = item.allowed();
    if allowed.is_empty() {
        return quote!(#user #own);
    }
    quote!(#user #allowed const _: () = { #own };)
}

/// Replaces the event for other code, if a field has a type that cannot be stored. That is reported, and
/// serde's derives would report it again.
pub(super) fn stand_in(item: &Item, event: &Event, input: &DeriveInput) -> TokenStream {
    let mut bare = input.clone();
    let is_kept = |attribute: &Attribute| {
        !attribute.path().is_ident("serde") && !super::item::is_ours(attribute.path())
    };
    bare.attrs.retain(is_kept);
    if let Data::Struct(data) = &mut bare.data {
        data.fields.iter_mut().for_each(|field| field.attrs.retain(is_kept));
    }
    let derived: Vec<Path> = bare.attrs.iter().flat_map(derived).collect();
    let derives = |name: &str| derived.iter().any(|path| last_ident(path).is_some_and(|ident| ident == name));
    if derives("Serialize") || derives("Deserialize") {
        // The user's own derives need what was left out, and report the field in any case.
        return input.to_token_stream();
    }
    let (ident, private) = (&item.ident, event.es_core.private());
    let event = implementations(item, &Event { previous: None, write_as: None, ..event.clone() }, None);
    let repaired = unowned::repaired(input, &private);
    quote! {
        #bare
        #event
        #repaired
        impl #private::Shape for #ident {
            fn shape(__es_types: &mut #private::Types) -> #private::Type {
                <#private::str as #private::Shape>::shape(__es_types)
            }
        }
        impl #private::serde::Serialize for #ident {
            fn serialize<__EsS: #private::serde::Serializer>(
                &self,
                __es_serializer: __EsS,
            ) -> #private::Result<__EsS::Ok, __EsS::Error> {
                __es_serializer.serialize_unit()
            }
        }
        impl<'__es_de> #private::serde::Deserialize<'__es_de> for #ident {
            fn deserialize<__EsD: #private::serde::Deserializer<'__es_de>>(
                _: __EsD,
            ) -> #private::Result<Self, __EsD::Error> {
                #private::Result::Err(<__EsD::Error as #private::serde::de::Error>::custom(""))
            }
        }
    }
}

/// The struct, with serde's derives.
pub(super) fn item(item: &Item, event: &Event) -> TokenStream {
    let (serde, beside) = event.es_core.serde(&item.ident);
    let (attributes, rest) = (attributes(item, event, &serde), &item.rest);
    quote!(#beside #attributes #rest)
}

/// What makes it an event.
pub(super) fn implementations(item: &Item, event: &Event, shape: Option<&TokenStream>) -> TokenStream {
    let Event { name, version, es_core, .. } = event;
    let ident = &item.ident;
    let private = es_core.private();
    let decode = match &event.previous {
        None => quote!(#private::decode_only(__es_raw)),
        Some(previous) => chain(event, previous),
    };
    let description = description(event);
    let was = (!event.was.is_empty()).then(|| {
        let was = &event.was;
        quote!(const WAS: &'static [&'static #private::str] = &[#(#was),*];)
    });
    let write_as = event
        .write_as
        .as_ref()
        .zip(event.previous.as_ref())
        .map(|(number, previous)| write_as(event, number, previous));
    let check = event.previous.as_ref().filter(|_| event.sound).map(|previous| check(event, previous));
    let own = generated(quote! {
        #[automatically_derived]
        impl #es_core::Event for #ident {
            const NAME: &'static #private::str = #name;
            const VERSION: #private::u32 = #version;
            #was
            #write_as

            fn decode(
                __es_raw: &#es_core::record::RawEvent<'_>,
            ) -> #private::Result<Self, #es_core::record::DecodeError> {
                #decode
            }

            #description
        }

        #check
    });
    // The types of fields keep their spans in the shape as in the struct, so that an unknown type is reported
    // once.
    quote!(#own #shape)
}

/// Decodes an older version by its own struct, then upcasts it to this one.
///
/// All of it has the span of the user's `previous`, so that a missing upcast, or a struct that is not an
/// event, is reported there, once.
fn chain(event: &Event, previous: &TypePath) -> TokenStream {
    let es_core = &event.es_core;
    let private = es_core.private();
    let arguments = quote! {
        __es_raw,
        <#previous as #es_core::Event>::VERSION,
        <#previous as #es_core::Event>::decode,
        <Self as #es_core::UpcastFrom<#previous>>::upcast_from,
    };
    respan(quote!(#private::decode_chain(#arguments)), span(previous))
}

/// Writes the previous version, with the span of its number, so that a missing `DowncastTo` is reported
/// there.
fn write_as(event: &Event, number: &LitInt, previous: &TypePath) -> TokenStream {
    let es_core = &event.es_core;
    let private = es_core.private();
    let (span, es_core) = (number.span(), respan(es_core.to_token_stream(), number.span()));
    // The type keeps its own span, so that an unknown type is reported once.
    let step = quote_spanned!(span=> <Self as #es_core::model::DowncastTo<#previous>>::downcast_to);
    let encode = respan(quote!(#private::encode_as), span);
    let encode = quote_spanned!(span=> #encode(self, #step, __es_out));
    quote! {
        const WRITTEN_VERSION: #private::u32 = #number;

        fn encode(
            &self,
            __es_out: &mut #es_core::codec::Payload,
        ) -> #private::Result<(), #es_core::record::EncodeError> {
            #encode
        }
    }
}

/// Name, version and shape as a constant, if the trait's default lacks something: each function adds to the
/// user's build time. The previous version is named in a function's body, as it may be private.
fn description(event: &Event) -> Option<TokenStream> {
    let Event { name, version, was, semantics, previous, struct_name, is_of_history, added, es_core, .. } =
        event;
    if semantics.is_none() && previous.is_none() && !is_of_history && added.is_empty() {
        return None;
    }
    let private = es_core.private();
    let option = |some: Option<TokenStream>| match some {
        Some(some) => quote!(#private::Option::Some(#some)),
        None => quote!(#private::Option::None),
    };
    let semantics = option(semantics.as_ref().map(ToTokens::to_token_stream));
    let whole = option(event.write_as.as_ref().map(|_| quote!(#private::read_whole::<Self>)));
    let read_previous =
        option(previous.as_ref().map(|path| respan(quote!(#private::read_whole::<#path>), span(path))));
    let previous = option(previous.as_ref().map(|path| quote!(<#path as #es_core::Event>::description)));
    // The generated struct of an old version is reported under the name of the user's.
    let type_name = match is_of_history {
        true => quote!(|| #struct_name),
        false => quote!(#private::type_name::<Self>),
    };
    Some(quote! {
        #[inline]
        fn description() -> &'static #private::EventDescription {
            const {
                &#private::EventDescription {
                    name: #name,
                    version: #version,
                    was: &[#(#was),*],
                    semantics: #semantics,
                    type_name: #type_name,
                    is_of_history: #is_of_history,
                    added: &[#(#added),*],
                    shape: <Self as #private::Shape>::shape,
                    whole: #whole,
                    previous: #previous,
                    read_previous: #read_previous,
                }
            }
        }
    })
}

/// Compares with the previous version when constants are evaluated, as it is known only then.
fn check(event: &Event, previous: &TypePath) -> TokenStream {
    let Event { name, version, was, es_core, .. } = event;
    let private = es_core.private();
    let text = written(previous);
    let arguments = quote! {
        #text,
        <#previous as #es_core::Event>::NAME,
        <#previous as #es_core::Event>::WAS,
        <#previous as #es_core::Event>::VERSION,
        #name,
        &[#(#was),*],
        #version,
    };
    let check = respan(quote!(#private::check_previous(#arguments)), span(previous));
    let written = event.write_as.as_ref().map(|number| {
        let (span, event) = (number.span(), quote!(<#previous as #es_core::Event>));
        let check = respan(quote!(#private::check_written), span);
        let check = quote_spanned! {span=>
            #check(#text, #event::NAME, #event::VERSION, #event::WRITTEN_VERSION, #name)
        };
        quote!(const _: () = #check;)
    });
    quote! {
        const _: () = #check;
        #written
    }
}

/// The user's attributes, with the derives of serde that are still missing.
///
/// They go before the first `#[serde]`, which belongs to them, or else last, so that an attribute macro that
/// rewrites fields (such as `serde_as`) is expanded first.
fn attributes(item: &Item, event: &Event, serde_path: &LitStr) -> TokenStream {
    let serde = event.es_core.private();
    let derived: Vec<Path> = item.attributes.iter().flat_map(derived).collect();
    let has = |name: &str| derived.iter().any(|path| last_ident(path).is_some_and(|ident| ident == name));
    let missing = [
        ("Serialize", quote!(#serde::serde::Serialize)),
        ("Deserialize", quote!(#serde::serde::Deserialize)),
    ]
    .into_iter()
    .filter(|(name, _)| !has(name))
    .map(|(_, path)| path);
    let missing: Vec<TokenStream> = missing.collect();
    let attributes = &item.attributes;
    if missing.is_empty() {
        return quote!(#(#attributes)*);
    }
    let is_serde = |attribute: &Attribute| attribute.path().is_ident("serde");
    let at = attributes.iter().position(is_serde).unwrap_or(attributes.len());
    let (before, behind) = attributes.split_at(at);
    let names_crate = attributes.iter().filter(|attribute| is_serde(attribute)).any(names_crate);
    let serde_path = (!names_crate).then(|| quote!(#[serde(crate = #serde_path)]));
    quote! {
        #(#before)*
        #[#serde::derive(#(#missing),*)]
        #serde_path
        #(#behind)*
    }
}

/// The paths in `#[derive(…)]`.
fn derived(attribute: &Attribute) -> Vec<Path> {
    if last_ident(attribute.path()).is_none_or(|ident| ident != "derive") {
        return Vec::new();
    }
    let paths = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
    paths.map(|paths| paths.into_iter().collect()).unwrap_or_default()
}

/// Whether `#[serde(…)]` sets the path of serde.
fn names_crate(attribute: &Attribute) -> bool {
    let mut found = false;
    // Errors in the attribute are reported by serde.
    let _ = attribute.parse_nested_meta(|meta| {
        found |= meta.path.is_ident("crate");
        if meta.input.peek(Token![=]) {
            meta.value()?.parse::<proc_macro2::TokenTree>()?;
        } else if meta.input.peek(syn::token::Paren) {
            meta.input.parse::<proc_macro2::TokenTree>()?;
        }
        Ok(())
    });
    found
}
