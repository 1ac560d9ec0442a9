//! Dependencies point one way: no two files of a crate import each other, directly or indirectly. No two
//! types of a crate share a name, no parameter is a flag, and functions and files stay small.

mod arrows;
mod exposed;
mod flags;
mod layers;
mod made_up;
mod names;
mod resolve;
mod sizes;
mod source;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

/// The crates whose files are checked.
const CRATES: [&str; 6] =
    ["es-core/src", "es-macros/src", "es-nats/src", "es-postgres/src", "es-sqlite/src", "examples/loans/src"];

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut faults = Vec::new();
    for folder in CRATES {
        let (arrows, _) = arrows::read(&source::files(folder));
        assert!(arrows.len() > 5, "{folder} has files that know others");
        for circle in arrows::circles(&arrows) {
            faults.push(format!("{folder}\n{}", arrows::way_round(&arrows, &circle)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn names_are_taken_from_the_module_that_defines_them() {
    let mut faults = Vec::new();
    for folder in CRATES {
        let (_, detours) = arrows::read(&source::files(folder));
        faults.extend(detours.iter().map(|detour| format!("{folder}/{detour}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Each crate with the line of `ARCHITECTURE.md` before its drawing, and the files that are in no layer.
const DRAWN: [(&str, &str, &[&str]); 3] = [
    ("es-core/src", "Inside es-core, each layer may use the layers below it:", &["lib.rs", "private"]),
    (
        "es-postgres/src",
        "Inside es-postgres, where each part holds the parts that it needs, and none of those that need it:",
        &["lib.rs"],
    ),
    ("es-sqlite/src", "And inside es-sqlite, which has the same structure:", &["lib.rs"]),
];

#[test]
fn files_import_only_from_their_own_layer_and_lower_ones() {
    let mut faults = Vec::new();
    for (folder, drawing, beside) in DRAWN {
        let (arrows, _) = arrows::read(&source::files(folder));
        faults.extend(layers::faults(&arrows, &layers::drawn(drawing), beside));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A new major version of such a crate is one of ours.
#[test]
fn the_page_lists_the_crates_whose_types_are_public() {
    let mut found = BTreeSet::new();
    let mut places = BTreeMap::new();
    for name in ["es-core", "es-postgres", "es-sqlite", "es-nats"] {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).expect("a manifest");
        let dependencies = exposed::dependencies(&manifest);
        for (of, path) in exposed::crates(&source::files(&format!("{name}/src")), &dependencies) {
            places.insert((of.clone(), name.to_owned()), format!("{name}/src/{path}"));
            found.insert((of, name.to_owned()));
        }
    }
    let listed = exposed::documented(include_str!("../../../docs/dependencies.md"));
    let missing: Vec<_> = found.difference(&listed).map(|pair| (pair, &places[pair])).collect();
    let superfluous: Vec<_> = listed.difference(&found).collect();
    assert!(
        missing.is_empty() && superfluous.is_empty(),
        "docs/dependencies.md does not list {missing:#?}, and lists {superfluous:#?}, of which no type is public"
    );
}

#[test]
fn functions_and_files_stay_small() {
    let mut faults = Vec::new();
    for folder in CRATES {
        let found = sizes::too_long(&source::files(folder));
        faults.extend(found.iter().map(|fault| format!("{folder}/{fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_parameter_is_a_flag() {
    let mut faults = Vec::new();
    for folder in CRATES {
        let found = flags::taken(&source::files(folder));
        faults.extend(found.iter().map(|fault| format!("{folder}/{fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Other crates in which no two types share a name.
const ALSO_NAMED: [&str; 4] =
    ["benches/peers/driver/src", "examples/notifier/src", "tests/src/bin/soak", "xtask/src"];

/// Names that several types of a crate share, each with the reason.
const SHARED_NAMES: [(&str, &[&str]); 2] = [
    // A supertrait that only this crate implements has this name everywhere, and is never imported.
    ("es-core/src", &["Sealed"]),
    // The events as earlier programs wrote them, which are stored under the same names.
    ("examples/loans/src", &["Submitted", "WorkCompleted", "WorkScheduled", "WorkStarted"]),
];

#[test]
fn no_two_types_of_a_crate_share_a_name() {
    let mut faults = Vec::new();
    for folder in CRATES.iter().chain(&ALSO_NAMED) {
        let mut shared = names::shared(&source::files(folder));
        let expected = SHARED_NAMES.iter().filter(|(of, _)| of == folder).flat_map(|(_, names)| *names);
        for name in expected {
            if shared.remove(*name).is_none() {
                faults.push(format!("{folder}: only one type is called `{name}`, so it needs no exception"));
            }
        }
        let each = |(name, places): (String, Vec<String>)| {
            format!("{folder}: several types are called `{name}`: {}", places.join(", "))
        };
        faults.extend(shared.into_iter().map(each));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
