//! Aggregates in the sources of a crate, to report those that the lock test does not name.
//!
//! This reads text and not what the compiler sees: `#[aggregate(name = "…")]` outside of comments, strings
//! and code that is compiled for tests only. A name that a macro generates is not found.

mod tokens;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::code::Code;
use super::findings::Finding;
use tokens::Token;

/// A folder of sources, and the aggregates in it that are left out knowingly.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) folder: PathBuf,
    pub(super) left_out: Vec<String>,
}

impl Sources {
    /// The aggregates that are neither named nor left out.
    pub(super) fn missing(&self, code: &Code) -> Vec<Finding> {
        let found = match aggregates(&self.folder) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                let folder = self.folder.display();
                return vec![Finding::new(format!("{folder} cannot be searched for aggregates: {error}"))];
            }
        };
        let is_missing = |found: &&FoundAggregate| {
            !code.aggregates.contains_key(found.name.as_str()) && !self.left_out.contains(&found.name)
        };
        found
            .iter()
            .filter(is_missing)
            .map(|FoundAggregate { name, struct_name, file, line }| {
                let struct_name = struct_name.as_deref().unwrap_or("…");
                let others = if code.aggregates.is_empty() { ";" } else { "," };
                Finding::new(format!(
                    "aggregate `{name}` is not in the lock test: {} line {line}\n\
                     Nothing locks what its events mean. Add it: `lock_test!({struct_name}{others} …)`.\n\
                     If none of its events are stored, leave it out knowingly: `lock_test!(…; without: \
                     {name:?})`.",
                    file.display(),
                ))
            })
            .collect()
    }
}

/// An aggregate in a source file.
#[derive(Debug, PartialEq, Eq)]
struct FoundAggregate {
    name: String,
    /// The struct, where it stands below the attribute.
    struct_name: Option<String>,
    file: PathBuf,
    line: usize,
}

/// All aggregates in the Rust files of a folder.
fn aggregates(folder: &Path) -> io::Result<Vec<FoundAggregate>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let (mut found, mut only_for_tests) = (Vec::new(), BTreeSet::new());
    for file in files {
        let text = fs::read_to_string(&file)?;
        let scanned = scan(&text);
        if scanned.is_only_for_tests {
            only_for_tests.extend(of_module(&file));
        }
        let modules = folder_of_modules(&file);
        for module in scanned.test_modules {
            only_for_tests.insert(modules.join(&module));
            only_for_tests.insert(modules.join(format!("{module}.rs")));
        }
        found.extend(scanned.aggregates.into_iter().map(|(name, struct_name, line)| FoundAggregate {
            name,
            struct_name,
            file: file.clone(),
            line,
        }));
    }
    found.retain(|found| !only_for_tests.iter().any(|module| found.file.starts_with(module)));
    Ok(found)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Where the modules of a file are.
fn folder_of_modules(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new(""));
    match file.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod" | "lib" | "main") | None => folder.to_owned(),
        Some(stem) => folder.join(stem),
    }
}

/// A file, and the folder of its modules if that is its own.
fn of_module(file: &Path) -> Vec<PathBuf> {
    let folder = folder_of_modules(file);
    let is_root = file.file_name().is_some_and(|name| name == "lib.rs" || name == "main.rs");
    if is_root { vec![file.to_owned()] } else { vec![file.to_owned(), folder] }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Scanned {
    /// Names, each with its struct and its line.
    aggregates: Vec<(String, Option<String>, usize)>,
    /// Modules in files of their own that are compiled for tests only.
    test_modules: Vec<String>,
    /// Whether the whole file is.
    is_only_for_tests: bool,
}

fn scan(text: &str) -> Scanned {
    let tokens = tokens::of(text);
    let mut scanned = Scanned::default();
    let mut at = 0;
    while at < tokens.len() {
        let is_inner = matches!(tokens.get(at + 1), Some((Token::Sign('!'), _)));
        let open = at + 1 + usize::from(is_inner);
        let is_attribute = matches!(tokens[at].0, Token::Sign('#'))
            && matches!(tokens.get(open), Some((Token::Sign('['), _)));
        if !is_attribute {
            at += 1;
            continue;
        }
        let end = group(&tokens, open);
        let attribute = &tokens[open + 1..end.max(open + 1) - 1];
        at = end;
        if is_of_tests(attribute) {
            if is_inner {
                scanned.is_only_for_tests = true;
            } else {
                at = item(&tokens, at, &mut scanned.test_modules);
            }
        } else if let Some(name) = aggregate(attribute) {
            let line = tokens[open].1;
            scanned.aggregates.push((name, struct_name(&tokens[at..]), line));
        }
    }
    scanned
}

/// The token after a group that opens here.
fn group(tokens: &[(Token<'_>, usize)], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, (token, _)) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// `cfg(test)`, and `cfg(all(test, …))`.
fn is_of_tests(attribute: &[(Token<'_>, usize)]) -> bool {
    let words: Vec<&Token<'_>> = attribute.iter().map(|(token, _)| token).collect();
    match &words[..] {
        [Token::Word("cfg"), Token::Sign('('), Token::Word("test"), ..] => true,
        [Token::Word("cfg"), Token::Sign('('), Token::Word("all"), Token::Sign('('), rest @ ..] => {
            let negated = rest.iter().any(|token| matches!(token, Token::Word("not" | "any")));
            !negated && rest.iter().any(|token| matches!(token, Token::Word("test")))
        }
        _ => false,
    }
}

/// Passes over the item that begins here, with its attributes. Remembers a module that is in a file of its
/// own.
fn item(tokens: &[(Token<'_>, usize)], mut at: usize, modules: &mut Vec<String>) -> usize {
    let mut name = None;
    while let Some((token, _)) = tokens.get(at) {
        match token {
            Token::Sign(';') => {
                modules.extend(name);
                return at + 1;
            }
            Token::Sign('{') => return group(tokens, at),
            Token::Sign('(' | '[') => {
                at = group(tokens, at);
                continue;
            }
            Token::Word("mod") => {
                if let Some((Token::Word(word), _)) = tokens.get(at + 1) {
                    name = Some((*word).to_owned());
                }
            }
            _ => {}
        }
        at += 1;
    }
    at
}

/// The name in `aggregate(name = "…", …)`.
fn aggregate(attribute: &[(Token<'_>, usize)]) -> Option<String> {
    let path = attribute.iter().position(|(token, _)| matches!(token, Token::Sign('(')))?;
    if !matches!(attribute.get(path.checked_sub(1)?), Some((Token::Word("aggregate"), _))) {
        return None;
    }
    let mut at = path + 1;
    while at + 2 < attribute.len() {
        match [&attribute[at].0, &attribute[at + 1].0, &attribute[at + 2].0] {
            [Token::Word("name"), Token::Sign('='), Token::Text(name)] => return Some((*name).to_owned()),
            [Token::Sign('(' | '[' | '{'), ..] => at = group(attribute, at),
            _ => at += 1,
        }
    }
    None
}

fn struct_name(tokens: &[(Token<'_>, usize)]) -> Option<String> {
    let at = tokens.iter().position(|(token, _)| matches!(token, Token::Word("struct" | "enum")))?;
    match tokens.get(at + 1) {
        Some((Token::Word(name), _)) => Some((*name).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        scan(text).aggregates.into_iter().map(|(name, ..)| name).collect()
    }

    #[test]
    fn an_aggregate_is_found_with_its_struct_and_its_line() {
        let text = "/// An account.\n#[derive(Aggregate, Default)]\n#[aggregate(\n    name = \
                    \"account\",\n    id = Uuid,\n)]\npub struct Account;";
        assert_eq!(scan(text).aggregates, [("account".to_owned(), Some("Account".to_owned()), 3)]);
        assert_eq!(names("#[es_core::aggregate(events(A), name = \"b\")] struct B;"), ["b"]);
        assert_eq!(names("#[aggregate(was(name = \"no\"), name = r#\"raw\"#)] struct B;"), ["raw"]);
    }

    #[test]
    fn comments_strings_and_tests_hold_none() {
        let attribute = "#[aggregate(name = \"x\")] struct X;";
        for text in [
            format!("// {attribute}"),
            format!("/* /* */ {attribute} */"),
            format!("/// {attribute}\nfn f() {{}}"),
            format!("const TEXT: &str = r##\"{attribute} \"# \"##;"),
            "const TEXT: &str = \"#[aggregate(name = \\\"x\\\")]\";".to_owned(),
            format!("#[cfg(test)] mod tests {{ {attribute} }}"),
            format!("#[cfg(test)] {attribute}"),
            format!("#[cfg(test)] #[derive(Default)] {attribute}"),
            format!("#[cfg(all(test, unix))] mod tests {{ fn f() {{ }} {attribute} }}"),
            "#[aggregate(name = NAME)] struct X;".to_owned(),
        ] {
            assert_eq!(names(&text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_stands_after_them_is_found() {
        let attribute = "#[aggregate(name = \"x\")] struct X;";
        for text in [
            format!("const QUOTE: char = '\"'; {attribute}"),
            format!("fn f<'a>(x: &'a str) -> char {{ '\\'' }} {attribute}"),
            format!("const TEXT: &[u8] = b\"\\\\\"; {attribute}"),
            format!("#[cfg(test)] mod tests {{ const TEXT: &str = \"}}\"; }} {attribute}"),
            format!("#[cfg(test)] mod tests; {attribute}"),
            format!("#[cfg(not(test))] {attribute}"),
            format!("#[cfg(all(not(test), unix))] {attribute}"),
            format!("#[cfg(test)] use a::{{b, c}}; {attribute}"),
        ] {
            assert_eq!(names(&text), ["x"], "{text}");
        }
        assert_eq!(scan("#[cfg(test)] mod inner;").test_modules, ["inner"]);
        assert!(scan("#![cfg(test)]\n#[aggregate(name = \"x\")] struct X;").is_only_for_tests);
    }
}
