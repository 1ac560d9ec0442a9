//! Code as text, for messages and for fingerprints that are stored for years.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

/// Code as text that does not depend on how compilers print tokens: single spaces only where words would
/// otherwise join.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(code: &str) -> String {
        let tokens: TokenStream = code.parse().expect("is code");
        written(&tokens)
    }

    #[test]
    fn whitespace_is_not_part_of_the_text() {
        assert_eq!(text("Option < Vec<\n(u8 , String)> >"), "Option<Vec<(u8,String)>>");
        assert_eq!(text("&'static   mut dyn  Fn ( u8 ) -> r#type"), "&'static mut dyn Fn(u8)->r#type");
        assert_eq!(text("serde( rename = \"a  b\" )"), "serde(rename=\"a  b\")");
        assert_ne!(text("a b"), text("ab"));
    }
}
