//! Code as text: for messages, and for fingerprints that are kept for years.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

/// Code as text that does not depend on how compilers print tokens: single spaces only where words would run together.
pub(crate) fn written(code: &impl ToTokens) -> String {
    let mut text = String::new();
    append(code.to_token_stream(), &mut text);
    text
}

fn append(tokens: TokenStream, text: &mut String) {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                append(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => text.push(punct.as_char()),
            word @ (TokenTree::Ident(_) | TokenTree::Literal(_)) => {
                let word = word.to_string();
                if text.ends_with(is_word) && word.starts_with(is_word) {
                    text.push(' ');
                }
                text.push_str(&word);
            }
        }
    }
}
