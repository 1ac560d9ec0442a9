//! Typos in `#[serde(…)]`.
//!
//! serde's derives report them, but then generate nothing, so that a missing `Serialize` is reported wherever
//! the event is used.

use syn::punctuated::Punctuated;
use syn::{Meta, Token};

use crate::errors::Errors;
use crate::keys;

/// The keys of serde on structs and their fields.
const KNOWN: [&str; 27] = [
    "alias",
    "borrow",
    "bound",
    "content",
    "crate",
    "default",
    "deny_unknown_fields",
    "deserialize_with",
    "expecting",
    "flatten",
    "from",
    "getter",
    "into",
    "remote",
    "rename",
    "rename_all",
    "rename_all_fields",
    "serialize_with",
    "skip",
    "skip_deserializing",
    "skip_serializing",
    "skip_serializing_if",
    "tag",
    "transparent",
    "try_from",
    "untagged",
    "with",
];

/// Reports keys that are nearly one of serde's. Other unknown keys may belong to a newer serde, which knows
/// them.
pub(super) fn has_misspelled_key(meta: &Meta, errors: &mut Errors) -> bool {
    let Meta::List(list) = meta else { return false };
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let Some(metas) = list.path.is_ident("serde").then(|| list.parse_args_with(parser).ok()).flatten() else {
        return false;
    };
    let mut has_misspelled_key = false;
    for path in metas.iter().map(Meta::path) {
        let Some(key) = path.get_ident().map(ToString::to_string) else { continue };
        if !KNOWN.contains(&key.as_str()) && keys::nearest(&key, &KNOWN).is_some() {
            errors.spanned(path, keys::unknown_word("serde has no key", &key, &KNOWN));
            has_misspelled_key = true;
        }
    }
    has_misspelled_key
}
