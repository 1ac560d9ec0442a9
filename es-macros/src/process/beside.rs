//! What a process reads besides its own events, for the lock.

use proc_macro2::TokenStream;
use quote::quote;
use syn::TypePath;

use super::attr::ProcessKeys;
use crate::paths::{CratePath, respan, span};

/// The payloads that a process reads besides its own events: inputs, timers, commands.
pub(crate) fn beside(keys: &ProcessKeys, es_core: &CratePath) -> TokenStream {
    let private = es_core.private();
    let one = |path: &TypePath| {
        respan(quote!((<#path as #es_core::Event>::description, #private::read_whole::<#path>)), span(path))
    };
    let listed = keys.on.iter().chain(&keys.timers).map(|listed| one(&listed.path));
    let commands = keys.sends.iter().map(|send| one(&send.command));
    let all = listed.chain(commands);
    quote!(#(#all),*)
}
