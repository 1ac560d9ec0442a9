//! What was published stays as it is: the events of the programs, compared with their locks.

use std::path::Path;

use es_core::Aggregate;
use es_core::catalogue::{Catalogue, EventShape};
use es_core::lock::Lock;
use loans::domain::Application;
use loans::generations::in_2011::Application2011;
use loans::generations::in_2012::{rollout, switched};
use loans::publishing::Applications;
use loans::reminders::{Reminder, Reminding};

es_core::lock_test!(Application, Reminder, Reminding; publishers: Applications);

/// The program of 2011 would have its lock in a repository of its own.
#[test]
fn the_events_of_2011_are_those_of_its_lock() {
    Lock::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("2011")).with::<Application2011>().assert();
}

/// All programs write to one store, which refuses one that means something else by a version.
fn assert_means_the_same<A: Aggregate>() {
    let today = Catalogue::of::<Application>();
    for event in Catalogue::of::<A>().events() {
        let same = today.events().iter().find(|e| (e.name(), e.version()) == (event.name(), event.version()));
        assert_eq!(same.map(EventShape::text), Some(event.text()), "{}", event.name());
    }
}

#[test]
fn all_programs_mean_the_same_by_a_version() {
    assert_means_the_same::<Application2011>();
    assert_means_the_same::<rollout::Application2012>();
    assert_means_the_same::<switched::Application2012>();
}
