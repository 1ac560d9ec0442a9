//! A store of es-postgres implements every method of the contract: no method is left to its default, which
//! works for any store, but is slower or does less than this one can.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, Ident, ImplItem, Item, Token, TraitItem, Type, parse_file};

/// The methods of each trait of the contract.
type Traits = BTreeMap<String, BTreeSet<String>>;

/// `Trait<…> to |this| …, except …`, the arguments of `forward_event_store!`.
struct Forward {
    except: BTreeSet<String>,
}

impl Parse for Forward {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let _of: Type = input.parse()?;
        let _to: Ident = input.parse()?;
        let (_, _this, _) =
            (input.parse::<Token![|]>()?, input.parse::<Ident>()?, input.parse::<Token![|]>()?);
        let _inner: Expr = input.parse()?;
        let mut except = BTreeSet::new();
        if input.parse::<Option<Token![,]>>()?.is_some() && input.parse::<Option<Ident>>()?.is_some() {
            let names = input.parse_terminated(Ident::parse, Token![,])?;
            except.extend(names.iter().map(Ident::to_string));
        }
        Ok(Self { except })
    }
}

fn sources(folder: &str) -> Vec<syn::File> {
    let mut folders: Vec<PathBuf> = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder is read") {
            let path = entry.expect("an entry is read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|of| of == "rs") {
                let text = fs::read_to_string(&path).expect("a file is read");
                found.push(parse_file(&text).expect("Rust"));
            }
        }
    }
    found
}

fn traits() -> Traits {
    let mut traits = Traits::new();
    for item in sources("es-core/src/store").into_iter().flat_map(|file| file.items) {
        let Item::Trait(item) = item else { continue };
        let methods = item.items.iter().filter_map(|item| match item {
            TraitItem::Fn(method) => Some(method.sig.ident.to_string()),
            _ => None,
        });
        traits.insert(item.ident.to_string(), methods.collect());
    }
    traits
}

/// The name that a path ends with.
fn last(path: &syn::Path) -> String {
    path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// The methods that are left to the defaults of a trait.
fn left_out(item: &syn::ItemImpl, methods: &BTreeSet<String>) -> BTreeSet<String> {
    let mut left = methods.clone();
    for item in &item.items {
        match item {
            ImplItem::Fn(method) => {
                left.remove(&method.sig.ident.to_string());
            }
            ImplItem::Macro(call) if last(&call.mac.path) == "forward_event_store" => {
                let Forward { except } =
                    Forward::parse.parse2(call.mac.tokens.clone()).expect("what the macro takes");
                // Ways to append and to read that call a wrapper's own method.
                for (of, by) in [("append", "submit"), ("read_all", "follow")] {
                    if except.contains(of) {
                        left.remove(by);
                    }
                }
                left.retain(|method| except.contains(method));
            }
            _ => {}
        }
    }
    left
}

#[test]
fn no_store_leaves_a_method_to_its_default() {
    let traits = traits();
    assert!(traits.len() >= 8 && traits["EventStore"].contains("submit"), "{traits:?}");
    let mut implemented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in sources("es-postgres/src").into_iter().flat_map(|file| file.items) {
        let Item::Impl(item) = item else { continue };
        let (Some((of, _)), Type::Path(store)) = (&item.trait_, &*item.self_ty) else { continue };
        let (of, store) = (last(of), last(&store.path));
        if let Some(methods) = traits.get(&of) {
            assert_eq!(left_out(&item, methods), BTreeSet::new(), "{of} for {store}");
            implemented.entry(store).or_default().insert(of);
        }
    }
    let mut all: BTreeSet<String> = traits.into_keys().collect();
    assert_eq!(implemented.get("PostgresStore"), Some(&all));
    // Copied events would be missing from the model.
    all.remove("ImportStore");
    assert_eq!(implemented.get("Inline"), Some(&all));
}

#[test]
fn an_omitted_method_is_found() {
    let methods = ["append", "load", "submit"].map(str::to_owned).into();
    let left =
        |code: &str| left_out(&syn::parse_str(code).expect("Rust"), &methods).into_iter().collect::<Vec<_>>();
    assert_eq!(left("impl EventStore for A { async fn append(&self) {} }"), ["load", "submit"]);
    let forwards = |rest: &str| {
        format!("impl EventStore for A {{ forward_event_store!(EventStore to |a| &a.0{rest}); }}")
    };
    assert_eq!(left(&forwards("")), [""; 0]);
    assert_eq!(left(&forwards(", except load, append")), ["append", "load"]);
    let own = "impl EventStore for A { forward_event_store!(EventStore to |a| &a.0, except append); fn append() {} }";
    assert_eq!(left(own), [""; 0]);
}
