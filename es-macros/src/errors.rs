//! Collecting mistakes, so that a user sees all of them in one build.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

/// The mistakes found so far. Every instance must be consumed by [`finish`](Self::finish).
pub(crate) struct Errors {
    found: Vec<Error>,
    finished: bool,
}

impl Errors {
    pub(crate) const fn new() -> Self {
        Self { found: Vec::new(), finished: false }
    }

    /// Reports a mistake under all of `tokens`.
    pub(crate) fn spanned(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&mut self, error: Error) {
        self.found.push(error);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The value, or `None` and one more mistake.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// All mistakes, as code that makes the compiler report them; empty if there are none.
    pub(crate) fn finish(mut self) -> TokenStream {
        self.finished = true;
        self.found.iter().map(Error::to_compile_error).collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        assert!(self.finished || std::thread::panicking(), "mistakes were collected and never reported");
    }
}
