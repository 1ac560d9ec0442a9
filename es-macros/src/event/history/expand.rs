//! The structs of the old versions, and the upcasts between them.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned as _;
use syn::{Attribute, ExprPath};

use super::super::check::Event;
use super::super::expand::{implementations, item as emitted};
use super::super::item::Item;
use super::old::{self, Wire};
use super::{EventHistory, each};
use crate::errors::Errors;
use crate::history::attributes::{shared, without};
use crate::history::{Field, default};
use crate::paths::{CratePath, respan};
use crate::shape::serde::{self, DefaultValue};

/// The user's struct, and:
///
/// ```text
/// const _: () = {
///     struct __EsV1 { cents: i64 }                   // an event like any other, with an upcast to the next
///     const __ES_ADDED_1: fn() -> Currency = || …;
///     impl UpcastFrom<__EsV1> for Deposited { … }
///     impl Event for Deposited { … }                 // with `__EsV1` as its `previous`
/// };
/// ```
pub(in crate::event) fn expand(
    item: &Item,
    event: &Event,
    history: &EventHistory,
    shape: Option<&TokenStream>,
) -> TokenStream {
    let newest = event.version;
    let versions = each(1..newest, |version| old_version(item, event, history, version));
    let fields = history.fields.iter().enumerate();
    let defaults: TokenStream = fields
        .filter_map(|(at, field)| default::function(&default_name(at), field, &event.es_core))
        .collect();
    let steps = each(2..=newest, |version| step(item, event, history, version));
    let downcast = event.write_as.as_ref().map(|_| downcast(item, event, history));
    let user = emitted(item, event);
    let own = implementations(item, &of_version(event, history, newest), shape);
    // The upcasts between the versions name the fields.
    let deprecated = item.has_deprecated_field.then(|| quote!(#[allow(deprecated)]));
    let allowed = item.allowed();
    quote! {
        #user

        #allowed
        #deprecated
        const _: () = { #versions #defaults #steps #downcast #own };
    }
}

/// The event as one of its versions, each with the previous one as its `previous`.
fn of_version(event: &Event, history: &EventHistory, version: u32) -> Event {
    let previous = (version > 1).then(|| {
        let ident = old::ident(version - 1);
        syn::parse_quote!(#ident)
    });
    let wire = Wire::of(history);
    let added = history.fields.iter().enumerate().filter(|(_, field)| {
        field.added().is_some_and(|(since, _)| since == version) && field.is_in(version)
    });
    let is_newest = version == event.version;
    Event {
        version,
        previous,
        write_as: event.write_as.clone().filter(|_| is_newest),
        is_of_history: !is_newest,
        added: added
            .map(|(at, field)| locked_default(at, field, version, history, &wire, &event.es_core))
            .collect(),
        // The upcasts are generated here, so there is nothing to check.
        sound: false,
        ..event.clone()
    }
}

fn old_version(item: &Item, event: &Event, history: &EventHistory, version: u32) -> TokenStream {
    let es_core = &event.es_core;
    let ident = old::ident(version);
    let of_struct = shared(&history.input, "struct");
    let attributes = old::written(&of_struct);
    let described = old::item(history, version, |_| true);
    // Mistakes are reported for the newest version.
    let mut unreported = Errors::new();
    let shape = syn::parse2(quote!(#attributes #described))
        .ok()
        .and_then(|input| crate::shape::event(&input, es_core, &mut unreported));
    unreported.finish();

    let of_type = serde::of_type(&of_struct);
    let mut attributes: Vec<Attribute> = Vec::new();
    attributes.extend(of_struct);
    let mut whole_default = None;
    if let Some(default) = &of_type.default {
        attributes = attributes.iter().map(|attribute| without(attribute, "default")).collect();
        attributes.push(syn::parse_quote!(#[serde(default)]));
        whole_default = Some(default_of_whole(item, event, history, version, default));
    }
    let rest = old::item(history, version, |attribute| !attribute.path().is_ident("shape"));
    let old = Item { attributes, ident, rest, has_deprecated_field: false };
    let event = of_version(event, history, version);
    let (emitted, implementations) = (emitted(&old, &event), implementations(&old, &event, shape.as_ref()));
    quote!(#emitted #implementations #whole_default)
}

/// Where serde takes absent fields from the default of the struct, an old version does as well.
fn default_of_whole(
    item: &Item,
    event: &Event,
    history: &EventHistory,
    version: u32,
    default: &DefaultValue,
) -> TokenStream {
    let private = event.es_core.private();
    let (now, then) = (&item.ident, old::ident(version));
    let of_now = match default {
        DefaultValue::OfItsType => quote!(<#now as #private::Default>::default()),
        DefaultValue::From(path) => {
            let path: Option<ExprPath> = syn::parse_str(path).ok();
            quote!(#path())
        }
    };
    let fields = each(
        history.fields.iter().filter(|field| field.is_in(version)),
        |Field { ident, ty, removed, .. }| {
            match removed {
                // Removed fields are dropped, so any value will do.
                Some(_) => quote!(#ident: <#ty as #private::Default>::default(),),
                None => quote!(#ident: __es_now.#ident,),
            }
        },
    );
    quote! {
        #[automatically_derived]
        impl #private::Default for #then {
            fn default() -> Self {
                let __es_now: #now = #of_now;
                Self { #fields }
            }
        }
    }
}

fn default_name(at: usize) -> Ident {
    format_ident!("__ES_ADDED_{at}")
}

/// The default for the lock: the name of the field and a function that writes its value as JSON.
fn locked_default(
    at: usize,
    field: &Field,
    version: u32,
    history: &EventHistory,
    wire: &Wire,
    es_core: &CratePath,
) -> TokenStream {
    let shown = old::shown(field, version, wire);
    let json = default::as_json(&default_name(at), field, &history.input.attrs, es_core);
    quote!((#shown, #json))
}

/// The upcast from the previous version to this one: fields that stay are moved, new ones are created.
fn step(item: &Item, event: &Event, history: &EventHistory, version: u32) -> TokenStream {
    let es_core = &event.es_core;
    let private = es_core.private();
    let previous = old::ident(version - 1);
    let this = if version == event.version { item.ident.clone() } else { old::ident(version) };
    let in_both = history.fields.iter().enumerate().filter(|(_, field)| field.is_in(version));
    let fields = each(in_both, |(at, field)| {
        let ident = &field.ident;
        if field.is_in(version - 1) {
            quote!(#ident: __es_old.#ident,)
        } else {
            let default = default_name(at);
            quote!(#ident: #default(),)
        }
    });
    quote! {
        #[automatically_derived]
        impl #es_core::UpcastFrom<#previous> for #this {
            type Error = #private::Infallible;

            #[inline]
            fn upcast_from(
                __es_old: #previous,
                _: &#es_core::UpcastContext<'_>,
            ) -> #private::Result<Self, #private::Infallible> {
                #private::Result::Ok(Self { #fields })
            }
        }
    }
}

/// The downcast to the previous version, which old programs read.
fn downcast(item: &Item, event: &Event, history: &EventHistory) -> TokenStream {
    let Event { version, es_core, .. } = event;
    let private = es_core.private();
    let (this, previous) = (&item.ident, old::ident(version - 1));
    let fields = each(
        history.fields.iter().filter(|field| field.is_in(version - 1)),
        |Field { ident, ty, .. }| {
            // At the type, so that a type that is not `Clone` is reported there.
            let clone = respan(quote!(#private::Clone), ty.span());
            quote!(#ident: <#ty as #clone>::clone(&self.#ident),)
        },
    );
    quote! {
        #[automatically_derived]
        impl #es_core::model::DowncastTo<#previous> for #this {
            type Error = #private::Infallible;

            fn downcast_to(&self) -> #private::Result<#previous, #private::Infallible> {
                #private::Result::Ok(#previous { #fields })
            }
        }
    }
}
