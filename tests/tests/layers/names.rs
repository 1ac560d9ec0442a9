//! Types of one name: in a search, in a message or in a stack trace, a name stands for one type of its crate.

use std::collections::BTreeMap;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::source::Files;

/// The names of types that are declared more than once in a crate, private ones and those of tests included,
/// each with its places. What a macro expands to does not count.
pub(crate) fn shared(files: &Files) -> BTreeMap<String, Vec<String>> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in files {
        let tokens = TokenStream::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut declared = Vec::new();
        read(tokens, Within::Module, &mut declared);
        for (at, declaration) in declared.iter().enumerate() {
            let earlier = declared[..at].iter().filter(|of| *of == declaration).count();
            let place = format!("{path}:{}", line(text, declaration, earlier));
            let (_, name) = declaration;
            places.entry(name.clone()).or_default().push(place);
        }
    }
    places.retain(|_, places| places.len() > 1);
    places
}

/// Where declarations are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// A module, or the body of a function.
    Module,
    /// A trait or an implementation, whose associated types have names of their own.
    Block,
}

/// A keyword, and the name after it.
type Declaration = (String, String);

fn read(tokens: TokenStream, within: Within, declared: &mut Vec<Declaration>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut inner = Within::Module;
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) => {
                let word = word.to_string();
                let is_type = match word.as_str() {
                    "struct" | "enum" | "trait" => true,
                    "type" => within == Within::Module,
                    _ => false,
                };
                if matches!(word.as_str(), "impl" | "trait") {
                    inner = Within::Block;
                }
                if let (true, Some(TokenTree::Ident(name))) = (is_type, tokens.get(at + 1)) {
                    declared.push((word, name.to_string()));
                }
            }
            // The arguments of a macro, or its rules after its name.
            TokenTree::Punct(mark) if mark.as_char() == '!' => {
                let names_rules = matches!(tokens.get(at + 1), Some(TokenTree::Ident(_)));
                at += if names_rules && is_group(tokens.get(at + 2)) { 2 } else { 1 };
            }
            TokenTree::Punct(mark) if mark.as_char() == ';' => inner = Within::Module,
            TokenTree::Group(group) => {
                read(group.stream(), inner, declared);
                if group.delimiter() == Delimiter::Brace {
                    inner = Within::Module;
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn is_group(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(_)))
}

/// The line of a declaration, after some earlier ones of the same name.
fn line(text: &str, (keyword, name): &Declaration, earlier: usize) -> usize {
    let begins = format!("{keyword} {name}");
    let continues = |rest: &str| rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    let declares = |line: &&str| {
        let code = !line.trim_start().starts_with("//");
        code && line.split_once(&begins).is_some_and(|(_, rest)| !continues(rest))
    };
    let mut lines = text.lines().enumerate().filter(|(_, line)| declares(line));
    lines.nth(earlier).map_or(0, |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        shared(&files).iter().map(|(name, places)| format!("{name}: {}", places.join(", "))).collect()
    }

    #[test]
    fn types_of_one_name_are_reported_with_their_places() {
        let a = "//! A struct Keys.\n\nstruct Keys;\nstruct KeysOf;\n";
        for b in [
            "pub(crate) struct Keys<T>(T);",
            "#[cfg(test)] mod tests { enum Keys {} }",
            "fn f() -> impl Fn() { struct Keys; || {} }",
            "impl A for B { fn f() { type Keys = u8; } }",
            "trait Keys { type Of; }",
            "mod c { type Keys = u8; }",
        ] {
            assert_eq!(of(&[("a.rs", a), ("b.rs", b)]), ["Keys: a.rs:3, b.rs:1"], "{b}");
        }
        let both = "mod c {\n    struct Keys;\n}\nmod d {\n    struct Keys;\n}\n";
        assert_eq!(of(&[("a.rs", both)]), ["Keys: a.rs:2, a.rs:5"]);
    }

    #[test]
    fn associated_types_macros_and_uses_are_no_declarations() {
        let a = "struct Keys; impl Of for Keys { type Of = u8; } impl Of for u8 { type Of = Keys; }";
        for b in [
            "use a::Keys; trait Of { type Keys; } fn f(keys: Keys) {}",
            "fn f() { quote!(struct Keys;); }",
            "macro_rules! made { () => { struct Keys; } }",
            "fn f() { let text = \"struct Keys;\"; }",
        ] {
            assert_eq!(of(&[("a.rs", a), ("b.rs", b)]), Vec::<String>::new(), "{b}");
        }
    }
}
