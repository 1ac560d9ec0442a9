//! The modules of a crate, and which names each one defines, imports and uses.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use quote::ToTokens;
use syn::{Attribute, Item, UseTree, Visibility};

use crate::tokens::{self, Mention};

/// The files of a crate below its `src`, by their paths.
pub(crate) type Files = BTreeMap<String, String>;

/// A module: a file, or a block in braces in one.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) file: String,
    /// The names that items of this module define, and the modules below it.
    pub(crate) defined: Vec<String>,
    pub(crate) imports: Vec<Import>,
    pub(crate) mentions: Vec<Mention>,
}

/// One name that a `use` brings in; `*` for all of them.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) path: Vec<String>,
    pub(crate) name: String,
    /// Whether others may import the name from here.
    pub(crate) reexport: bool,
}

/// Modules by their paths; the root's is empty.
pub(crate) type Modules = BTreeMap<Vec<String>, Module>;

/// The files of the workspace below `folder`.
pub(crate) fn files(folder: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let (mut found, mut folders) = (Files::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder is read") {
            let path = entry.expect("an entry is read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|of| of == "rs") {
                let within = path.strip_prefix(&root).expect("it is in the crate").display().to_string();
                found.insert(within.replace('\\', "/"), fs::read_to_string(&path).expect("a file is read"));
            }
        }
    }
    found
}

/// The modules that `lib.rs` includes.
pub(crate) fn modules(files: &Files) -> Modules {
    let mut modules = Modules::new();
    read_file(files, &mut modules, Vec::new(), "lib.rs", "");
    modules
}

/// `folder` is the folder of its modules' files, with a slash at its end.
fn read_file(files: &Files, modules: &mut Modules, path: Vec<String>, file: &str, folder: &str) {
    let text = files.get(file).unwrap_or_else(|| panic!("{file} is in the crate"));
    let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    read_items(files, modules, path, file, folder, parsed.items);
}

fn read_items(
    files: &Files,
    modules: &mut Modules,
    path: Vec<String>,
    file: &str,
    folder: &str,
    items: Vec<Item>,
) {
    let mut module = Module { file: String::from(file), ..Module::default() };
    for item in items {
        if only_for_tests(&item) {
            continue;
        }
        match item {
            Item::Mod(inner) => {
                let name = inner.ident.to_string();
                module.defined.push(name.clone());
                let below = [path.as_slice(), std::slice::from_ref(&name)].concat();
                match inner.content {
                    Some((_, items)) => {
                        read_items(files, modules, below, file, &format!("{folder}{name}/"), items);
                    }
                    None => {
                        let (file, folder) = file_of(files, folder, &name, &inner.attrs);
                        read_file(files, modules, below, &file, &folder);
                    }
                }
            }
            Item::Use(item) => {
                let reexport = !matches!(item.vis, Visibility::Inherited);
                if item.leading_colon.is_none() {
                    read_use(&item.tree, &mut Vec::new(), reexport, &mut module.imports);
                }
            }
            item => {
                module.defined.extend(tokens::defined(&item));
                let (mentions, imports) = tokens::mentions(item.to_token_stream());
                module.mentions.extend(mentions);
                module.imports.extend(imports);
            }
        }
    }
    modules.insert(path, module);
}

/// The file of a module that is declared in `folder`, and the folder of its own modules.
fn file_of(files: &Files, folder: &str, name: &str, attributes: &[Attribute]) -> (String, String) {
    let name = name.trim_start_matches("r#");
    let named = attributes.iter().filter(|of| of.path().is_ident("path")).find_map(|of| {
        let value = &of.meta.require_name_value().ok()?.value;
        let text = value.to_token_stream().to_string();
        Some(format!("{folder}{}", text.trim_matches('"')))
    });
    let below = format!("{folder}{name}/");
    let in_folder = format!("{below}mod.rs");
    match named {
        Some(file) if file.ends_with("mod.rs") => {
            let folder = file.trim_end_matches("mod.rs").to_owned();
            (file, folder)
        }
        Some(file) => (file, String::from(folder)),
        None if files.contains_key(&in_folder) => (in_folder, below),
        None => (format!("{folder}{name}.rs"), below),
    }
}

pub(crate) fn read_use(tree: &UseTree, before: &mut Vec<String>, reexport: bool, imports: &mut Vec<Import>) {
    let mut leaf = |path: Vec<String>, name: String| imports.push(Import { path, name, reexport });
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            read_use(&path.tree, before, reexport, imports);
            before.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                read_use(tree, before, reexport, imports);
            }
        }
        // `a::{self}` is `a`.
        UseTree::Name(name) if name.ident == "self" => {
            leaf(before.clone(), before.last().cloned().unwrap_or_default());
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            leaf([before.as_slice(), std::slice::from_ref(&name)].concat(), name);
        }
        UseTree::Rename(rename) => {
            let mut path = before.clone();
            if rename.ident != "self" {
                path.push(rename.ident.to_string());
            }
            leaf(path, rename.rename.to_string());
        }
        UseTree::Glob(_) => leaf(before.clone(), String::from("*")),
    }
}

fn only_for_tests(item: &Item) -> bool {
    let attributes = match item {
        Item::Mod(of) => &of.attrs,
        Item::Use(of) => &of.attrs,
        Item::Fn(of) => &of.attrs,
        Item::Impl(of) => &of.attrs,
        _ => return false,
    };
    let test = |of: &&Attribute| of.to_token_stream().to_string().replace(' ', "") == "#[cfg(test)]";
    attributes.iter().any(|of| test(&of))
}
