//! Which other crates have types in public signatures. What is `pub` is public: a lint refuses it elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Fields, ImplItem, Item, ItemImpl, ItemTrait, TraitItem, UseTree, Visibility};

use crate::source::Files;

/// The crates that have a type in a public signature, each with the first file in which it has.
pub(crate) fn crates(files: &Files, dependencies: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| !path.starts_with("private/")) {
        let file = syn::parse_file(text).expect("a file of Rust");
        let mut public = Public { dependencies, imports: BTreeMap::new(), exposed: BTreeSet::new() };
        public.items(&file.items);
        for name in public.exposed {
            found.entry(name).or_insert_with(|| path.clone());
        }
    }
    found
}

/// The names of the dependencies in a manifest, as code writes them.
pub(crate) fn dependencies(manifest: &str) -> BTreeSet<String> {
    let section = manifest.split("\n[dependencies]\n").nth(1).and_then(|rest| rest.split("\n[").next());
    let lines = section.unwrap_or_default().lines();
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next()).filter(|name| !name.is_empty());
    names
        .filter(|name| !name.starts_with("es-") && !name.starts_with('#'))
        .map(|name| name.replace('-', "_"))
        .collect()
}

/// What `docs/dependencies.md` lists: each crate with one that exposes it.
pub(crate) fn documented(page: &str) -> BTreeSet<(String, String)> {
    let mut rows = BTreeSet::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').collect();
        let quoted =
            |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
        let name = quoted(cells[1]).remove(0).replace('-', "_");
        let by = quoted(cells[2]).into_iter().filter(|word| word.starts_with("es-"));
        rows.extend(by.map(|by| (name.clone(), by)));
    }
    rows
}

struct Public<'a> {
    dependencies: &'a BTreeSet<String>,
    /// The names that are imported from dependencies, each with its crate.
    imports: BTreeMap<String, String>,
    exposed: BTreeSet<String>,
}

impl Public<'_> {
    fn items(&mut self, items: &[Item]) {
        for item in items {
            if let Item::Use(item) = item {
                self.import(&item.tree, &[], is_public(&item.vis));
            }
        }
        items.iter().for_each(|item| self.item(item));
    }

    /// `path` is what stands before the tree: the crate, and the modules below it.
    fn import(&mut self, tree: &UseTree, path: &[String], public: bool) {
        match tree {
            UseTree::Name(name) => self.imported(&name.ident.to_string(), None, path, public),
            UseTree::Rename(name) => {
                self.imported(&name.ident.to_string(), Some(name.rename.to_string()), path, public);
            }
            UseTree::Path(tree) => {
                self.import(&tree.tree, &[path, &[tree.ident.to_string()]].concat(), public);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, path, public)),
            UseTree::Glob(_) => {}
        }
    }

    /// `self` is the last module of the path.
    fn imported(&mut self, name: &str, renamed: Option<String>, path: &[String], public: bool) {
        let last = path.last().filter(|_| name == "self");
        let name = last.map_or(name, String::as_str);
        let of = path.first().map_or(name, String::as_str).to_owned();
        if self.dependencies.contains(&of) {
            self.imports.insert(renamed.unwrap_or_else(|| name.to_owned()), of.clone());
            if public {
                self.exposed.insert(of);
            }
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Fn(item) if shown(&item.vis, &item.attrs) => self.tokens(&item.sig),
            Item::Const(item) if shown(&item.vis, &item.attrs) => self.tokens(&item.ty),
            Item::Type(item) if shown(&item.vis, &item.attrs) => self.tokens(&item.ty),
            Item::Struct(item) if shown(&item.vis, &item.attrs) => {
                self.tokens(&item.generics);
                self.fields(&item.fields, is_public);
            }
            Item::Enum(item) if shown(&item.vis, &item.attrs) => {
                item.variants.iter().for_each(|variant| self.fields(&variant.fields, |_| true));
            }
            Item::Trait(item) if shown(&item.vis, &item.attrs) => self.trait_of(item),
            Item::Impl(item) if !is_hidden(&item.attrs) => self.methods(item),
            _ => {}
        }
    }

    fn fields(&mut self, fields: &Fields, counts: impl Fn(&Visibility) -> bool) {
        fields.iter().filter(|field| counts(&field.vis)).for_each(|field| self.tokens(&field.ty));
    }

    fn trait_of(&mut self, item: &ItemTrait) {
        self.tokens(&item.generics);
        self.tokens(&item.supertraits);
        for item in &item.items {
            match item {
                TraitItem::Fn(item) if !is_hidden(&item.attrs) => self.tokens(&item.sig),
                TraitItem::Type(item) if !is_hidden(&item.attrs) => self.tokens(&item.bounds),
                TraitItem::Const(item) if !is_hidden(&item.attrs) => self.tokens(&item.ty),
                _ => {}
            }
        }
    }

    /// The methods of a trait are not `pub` here: they are the trait's.
    fn methods(&mut self, item: &ItemImpl) {
        for item in &item.items {
            match item {
                ImplItem::Fn(item) if shown(&item.vis, &item.attrs) => self.tokens(&item.sig),
                ImplItem::Const(item) if shown(&item.vis, &item.attrs) => self.tokens(&item.ty),
                _ => {}
            }
        }
    }

    fn tokens(&mut self, part: &impl ToTokens) {
        self.names(part.to_token_stream());
    }

    /// Names that begin a path: those that do not follow a `::`. That of a crate is followed by one.
    fn names(&mut self, tokens: TokenStream) {
        let (mut colons, mut tokens) = (0, tokens.into_iter().peekable());
        while let Some(token) = tokens.next() {
            match &token {
                TokenTree::Ident(ident) if colons < 2 => {
                    let name = ident.to_string();
                    let is_path = matches!(
                        tokens.peek(),
                        Some(TokenTree::Punct(next)) if next.as_char() == ':' && next.spacing() == Spacing::Joint
                    );
                    if let Some(of) = self.imports.get(&name) {
                        self.exposed.insert(of.clone());
                    } else if is_path && self.dependencies.contains(&name) {
                        self.exposed.insert(name);
                    }
                }
                TokenTree::Group(group) => self.names(group.stream()),
                _ => {}
            }
            let is_colon = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':');
            colons = if is_colon { colons + 1 } else { 0 };
        }
    }
}

fn shown(vis: &Visibility, attributes: &[Attribute]) -> bool {
    is_public(vis) && !is_hidden(attributes)
}

fn is_public(vis: &Visibility) -> bool {
    matches!(vis, Visibility::Public(_))
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.to_token_stream().to_string();
        attribute.path().is_ident("doc") && text.contains("hidden") && !text.contains('=')
            || attribute.path().is_ident("cfg") && text.contains("test")
    })
}
