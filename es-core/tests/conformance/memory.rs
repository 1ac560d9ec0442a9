//! The reference store passes the suite that all stores pass.

use std::collections::BTreeSet;

use es_core::{EventStore, MemoryStore};

es_core::conformance!(async { (MemoryStore::new(), ()) });

/// A store of which not everything can be asked.
struct Partly(MemoryStore);

impl EventStore for Partly {
    es_core::forward_event_store!(EventStore to |this| &this.0);
}

/// What is left out is not asked for.
mod of_commands_only {
    use super::{MemoryStore, Partly};

    es_core::conformance!(
        async { (Partly(MemoryStore::new()), ()) },
        without ReadAll, ListStreams, FindEvents, CloseStreams, ImportStore
    );
}

macro_rules! names {
    ($name:ident; $($case:ident),*) => {
        const $name: &[&str] = &[$(stringify!($case)),*];
    };
}

es_core::conformance_cases!([names] ALL;);
es_core::conformance_cases!(without CloseStreams, FindEvents, ImportStore, ReadAll, ListStreams; [names] COMMANDS;);
es_core::conformance_cases!(without ListStreams; [names] NOT_LISTED;);

/// Every function of the suite is a case, and those of a trait are left out with it, and no other.
#[test]
fn each_case_is_run_for_the_stores_that_have_what_it_asks_for() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance");
    let (mut all, mut commands, mut not_listed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let files = std::fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path());
    // The suite of targets is in a folder of its own.
    for file in files.filter(|path| path.is_file()) {
        let source = std::fs::read_to_string(file).expect("a source");
        for case in source.split("\npub async fn ").skip(1) {
            let (name, rest) = case.split_once('<').expect("what it asks for");
            let (asks, _) = rest.split_once('>').expect("an end");
            all.insert(name.to_owned());
            if ["ReadAll", "ListStreams", "FindEvents", "CloseStreams", "ImportStore"]
                .iter()
                .all(|of| !asks.contains(of))
            {
                commands.insert(name.to_owned());
            }
            if !asks.contains("ListStreams") {
                not_listed.insert(name.to_owned());
            }
        }
    }
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(set(ALL), all);
    assert_eq!(set(COMMANDS), commands);
    assert_eq!(set(NOT_LISTED), not_listed);
}
