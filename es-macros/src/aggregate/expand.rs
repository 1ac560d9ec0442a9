//! The implementations that make a type an aggregate.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::TypePath;

use super::attr::Snapshot;
use super::check::Aggregate;
use crate::event_list::ListedVariant;
use crate::paths::{CratePath, respan, span};
use crate::shape::Body;
use crate::unique_names;

/// ```text
/// impl Aggregate for Account { … }
/// impl IntoEvents<Account> for AccountEvent { … }
/// impl IntoEvents<Account> for Opened { … }
/// impl IntoEvents<Account> for Moved where Account: Writes<Moved> { … }
/// ```
pub(super) fn expand(aggregate: &Aggregate<'_>, state: Option<&Body>) -> TokenStream {
    let Aggregate { input, name, enum_ident, es_core, .. } = aggregate;
    let private = es_core.private();
    let ident = &input.ident;
    let (impl_generics, type_generics, _) = input.generics.split_for_impl();
    let bounds = bounds(aggregate, state);
    let id = aggregate.id.as_ref().map_or_else(|| quote!(#es_core::uuid::Uuid), ToTokens::to_token_stream);
    let was = (!aggregate.was.is_empty()).then(|| {
        let was = &aggregate.was;
        quote!(const WAS: &'static [&'static #private::str] = &[#(#was),*];)
    });
    // Spanned, so that a state without `Default` is reported at its name, and once.
    let this = quote_spanned!(ident.span()=> Self);
    let initial = quote! {
        fn initial() -> Self {
            #private::initial::<#this>()
        }
    };
    let try_clone = try_clone(es_core);
    let types = types(aggregate);
    let dispatch = dispatch(aggregate);
    let snapshots = aggregate.snapshot.as_ref().map(|snapshot| snapshots(aggregate, snapshot, state));
    let names = aggregate.sound.then(|| {
        let events = aggregate.events.iter().map(|event| &event.path).chain(&aggregate.retired);
        unique_names::check(events, es_core)
    });
    let into_events = into_events(aggregate);
    quote! {
        #[automatically_derived]
        impl #impl_generics #es_core::Aggregate for #ident #type_generics #bounds {
            const NAME: &'static #private::str = #name;
            #was
            type Id = #id;
            type Event = #enum_ident;
            #initial
            #try_clone
            #types
            #dispatch
            #snapshots
        }

        #into_events
        #names
    }
}

/// Clones the state, if it is `Clone`.
fn try_clone(es_core: &CratePath) -> TokenStream {
    let private = es_core.private();
    quote! {
        fn try_clone(&self) -> #private::Option<Self> {
            use #private::NotClone as _;
            #private::TryClone(self).try_clone()
        }
    }
}

/// The where clause of a generic aggregate.
fn bounds(aggregate: &Aggregate<'_>, state: Option<&Body>) -> TokenStream {
    let Aggregate { input, es_core, .. } = aggregate;
    let private = es_core.private();
    let (_, _, where_clause) = input.generics.split_for_impl();
    if input.generics.params.is_empty() {
        return where_clause.to_token_stream();
    }
    let own = where_clause.map(|clause| clause.predicates.iter()).into_iter().flatten();
    let serde = aggregate
        .snapshot
        .is_some()
        .then(|| quote!(+ #private::serde::Serialize + #private::serde::de::DeserializeOwned));
    let state = state.map(|state| &state.bounds);
    quote!(where #(#own,)* #state Self: #private::Default + #private::Send + #private::Sync + 'static #serde)
}

/// The list of event types, and the type of one event.
fn types(aggregate: &Aggregate<'_>) -> TokenStream {
    let Aggregate { enum_ident, es_core, .. } = aggregate;
    let private = es_core.private();
    let events = || aggregate.events.iter().map(|event| &event.path);
    let all = events().map(|path| quote!(<#path as #es_core::Event>::TYPE));
    let descriptions = events().map(|path| quote!(<#path as #es_core::Event>::description));
    let read = |path: &TypePath| {
        respan(quote!((<#path as #es_core::Event>::description, #private::read_whole::<#path>)), span(path))
    };
    let retired = aggregate.retired.iter().map(read);
    let beside = aggregate.beside.as_ref().map(|keys| crate::process::beside(keys, es_core));
    let all_paths = || events().chain(&aggregate.retired);
    let names = all_paths().map(|path| unique_names::names(path, es_core));
    let reads = all_paths().map(read);
    quote! {
        const EVENT_NAMES: &'static [(&'static #private::str, &'static [&'static #private::str])] =
            &[#(#names),*];

        fn event_types() -> &'static [#es_core::record::EventType] {
            const { &[#(#all),*] }
        }

        #[inline]
        fn description() -> &'static #private::AggregateDescription {
            const {
                &#private::AggregateDescription {
                    events: &[#(#descriptions),*],
                    retired: &[#(#retired),*],
                    beside: &[#beside],
                }
            }
        }

        fn event_type(__es_event: &#enum_ident) -> #es_core::record::EventType {
            __es_event.event_type()
        }

        #[inline]
        fn read_events() -> &'static [#private::ReadEvent] {
            const { &[#(#reads),*] }
        }
    }
}

/// Folding, encoding and decoding, by event.
fn dispatch(aggregate: &Aggregate<'_>) -> TokenStream {
    let Aggregate { enum_ident, es_core, .. } = aggregate;
    let private = es_core.private();
    let (mut apply, mut encode, mut decode) = (TokenStream::new(), TokenStream::new(), TokenStream::new());
    for ListedVariant { path, ident, .. } in &aggregate.events {
        // In full, and at the event's place in the list: a missing `Apply` names and underlines the event.
        let this = quote_spanned!(span(path)=> Self);
        apply.extend(quote! {
            #enum_ident::#ident(__es_event) => <#this as #es_core::Apply<#path>>::apply(self, __es_event),
        });
        encode.extend(quote! {
            #enum_ident::#ident(ref __es_event) => <#path as #es_core::Event>::encode(__es_event, __es_out),
        });
        // A type that is not an event keeps its own span everywhere, so that it is reported once.
        let name = respan(quote!(<#path as #es_core::Event>::NAME), span(path));
        decode.extend(quote! {
            #name => #private::decoded(<#path as #es_core::Event>::decode(__es_raw), __es_out),
        });
    }
    for path in &aggregate.retired {
        decode.extend(retired_arm(path, es_core));
    }
    let decode = decode_fn(aggregate, &decode);
    quote! {
        fn apply_event(&mut self, __es_event: #enum_ident) {
            match __es_event { #apply }
        }

        fn encode(
            __es_event: &#enum_ident,
            __es_out: &mut #es_core::codec::Payload,
        ) -> #private::Result<(), #es_core::record::EncodeError> {
            match *__es_event { #encode }
        }

        #decode
    }
}

/// Decoding: an event stored under a former name is decoded under its current name.
fn decode_fn(aggregate: &Aggregate<'_>, arms: &TokenStream) -> TokenStream {
    let Aggregate { name: own_name, enum_ident, es_core, .. } = aggregate;
    let private = es_core.private();
    let unknown = if aggregate.skip_unknown {
        quote!(#private::Ok(()))
    } else {
        quote!(#private::Err(#private::unknown_event(__es_raw, #own_name)))
    };
    quote! {
        fn decode(
            __es_raw: &#es_core::record::RawEvent<'_>,
            __es_out: &mut dyn #private::FnMut(#enum_ident),
        ) -> #private::Result<(), #es_core::record::DecodeError> {
            let mut __es_name = __es_raw.name;
            loop {
                return match __es_name {
                    #arms
                    _ => match #private::renamed::<Self>(__es_name) {
                        #private::Option::Some(__es_now) => {
                            __es_name = __es_now;
                            continue;
                        }
                        #private::Option::None => #unknown,
                    },
                };
            }
        }
    }
}

/// Decodes a retired event and returns the events that replace it. All of it has the span of its place in the
/// list, so that a missing `Retired` is reported there, once.
fn retired_arm(path: &TypePath, es_core: &CratePath) -> TokenStream {
    let private = es_core.private();
    let arm = quote! {
        <#path as #es_core::Event>::NAME => #private::decoded_retired(
            __es_raw,
            <#path as #es_core::Event>::decode(__es_raw),
            <Self as #es_core::model::Retired<#path>>::retired,
            __es_out,
        ),
    };
    respan(arm, span(path))
}

fn snapshots(aggregate: &Aggregate<'_>, snapshot: &Snapshot, state: Option<&Body>) -> TokenStream {
    let es_core = &aggregate.es_core;
    let private = es_core.private();
    let Snapshot { key, every, build } = snapshot;
    let statements = state.map(|state| &state.statements);
    // Spanned, so that a state that serde cannot write is reported at the key that requires it.
    let this = quote_spanned!(key.span()=> Self);
    quote! {
        fn snapshots() -> #private::Option<#es_core::model::Snapshots<Self>> {
            #private::snapshots::<#this>(#every, #build, |__es_types| { #statements })
        }
    }
}

/// What `handle` may return.
fn into_events(aggregate: &Aggregate<'_>) -> TokenStream {
    let Aggregate { input, enum_ident, es_core, .. } = aggregate;
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let bounds = if input.generics.params.is_empty() {
        where_clause.to_token_stream()
    } else {
        let own = where_clause.map(|clause| clause.predicates.iter()).into_iter().flatten();
        quote!(where #(#own,)* #ident #type_generics: #es_core::Aggregate<Event = #enum_ident>)
    };
    let into_events = |source: TokenStream, event: TokenStream| {
        quote! {
            #[automatically_derived]
            impl #impl_generics #es_core::model::IntoEvents<#ident #type_generics> for #source #bounds {
                fn into_events(self, __es_out: &mut #es_core::Events<#ident #type_generics>) {
                    __es_out.push_event(#event);
                }
            }
        }
    };
    let each = aggregate.events.iter().map(|event| {
        let (path, variant) = (&event.path, &event.ident);
        into_events(quote!(#path), quote!(#enum_ident::#variant(self)))
    });
    let retired = aggregate.retired.iter().map(|path| refused(aggregate, path));
    let any = into_events(quote!(#enum_ident), quote!(self));
    quote!(#any #(#each)* #(#retired)*)
}

/// Explains, where a retired event is returned, that it is retired: an implementation whose condition never
/// holds. The condition has a `for`, as the compiler rejects conditions that it knows to be false at once.
fn refused(aggregate: &Aggregate<'_>, path: &TypePath) -> TokenStream {
    let Aggregate { input, enum_ident, es_core, .. } = aggregate;
    let private = es_core.private();
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let own = where_clause.map(|clause| clause.predicates.iter()).into_iter().flatten();
    let generic = (!input.generics.params.is_empty())
        .then(|| quote!(#ident #type_generics: #es_core::Aggregate<Event = #enum_ident>,));
    quote! {
        #[automatically_derived]
        impl #impl_generics #es_core::model::IntoEvents<#ident #type_generics> for #path
        where
            #(#own,)*
            #generic
            for<'__es> #ident #type_generics: #private::Writes<#path>,
        {
            fn into_events(self, _: &mut #es_core::Events<#ident #type_generics>) {}
        }
    }
}
