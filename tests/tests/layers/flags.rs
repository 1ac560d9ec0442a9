//! Boolean parameters: `true` in a call tells a reader nothing, while a variant of an enum has a name.

use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::source::Files;

/// Functions with a boolean parameter. Builders may have one, as their name describes it; and methods of a
/// trait follow its signature.
pub(crate) fn taken(files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files {
        let tokens = TokenStream::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut told = |name: &str, flag: &str| found.push(format!("{path}: `{name}` takes `{flag}: bool`"));
        read(tokens, Within::Anything, &mut told);
    }
    found
}

/// Where functions are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Anything,
    /// The implementation of a trait.
    TraitImpl,
}

fn read(tokens: TokenStream, within: Within, told: &mut dyn FnMut(&str, &str)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut inner = Within::Anything;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "impl" && is_of_trait(&tokens[at..]) => {
                inner = Within::TraitImpl;
            }
            TokenTree::Ident(word) if word == "fn" && within == Within::Anything => {
                if let Some((name, parameters)) = signature(&tokens[at + 1..]) {
                    flags(parameters).iter().for_each(|flag| told(&name, flag));
                }
            }
            TokenTree::Group(group) => {
                read(group.stream(), inner, told);
                if group.delimiter() == Delimiter::Brace {
                    inner = Within::Anything;
                }
            }
            _ => {}
        }
    }
}

/// Whether an `impl` block implements a trait.
fn is_of_trait(tokens: &[TokenTree]) -> bool {
    let head = tokens.iter().position(|token| is_group(token, Delimiter::Brace)).unwrap_or(tokens.len());
    let bound = |at: usize| is_punct(tokens.get(at + 1), '<');
    (0..head).any(|at| matches!(&tokens[at], TokenTree::Ident(word) if word == "for") && !bound(at))
}

/// Name and parameters of a function, after its `fn`. A function pointer has no name.
fn signature(tokens: &[TokenTree]) -> Option<(String, TokenStream)> {
    let TokenTree::Ident(name) = tokens.first()? else { return None };
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '<' => depth += 1,
            TokenTree::Punct(mark) if mark.as_char() == '>' && !is_punct(tokens.get(at - 1), '-') => {
                depth -= 1;
            }
            TokenTree::Group(group) if depth == 0 && group.delimiter() == Delimiter::Parenthesis => {
                return Some((name.to_string(), group.stream()));
            }
            _ => {}
        }
    }
    None
}

/// The boolean parameters; none for a builder.
fn flags(parameters: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = parameters.into_iter().collect();
    let written: Vec<String> = tokens
        .split(|token| is_punct(Some(token), ','))
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    let flags: Vec<String> = written
        .iter()
        .filter_map(|parameter| parameter.strip_suffix(" : bool"))
        .map(|name| name.trim_start_matches("mut ").to_owned())
        .collect();
    match written.as_slice() {
        [receiver, _] if ["self", "mut self"].contains(&receiver.as_str()) => Vec::new(),
        _ => flags,
    }
}

fn is_punct(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(of)) if of.as_char() == mark)
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        taken(&Files::from([("made_up.rs".to_owned(), text.to_owned())]))
    }

    #[test]
    fn a_flag_is_found_in_functions_anywhere() {
        let told = ["made_up.rs: `f` takes `loud: bool`"];
        for text in [
            "fn f(loud: bool) {}",
            "pub(super) async fn f<T: Fn(u8) -> u8>(of: T, mut loud: bool) {}",
            "impl Bell { fn f(&mut self, loud: bool) {} }",
            "trait Bell { fn f(self, loud: bool, times: u8); }",
            "mod a { fn g() { fn f(loud: bool,) {} } }",
            "macro_rules! made { () => { fn f(loud: bool) {} } }",
            "impl Trait for Bell { fn g(self, loud: bool) { fn f(loud: bool) {} } }",
        ] {
            assert_eq!(of(text), told, "{text}");
        }
    }

    #[test]
    fn builders_traits_and_results_are_not_flags() {
        for text in [
            "impl Bell { pub const fn loud(mut self, loud: bool) -> Self { self } }",
            "impl<T> Trait<T> for Bell where for<'a> T: Of<'a> { fn f(&self, loud: bool) {} }",
            "fn f(of: fn(bool) -> bool, with: impl Fn(u8, bool), maybe: Option<bool>) -> bool { true }",
            "struct Bell { loud: bool }",
        ] {
            assert_eq!(of(text), Vec::<String>::new(), "{text}");
        }
    }
}
