//! Which file defines what a path names, through all re-exports.

use crate::source::{Import, Module, Modules};

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// An item, or something that belongs to one.
    Item {
        /// The module that defines it.
        home: Vec<String>,
        /// The modules whose re-exports led there.
        through: Vec<Vec<String>>,
    },
    Module(Vec<String>),
}

/// What `path` names in module `from`; `None` for a name of another crate or of a function body.
pub(crate) fn resolve(modules: &Modules, from: &[String], path: &[String]) -> Option<Found> {
    walk(modules, from, path, 0)
}

fn walk(modules: &Modules, from: &[String], path: &[String], depth: usize) -> Option<Found> {
    // Names that are imported in a ring lead nowhere.
    if depth > 32 {
        return None;
    }
    let (mut at, mut rest) = (from.to_vec(), path);
    let mut relative = true;
    while let Some((first, others)) = rest.split_first() {
        match first.as_str() {
            "crate" | "$crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()?),
            _ => break,
        }
        (rest, relative) = (others, false);
    }
    let mut through = Vec::new();
    while let Some((name, others)) = rest.split_first() {
        let below = [at.as_slice(), std::slice::from_ref(name)].concat();
        if modules.contains_key(&below) {
            at = below;
        } else {
            let module = modules.get(&at)?;
            if module.defined.contains(name) {
                return Some(Found::Item { home: at, through });
            }
            match imported(modules, &at, module, name, depth)? {
                Found::Module(to) => at = to,
                Found::Item { home, through: further } => {
                    // Private imports of a module do not count for others.
                    if !relative {
                        through.push(at);
                    }
                    through.extend(further);
                    return Some(Found::Item { home, through });
                }
            }
        }
        (rest, relative) = (others, false);
    }
    Some(Found::Module(at))
}

/// What a name means after the imports of a module.
fn imported(modules: &Modules, at: &[String], module: &Module, name: &str, depth: usize) -> Option<Found> {
    let named = module.imports.iter().filter(|import| import.name == name);
    let globs = module.imports.iter().filter(|import| import.name == "*");
    let follow = |import: &Import| {
        let mut path = import.path.clone();
        if import.name == "*" {
            path.push(String::from(name));
        } else if import.path.len() == 1 && import.path[0] == name {
            // `use serde;` names the crate.
            return None;
        }
        walk(modules, at, &path, depth + 1)
    };
    named.chain(globs).find_map(follow)
}
