//! Which file imports from which, and circles of files.

use std::collections::{BTreeMap, BTreeSet};

use crate::resolve::{Found, resolve};
use crate::source::{Files, Modules, modules};

/// What each file takes from each other one, as written there.
pub(crate) type Arrows = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// All imports between two files, and imports of a name from a module that does not define it.
pub(crate) fn read(files: &Files) -> (Arrows, Vec<String>) {
    let modules = modules(files);
    let (mut arrows, mut detours) = (Arrows::new(), Vec::new());
    for (at, module) in &modules {
        for import in &module.imports {
            let written = import.path.join("::");
            let path = match import.name.as_str() {
                "*" => continue,
                _ => &import.path,
            };
            let Some(found) = resolve(&modules, at, path) else { continue };
            // A re-export only forwards; the file needs the name only if it uses it as well.
            let used = module.mentions.iter().any(|mention| mention.0[0] == import.name);
            if !import.reexport {
                detours.extend(detour(&modules, at, &found, &written));
            }
            if !import.reexport || used {
                add(&mut arrows, &modules, at, found, &format!("use {written}"));
            }
        }
        for mention in &module.mentions {
            let Some(found) = resolve(&modules, at, &mention.0) else { continue };
            let imported = module.imports.iter().any(|import| import.name == mention.0[0]);
            if imported && !matches!(resolve(&modules, at, &mention.0[..1]), Some(Found::Module(_))) {
                // The import was already counted.
                continue;
            }
            let written = mention.0.join("::");
            // A macro is expanded in other crates, which see what the root exports.
            if mention.0[0] != "$crate" {
                detours.extend(detour(&modules, at, &found, &written));
            }
            add(&mut arrows, &modules, at, found, &written);
        }
    }
    detours.sort();
    detours.dedup();
    (arrows, detours)
}

fn add(arrows: &mut Arrows, modules: &Modules, at: &[String], found: Found, written: &str) {
    // The name of a module by itself takes nothing from it; paths through it do.
    let Found::Item { home, .. } = found else { return };
    let (from, to) = (&modules[at].file, &modules[&home].file);
    if from != to {
        let taken = arrows.entry(from.clone()).or_default().entry(to.clone()).or_default();
        taken.insert(String::from(written));
    }
}

/// A module may re-export what is below it; a name may not come from any other place, nor from the root.
fn detour(modules: &Modules, at: &[String], found: &Found, written: &str) -> Option<String> {
    let Found::Item { home, through } = found else { return None };
    let signpost = |of: &[String]| !of.is_empty() && home.starts_with(of);
    let wrong = through.iter().find(|of| !signpost(of) && of.as_slice() != at)?;
    let (from, place) = (&modules[at].file, &modules[wrong].file);
    Some(format!("{from}: `{written}` is taken from {place}; {} defines it", modules[home].file))
}

/// The groups of files that import each other, directly or indirectly.
pub(crate) fn circles(arrows: &Arrows) -> Vec<BTreeSet<String>> {
    let reaches: BTreeMap<&String, BTreeSet<&String>> =
        arrows.keys().map(|from| (from, reached(arrows, from))).collect();
    let mut circles = BTreeSet::new();
    for (from, to) in &reaches {
        let both = |of: &&&String| reaches.get(**of).is_some_and(|back| back.contains(from));
        let ring: BTreeSet<String> = to.iter().filter(both).map(|of| String::from(*of)).collect();
        if ring.contains(*from) {
            circles.insert(ring);
        }
    }
    circles.into_iter().collect()
}

fn reached<'a>(arrows: &'a Arrows, from: &String) -> BTreeSet<&'a String> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(at) = next.pop() {
        for to in arrows.get(at).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(to) {
                next.push(to);
            }
        }
    }
    reached
}

/// The shortest cycle within a group, with the imports that form it.
pub(crate) fn way_round(arrows: &Arrows, circle: &BTreeSet<String>) -> String {
    let round = circle.iter().filter_map(|begin| way_back(arrows, begin)).min_by_key(Vec::len);
    let mut lines = vec![format!("  in a circle: {}", circle.iter().cloned().collect::<Vec<_>>().join(" "))];
    for pair in round.unwrap_or_default().windows(2) {
        let taken: Vec<&str> = arrows[&pair[0]][&pair[1]].iter().map(String::as_str).collect();
        lines.push(format!("    {} → {}: {}", pair[0], pair[1], taken.join(", ")));
    }
    lines.join("\n")
}

fn way_back(arrows: &Arrows, begin: &String) -> Option<Vec<String>> {
    let (mut ways, mut seen) = (vec![vec![begin.clone()]], BTreeSet::new());
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for to in arrows.get(way.last()?).into_iter().flat_map(BTreeMap::keys) {
                let further = [way.as_slice(), std::slice::from_ref(to)].concat();
                if to == begin {
                    return Some(further);
                }
                if seen.insert(to.clone()) {
                    longer.push(further);
                }
            }
        }
        ways = longer;
    }
    None
}
