//! Code in messages.

use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::LitStr;

/// Code between blank lines; consecutive blocks are joined.
pub(crate) fn blocks(finding: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut goes_on = false;
    for part in finding.split("\n\n") {
        let is_code = ["#[", "impl ", "pub "].iter().any(|start| part.starts_with(start));
        match blocks.last_mut() {
            Some(last) if is_code && goes_on => *last = format!("{last}\n\n{part}"),
            _ if is_code => blocks.push(part.to_owned()),
            _ => {}
        }
        goes_on = is_code;
    }
    blocks
}

/// Code in backticks that should be written: attributes, keys with a value, macro calls.
pub(crate) fn inline(finding: &str) -> Vec<String> {
    let text = finding.split("\n\n").filter(|part| blocks(part).is_empty()).collect::<Vec<_>>().join("\n");
    text.split('`').skip(1).step_by(2).filter(|code| is_proposal(code)).map(ToOwned::to_owned).collect()
}

fn is_proposal(code: &str) -> bool {
    let starts = ["#[", "was(", "previous = ", "added(", "retired(", "events(", "lock_test!("];
    starts.iter().any(|start| code.starts_with(start))
}

/// Only names a key or an attribute, without saying that it should be written.
pub(crate) fn is_general(code: &str) -> bool {
    let general = [
        "events(…)",
        "retired(…)",
        "was(…)",
        "#[event(…)]",
        "#[aggregate(…)]",
        "#[serde(default)]",
        "#[serde(skip)]",
        "#[default]",
    ];
    general.contains(&code)
}

/// Whether a source contains code, where `…` matches anything.
pub(crate) fn holds(source: &str, code: &str) -> bool {
    let letters = |text: &str| {
        let letters = text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        letters.replace(",)", ")")
    };
    let parts: Vec<String> = code.split('…').map(letters).collect();
    has_in_order(&letters(source), &parts)
}

fn has_in_order(mut text: &str, parts: &[String]) -> bool {
    parts.iter().all(|part| {
        let Some(at) = text.find(part.as_str()) else { return false };
        text = &text[at + part.len()..];
        true
    })
}

/// A proposal in the sources of the lock, with placeholders.
pub(crate) struct Template {
    pub(crate) text: String,
    parts: Vec<String>,
}

impl Template {
    pub(crate) fn is_in(&self, text: &str) -> bool {
        has_in_order(text, &self.parts)
    }
}

/// All proposals in the sources of the lock.
pub(crate) fn templates() -> Vec<Template> {
    let mut literals = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../es-core/src/lock"), &mut literals);
    let mut found: Vec<String> = Vec::new();
    for literal in literals {
        let blocks = blocks(&literal).into_iter().flat_map(|block| {
            block.lines().filter(|line| line.starts_with("#[")).map(ToOwned::to_owned).collect::<Vec<_>>()
        });
        found.extend(blocks.chain(inline(&literal)).filter(|code| !is_general(code)));
    }
    found.sort();
    found.dedup();
    assert!(found.len() >= 10, "{found:?}");
    found.into_iter().map(|text| Template { parts: holes(&text), text }).collect()
}

/// The fixed parts of a format string.
fn holes(text: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '{' | '}' if letters.peek() == Some(&letter) => {
                letters.next();
                parts.last_mut().expect("a part").push(letter);
            }
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                parts.push(String::new());
            }
            _ if depth > 0 => {}
            _ => parts.last_mut().expect("a part").push(letter),
        }
    }
    parts
}

fn collect(folder: &Path, literals: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder is read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, literals);
        } else {
            let text = fs::read_to_string(&path).expect("a source is read");
            let mut file = syn::parse_file(&text).expect("a source");
            file.items.retain(|item| !matches!(item, syn::Item::Mod(module) if module.ident == "tests"));
            for item in file.items {
                in_tokens(quote::ToTokens::to_token_stream(&item), literals);
            }
        }
    }
}

/// Strings outside of doc comments.
fn in_tokens(tokens: TokenStream, literals: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let is_doc = group.delimiter() == Delimiter::Bracket
                    && group.stream().to_string().starts_with("doc =");
                if !is_doc {
                    in_tokens(group.stream(), literals);
                }
            }
            TokenTree::Literal(literal) => {
                literals.extend(syn::parse_str::<LitStr>(&literal.to_string()).ok().map(|text| text.value()));
            }
            _ => {}
        }
    }
}
