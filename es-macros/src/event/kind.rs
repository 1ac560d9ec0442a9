//! What a struct is: an event, or something that a process stores until later.

use proc_macro2::TokenStream;
use quote::quote;

use super::item::Item;
use crate::paths::{CratePath, generated};

/// What is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    /// Stored by a process until it is sent.
    Command,
    /// Stored by a process until it is due.
    Timer,
}

impl Kind {
    /// The attribute's name, for messages.
    pub(super) const fn attribute(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Command => "command",
            Self::Timer => "timer",
        }
    }

    /// The implementation that a command or timer has besides that of an event.
    pub(super) fn mark(self, item: &Item, es_core: &CratePath) -> Option<TokenStream> {
        let ident = &item.ident;
        let of = match self {
            Self::Event => return None,
            Self::Command => quote!(Command),
            Self::Timer => quote!(Timer),
        };
        let allowed = item.allowed();
        let mark = generated(quote! {
            #[automatically_derived]
            #allowed
            impl #es_core::process::#of for #ident {
                const BY_MACRO: #es_core::__private::ByMacro = #es_core::__private::ByMacro;
            }
        });
        Some(mark)
    }
}
