//! What projections, reactors and publishers share: the enum of their events, and how each event is found and
//! decoded.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{DeriveInput, Error, Ident, LitStr, Result};

use crate::errors::Errors;
use crate::event_list::{self, Listed, ListedKind, ListedVariant};
use crate::keys;
use crate::paths::{CratePath, respan, span};
use crate::unique_names;

/// A type that reads events, each with where it was recorded.
pub(crate) struct Reading<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) events: Vec<ListedVariant>,
    pub(crate) enum_ident: Ident,
    pub(crate) es_core: CratePath,
    /// Whether generated checks may refer to it: not if it was repaired.
    pub(crate) sound: bool,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(
        input: &'a DeriveInput,
        listed: Vec<Listed>,
        es_core: CratePath,
        errors: &mut Errors,
    ) -> Self {
        let ident = &input.ident;
        let enum_ident = format_ident!("{}Event", ident.unraw(), span = ident.span());
        let events = event_list::variants(listed, &enum_ident, errors);
        Self { input, events, enum_ident, es_core, sound: errors.is_empty() }
    }

    /// The bounds that the trait requires and that a type parameter leaves open.
    pub(crate) fn bounds(&self) -> TokenStream {
        let private = self.es_core.private();
        let where_clause = &self.input.generics.where_clause;
        if self.input.generics.params.is_empty() {
            return where_clause.to_token_stream();
        }
        let own = where_clause.iter().flat_map(|clause| &clause.predicates);
        quote!(where #(#own,)* Self: #private::Send + #private::Sync + 'static)
    }

    pub(crate) fn enumeration(&self) -> TokenStream {
        let Self { input, enum_ident, es_core, .. } = self;
        let private = es_core.private();
        let visibility = &input.vis;
        let doc = format!("The events of `{}`.", input.ident);
        let (variants, arms): (Vec<_>, Vec<_>) = self
            .events
            .iter()
            .map(|ListedVariant { path, ident, kind }| {
                let (doc, holds) = match kind {
                    ListedKind::Event => (format!("The event `{ident}`."), quote!(#es_core::Recorded<#path>)),
                    ListedKind::AllOf => {
                        let event = quote!(<#path as #es_core::Aggregate>::Event);
                        let all_of = respan(quote!(#es_core::projection::AllOf<#event>), span(path));
                        (format!("An event of `{ident}`."), all_of)
                    }
                };
                let arm = quote!(Self::#ident(ref __es_event) => __es_event.envelope(),);
                (quote!(#[doc = #doc] #ident(#holds)), arm)
            })
            .unzip();
        quote! {
            #[doc = #doc]
            #[#private::derive(#private::Debug)]
            #visibility enum #enum_ident { #(#variants),* }

            #[automatically_derived]
            impl #enum_ident {
                /// Everything besides the payload: what all of the events share.
                #[must_use]
                pub fn envelope(&self) -> #es_core::record::Envelope<'_> {
                    match *self { #(#arms)* }
                }
            }
        }
    }

    /// The functions that select and decode events: `filter`, `decode`, `events`.
    pub(crate) fn functions(&self) -> TokenStream {
        let (es_core, private) = (&self.es_core, self.es_core.private());
        let names = self.names();
        let (decode, events) = (self.decode(), self.shapes());
        let all_of = self.aggregates().filter(|_| self.sound).map(|ListedVariant { path, .. }| {
            let names = respan(quote!(<#path as #es_core::Aggregate>::EVENT_NAMES), span(path));
            quote!(let __es_filter = #private::filter_all_of(__es_filter, #names);)
        });
        quote! {
            fn filter() -> #es_core::store::Filter {
                let __es_filter = #private::filter(&[#(#names),*]);
                #(#all_of)*
                __es_filter
            }

            #decode
            #events
        }
    }

    /// For each event the call of the user's code for it, as match arms; `call` gets its type.
    pub(crate) fn arms(
        &self,
        call: impl Fn(&TokenStream) -> TokenStream,
    ) -> impl Iterator<Item = TokenStream> {
        let (es_core, private) = (&self.es_core, self.es_core.private());
        self.events.iter().map(move |ListedVariant { path, ident, kind }| {
            let enum_ident = &self.enum_ident;
            // All of it with the event's span, so that a missing implementation is reported there, once.
            let done = |ty: &TokenStream| respan(call(ty), span(path));
            match kind {
                ListedKind::Event => {
                    let done = done(&path.to_token_stream());
                    quote!(#enum_ident::#ident(ref __es_event) => #done,)
                }
                ListedKind::AllOf => {
                    let done = done(&quote!(<#path as #es_core::Aggregate>::Event));
                    quote! {
                        #enum_ident::#ident(ref __es_all) => {
                            let mut __es_done = #private::Ok(());
                            for __es_event in __es_all {
                                __es_done = #done;
                                if __es_done.is_err() {
                                    break;
                                }
                            }
                            __es_done
                        }
                    }
                }
            }
        })
    }

    /// Stops the build if two events have the same name.
    pub(crate) fn check(&self) -> Option<TokenStream> {
        let paths = self.single().map(|event| &event.path);
        let aggregates: Vec<_> = self.aggregates().map(|event| &event.path).collect();
        self.sound.then(|| {
            let names = unique_names::check(paths.clone(), &self.es_core);
            let all_of = unique_names::check_all_of(&aggregates, &paths, &self.es_core);
            quote!(#names #all_of)
        })
    }

    /// The events that are listed one by one.
    fn single(&self) -> impl Iterator<Item = &ListedVariant> + Clone {
        self.events.iter().filter(|event| event.kind == ListedKind::Event)
    }

    /// The aggregates whose events are taken all.
    pub(crate) fn aggregates(&self) -> impl Iterator<Item = &ListedVariant> + Clone {
        self.events.iter().filter(|event| event.kind == ListedKind::AllOf)
    }

    /// Decodes by the name of the event, as commands do.
    fn decode(&self) -> TokenStream {
        let Self { enum_ident, es_core, .. } = self;
        let private = es_core.private();
        let arms = self.single().map(|event| {
            let (path, variant) = (&event.path, &event.ident);
            // A type that is not an event keeps its own span everywhere, so that it is reported once.
            let name = respan(quote!(<#path as #es_core::Event>::NAME), span(path));
            let decoded = respan(quote!(#private::decode_recorded::<#path>), span(path));
            let read = quote!(#private::Option::Some(#enum_ident::#variant(__es_event)));
            quote! {
                #name => match #decoded(__es_raw) {
                    #private::Ok(__es_event) => #private::Ok(#read),
                    #private::Err(__es_error) => #private::Err(__es_error),
                },
            }
        });
        let all_of = self.decode_all_of();
        let wire_names = self.names();
        let signature = quote! {
            fn decode(
                __es_raw: &#es_core::record::RawEvent<'_>,
            ) -> #private::Result<#private::Option<#enum_ident>, #es_core::record::DecodeError>
        };
        if !self.sound {
            return quote!(#signature { #private::Ok(#private::Option::None) });
        }
        quote! {
            #signature {
                #(#all_of)*
                let mut __es_name = __es_raw.name;
                loop {
                    return match __es_name {
                        #(#arms)*
                        _ => match #private::renamed_of(__es_name, const { &[#(#wire_names),*] }) {
                            #private::Option::Some(__es_now) => {
                                __es_name = __es_now;
                                continue;
                            }
                            #private::Option::None => #private::Ok(#private::Option::None),
                        },
                    };
                }
            }
        }
    }

    /// By the category of the aggregate, each whose events are taken all.
    fn decode_all_of(&self) -> impl Iterator<Item = TokenStream> {
        let Self { enum_ident, es_core, .. } = self;
        let private = es_core.private();
        self.aggregates().map(move |ListedVariant { path, ident, .. }| {
            let of = respan(quote!(<#path as #es_core::Aggregate>), span(path));
            quote! {
                let __es_decoding = #private::Decoding {
                    names: (#of::NAME, #of::WAS),
                    decode: #of::decode,
                    event_type: #of::event_type,
                };
                match __es_decoding.decode(__es_raw) {
                    #private::Ok(#private::Option::None) => {}
                    #private::Ok(#private::Option::Some(__es_event)) => {
                        return #private::Ok(#private::Option::Some(#enum_ident::#ident(__es_event)));
                    }
                    #private::Err(__es_error) => return #private::Err(__es_error),
                }
            }
        })
    }

    /// The events with their shapes, and how each is read.
    fn shapes(&self) -> TokenStream {
        let es_core = &self.es_core;
        let private = es_core.private();
        let events = self.single().filter(|_| self.sound).map(|ListedVariant { path, .. }| {
            // A type that is not an event keeps its own span everywhere, so that it is reported once.
            respan(
                quote!((<#path as #es_core::Event>::description, #private::read_whole::<#path>)),
                span(path),
            )
        });
        quote! {
            #[inline]
            fn events() -> &'static [#private::ReadEvent] {
                const { &[#(#events),*] }
            }
        }
    }

    /// The names of each event, as code.
    fn names(&self) -> impl Iterator<Item = TokenStream> {
        self.single().map(|event| unique_names::names(&event.path, &self.es_core))
    }
}

/// The longest name, in bytes.
const LONGEST_NAME: usize = 40;

/// Parses a name that can be part of a file name.
pub(crate) fn name(key: &Ident, whose: &str, example: &str, input: ParseStream<'_>) -> Result<LitStr> {
    let name: LitStr = keys::value(key, example, input)?;
    let text = name.value();
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
    if text.len() <= LONGEST_NAME
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(fits)
    {
        return Ok(name);
    }
    let message = format!(
        "`{text}` cannot be the name of {whose}; write 1 to {LONGEST_NAME} lower-case letters, digits, `-` \
         and `_`, starting with a letter"
    );
    Err(Error::new_spanned(&name, message))
}
