//! Every proposal of the macros is part of code that compiles.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::proposals::holds;

const FIXED: &[&str] = &[
    include_str!("fixed/aggregates.rs"),
    include_str!("fixed/events.rs"),
    include_str!("fixed/processes.rs"),
    include_str!("fixed/projections.rs"),
    include_str!("fixed/publishers.rs"),
    include_str!("fixed/reactors.rs"),
    include_str!("fixed/stores.rs"),
    include_str!("fixed/values.rs"),
];

/// Proposals for a different case than that of the message, as the message tells: an iterator is not an
/// event.
const CONDITIONAL: &[&str] = &[
    "impl es_core::Apply<std::iter::Map<",
    "impl es_core::Apply<u8>",
    "#[aggregate(events(…, std::iter::Map<",
    "#[aggregate(events(…, u8))]",
    // Written by `derive(Process)`, which has failed as well.
    "impl es_core::Apply<Stepped>",
];

/// What separates two alternative proposals.
const OTHERS: &[&str] = &[", or ", " or ", " and "];

/// All proposals in the messages of the macros, each with a file that contains it.
fn proposals(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder is read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            proposals(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "stderr") {
            let text = fs::read_to_string(&path).expect("messages are read");
            let is_said =
                |line: &&str| ["error", "= note: ", "= help: "].iter().any(|start| line.starts_with(start));
            for said in text.lines().map(str::trim_start).filter(is_said) {
                // A message begins with what it is about.
                let said = said.replace("]: `", "] `").replace("panicked: `", "panicked `");
                let said = said.split_once(": ").map_or(said.as_str(), |(_, said)| said);
                let proposed = ["write `", ": `"].iter().flat_map(|start| said.split(start).skip(1));
                for part in proposed {
                    let parts: Vec<&str> = part.split('`').collect();
                    let first = parts.first().copied();
                    let others = parts[1..].chunks_exact(2).take_while(|pair| OTHERS.contains(&pair[0]));
                    for code in first.into_iter().chain(others.map(|pair| pair[1])) {
                        found.insert(code.to_owned(), path.display().to_string());
                    }
                }
            }
        }
    }
}

#[test]
fn every_proposal_of_the_macros_stands_in_code_that_compiles() {
    let mut found = BTreeMap::new();
    proposals(&Path::new(env!("CARGO_MANIFEST_DIR")).join("ui"), &mut found);
    assert!(found.len() >= 60, "{found:#?}");
    found.retain(|code, _| {
        let is_conditional = CONDITIONAL.iter().any(|start| code.starts_with(start));
        !is_conditional && !FIXED.iter().any(|source| holds(source, code))
    });
    assert!(found.is_empty(), "no fixed source holds {found:#?}");
}
