//! Names in the tokens of an item, including bodies of macros.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Item, ItemUse};

use crate::source::{self, Import};

/// Names joined by `::`, or one name that is not that of a field, method or parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention(pub(crate) Vec<String>);

/// The names that an item adds to its module.
pub(crate) fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(of) => &of.ident,
        Item::Enum(of) => &of.ident,
        Item::Fn(of) => &of.sig.ident,
        Item::Macro(of) => of.ident.as_ref()?,
        Item::Static(of) => &of.ident,
        Item::Struct(of) => &of.ident,
        Item::Trait(of) => &of.ident,
        Item::TraitAlias(of) => &of.ident,
        Item::Type(of) => &of.ident,
        Item::Union(of) => &of.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// What the tokens mention, and the imports in function bodies.
pub(crate) fn mentions(tokens: TokenStream) -> (Vec<Mention>, Vec<Import>) {
    let (mut mentions, mut imports) = (Vec::new(), Vec::new());
    read(tokens, &mut mentions, &mut imports);
    (mentions, imports)
}

fn read(tokens: TokenStream, mentions: &mut Vec<Mention>, imports: &mut Vec<Import>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) if word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                let end = (at..tokens.len()).find(|&at| is_punct(tokens.get(at), ';')).unwrap_or(at);
                let statement: TokenStream = tokens[at..=end].iter().cloned().collect();
                if let Ok(item) = syn::parse2::<ItemUse>(statement)
                    && item.leading_colon.is_none()
                {
                    source::read_use(&item.tree, &mut Vec::new(), false, imports);
                }
                at = end;
            }
            // `pub(in crate::store)` uses nothing of the path in it.
            TokenTree::Ident(word) if word == "pub" && is_group(tokens.get(at + 1)) => at += 1,
            TokenTree::Ident(_) => {
                let (mut path, end) = path(&tokens, at);
                let before = at.checked_sub(1).map(|at| &tokens[at]);
                let external = is_punct(before, ':') && at > 1 && is_punct(tokens.get(at - 2), ':');
                if is_punct(before, '$') {
                    path[0].insert(0, '$');
                }
                let of_another = is_punct(before, '.') || is_punct(before, '\'') || external;
                let declared = matches!(before, Some(TokenTree::Ident(word)) if word == "fn");
                if !of_another && !declared && (path.len() > 1 || stands_for_an_item(&path[0], &tokens, end))
                {
                    mentions.push(Mention(path));
                }
                at = end;
            }
            TokenTree::Group(group) => read(group.stream(), mentions, imports),
            _ => {}
        }
        at += 1;
    }
}

/// The path that begins here, and the index of its last name.
fn path(tokens: &[TokenTree], begin: usize) -> (Vec<String>, usize) {
    let (mut path, mut at) = (vec![tokens[begin].to_string()], begin);
    while is_punct(tokens.get(at + 1), ':')
        && is_punct(tokens.get(at + 2), ':')
        && let Some(TokenTree::Ident(next)) = tokens.get(at + 3)
    {
        path.push(next.to_string());
        at += 3;
    }
    (path, at)
}

/// A single name is an item's if it is called or begins with a capital; otherwise it may be a variable's.
fn stands_for_an_item(name: &str, tokens: &[TokenTree], at: usize) -> bool {
    let called = match tokens.get(at + 1) {
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
        next => is_punct(next, '!') || (is_punct(next, ':') && is_punct(tokens.get(at + 2), ':')),
    };
    called || name.starts_with(char::is_uppercase)
}

fn is_punct(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(of)) if of.as_char() == mark)
}

fn is_group(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(of)) if of.delimiter() == Delimiter::Parenthesis)
}
