//! What another derive on the same type needs from the keys.

use proc_macro2::Ident;
use quote::format_ident;
use syn::DeriveInput;
use syn::ext::IdentExt as _;

use super::attr;
use crate::errors::Errors;

/// What another derive on the same type needs from the keys.
pub(crate) struct AggregateNames {
    pub(crate) name: String,
    pub(crate) enum_ident: Ident,
}

/// The valid keys. This derive reports errors in all other keys.
pub(crate) fn names_of(input: &DeriveInput) -> AggregateNames {
    let mut errors = Errors::new();
    let keys = attr::parse(&input.attrs, &mut errors);
    errors.finish();
    let ident = &input.ident;
    let named = || format_ident!("{}Event", ident.unraw(), span = ident.span());
    AggregateNames {
        name: keys.name.map_or_else(|| "unnamed".to_owned(), |name| name.value()),
        enum_ident: keys.enum_ident.unwrap_or_else(named),
    }
}
