//! The macros of es-core: `#[event]`, `#[derive(Aggregate)]`, `#[derive(StreamKey)]`.
//!
//! Use them through es-core, which re-exports them. Each goes the same way: parse, check, expand. Mistakes come out of the
//! first two, all of them in one build; the third always yields code, so that a mistake in an attribute is reported once
//! and not again wherever the type is used.

mod aggregate;
mod errors;
mod event;
mod keys;
mod paths;
mod stream_key;

use proc_macro::TokenStream;

/// Makes a struct an event.
#[proc_macro_attribute]
pub fn event(attribute: TokenStream, item: TokenStream) -> TokenStream {
    event::event(attribute.into(), &item.into()).into()
}

/// Makes a struct or an enum an aggregate.
#[proc_macro_derive(Aggregate, attributes(aggregate))]
pub fn aggregate(item: TokenStream) -> TokenStream {
    aggregate::derive(item.into()).into()
}

/// Makes a newtype the id of an aggregate.
#[proc_macro_derive(StreamKey, attributes(stream_key))]
pub fn stream_key(item: TokenStream) -> TokenStream {
    stream_key::derive(item.into()).into()
}
