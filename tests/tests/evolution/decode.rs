//! Decoding anything that a store may contain never panics and never yields a wrong type. `fuzz/` tests the
//! same for longer.

#![allow(missing_docs, reason = "events that only these tests look at")]

#[path = "../../../fuzz/src/sample.rs"]
mod sample;

use es_core::catalogue::Catalogue;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use sample::{NAMES, Order, check};

/// Payloads of every version, generated from the shapes.
fn samples() -> Vec<(&'static str, u32, Vec<u8>)> {
    let catalogue = Catalogue::of::<Order>();
    let mut samples = Vec::new();
    for event in catalogue.events() {
        for sample in event.schema().samples() {
            for name in event.was().iter().copied().chain([event.name()]) {
                samples.push((name, event.version(), sample.to_string().into_bytes()));
            }
        }
    }
    samples
}

#[test]
fn every_sample_decodes_under_its_own_version() {
    let samples = samples();
    for name in &NAMES[..NAMES.len() - 2] {
        assert!(samples.iter().any(|(of, ..)| of == name), "no sample of {name}");
    }
    for (name, version, payload) in samples {
        assert!(check(name, version, &payload), "{name} {version}: {}", String::from_utf8_lossy(&payload));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_rejected_or_decoded(
        name in prop_oneof![select(&NAMES[..]).prop_map(str::to_owned), ".{0,20}"],
        version in prop_oneof![0_u32..6, any::<u32>()],
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        check(&name, version, &payload);
    }

    #[test]
    fn a_sample_under_any_version_with_any_byte_changed_is_rejected_or_decoded(
        which in any::<Index>(),
        version in 0_u32..6,
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4),
        cut in any::<Index>(),
        is_cut in prop::bool::weighted(0.2),
    ) {
        let samples = samples();
        let (name, own, mut payload) = which.get(&samples).clone();
        for (at, byte) in changes {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        if is_cut {
            payload.truncate(cut.index(payload.len() + 1));
        }
        check(name, version, &payload);
        check(name, own, &payload);
    }
}
