//! What was published stays as it is: the events of both programs, compared with their locks.

use std::path::Path;

use es_core::Catalogue;
use es_core::lock::Lock;
use loans::domain::Application;
use loans::generation_2011::Application2011;

es_core::lock_test!(Application);

/// The program of 2011 would have its lock in a repository of its own.
#[test]
fn the_events_of_2011_are_those_of_its_lock() {
    Lock::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("2011")).with::<Application2011>().assert();
}

/// Both programs write to one store, which refuses the second one if they mean different things by a version.
#[test]
fn both_programs_mean_the_same_by_a_version() {
    let today = Catalogue::of::<Application>();
    let in_2011 = Catalogue::of::<Application2011>();
    assert_eq!(in_2011.events().len(), 20);
    for event in in_2011.events() {
        let same = today.events().iter().find(|e| (e.name(), e.version()) == (event.name(), event.version()));
        assert_eq!(same.map(es_core::EventShape::text), Some(event.text()), "{}", event.name());
    }
}
