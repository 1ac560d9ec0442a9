//! This service can decode the public events in the lock of the loans.

use std::path::Path;

use es_core::Event;
use es_core::testing::read;
use notifier::{ApplicationDecided, ApplicationSubmitted, Notifier};
use serde_json::Value;

es_core::lock_test!(reactors: Notifier);

/// Decodes each payload of an event in the loans' lock, in all versions.
fn decodes_all<E: Event>() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../loans/events").join(E::NAME);
    let mut payloads = 0;
    for entry in std::fs::read_dir(&folder).expect("the loans publish it") {
        let text = std::fs::read_to_string(entry.expect("a file").path()).expect("text");
        let samples: Vec<Value> = serde_json::from_str(&text).expect("JSON");
        for sample in samples {
            let version = sample["version"].as_u64().and_then(|version| u32::try_from(version).ok());
            let event: Result<E, _> = read(version.expect("a version"), &sample["stored"]);
            assert!(event.is_ok(), "{} {version:?}: {}", E::NAME, sample["stored"]);
            payloads += 1;
        }
    }
    assert!(payloads > 0, "{} has payloads", folder.display());
}

#[test]
fn every_public_event_of_the_loans_decodes() {
    decodes_all::<ApplicationSubmitted>();
    decodes_all::<ApplicationDecided>();
}
