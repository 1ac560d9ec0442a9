//! Registered events: a version means one shape.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::fixture::{append, numbered, stream};
use crate::catalogue::Catalogue;
use crate::error::StoreError;
use crate::model::EventDescription;
use crate::shape::{Describe, Type, Types};
use crate::store::EventStore;

const NUMBER: Describe = |_: &mut Types| Type::plain("i64");
pub(super) const TEXT: Describe = |_: &mut Types| Type::plain("string");
const UNKNOWN: Describe = |_: &mut Types| Type::Opaque("Foreign".into());

pub(super) fn catalogue(events: &[(&'static str, u32, &'static [&'static str], Describe)]) -> Catalogue {
    let description = |&(name, version, was, shape): &(_, _, _, _)| EventDescription {
        name,
        version,
        was,
        semantics: None,
        type_name: || "Event",
        is_of_history: false,
        added: &[],
        shape,
        whole: None,
        previous: None,
        read_previous: None,
    };
    Catalogue::of_events("account", events.iter().map(description))
}

/// One event of the suite's, at one version.
fn noted(version: u32, shape: Describe) -> Catalogue {
    catalogue(&[("account.noted", version, &[], shape)])
}

pub(super) async fn register(store: &impl EventStore, catalogue: Catalogue) {
    store.register(&catalogue).await.expect("no conflict");
}

/// The version of which the store knows another shape.
async fn conflict(store: &impl EventStore, catalogue: Catalogue) -> (String, u32) {
    let error = store.register(&catalogue).await.expect_err("a conflict");
    assert!(!error.is_retryable());
    let StoreError::SchemaConflict { name, version, registered, found } = error else { panic!("{error}") };
    assert_ne!(registered, found);
    (name, version)
}

/// The same again is welcome, another shape of the same version is not, and a refusal changes nothing.
pub async fn a_version_of_an_event_means_one_shape<S: EventStore>(store: S) {
    register(&store, noted(1, NUMBER)).await;
    register(&store, noted(1, NUMBER)).await;
    register(&store, catalogue(&[("account.noted", 2, &[], TEXT), ("account.noted", 1, &[], NUMBER)])).await;

    let other = catalogue(&[("account.closed", 1, &[], NUMBER), ("account.noted", 2, &[], NUMBER)]);
    assert_eq!(conflict(&store, other).await, ("account.noted".into(), 2));
    register(&store, catalogue(&[("account.closed", 1, &[], TEXT)])).await;
    assert_eq!(conflict(&store, noted(1, TEXT)).await, ("account.noted".into(), 1));
    append(&store, &stream("1"), 0, &numbered(1, 1)).await;
    register(&store, noted(1, NUMBER)).await;
}

/// An event that was stored, or registered, before its shape was known gets it later.
pub async fn a_shape_may_become_known_later<S: EventStore>(store: S) {
    append(&store, &stream("1"), 0, &numbered(1, 1)).await;
    register(&store, noted(2, UNKNOWN)).await;
    register(&store, noted(1, NUMBER)).await;
    register(&store, noted(2, TEXT)).await;
    assert_eq!(conflict(&store, noted(1, TEXT)).await, ("account.noted".into(), 1));
    assert_eq!(conflict(&store, noted(2, NUMBER)).await, ("account.noted".into(), 2));
    register(&store, noted(2, UNKNOWN)).await;
    register(&store, noted(2, TEXT)).await;
}

/// A renamed event is compared with what was registered under the names that it had, and reserves none of
/// them.
pub async fn a_renamed_event_keeps_its_shape<S: EventStore>(store: S) {
    register(&store, catalogue(&[("account.payed", 1, &[], NUMBER)])).await;
    let renamed = |shape| catalogue(&[("account.paid", 1, &["account.payed", "account.settled"], shape)]);
    assert_eq!(conflict(&store, renamed(TEXT)).await, ("account.payed".into(), 1));
    register(&store, renamed(NUMBER)).await;
    assert_eq!(
        conflict(&store, catalogue(&[("account.paid", 1, &[], TEXT)])).await,
        ("account.paid".into(), 1)
    );
    register(&store, catalogue(&[("account.settled", 1, &[], TEXT)])).await;
    assert_eq!(conflict(&store, renamed(NUMBER)).await, ("account.settled".into(), 1));
}

/// Programs of two branches start at once: those of one of them do not start.
pub async fn of_two_shapes_registered_at_once_one_wins<S: EventStore + 'static>(store: S) {
    let store = Arc::new(store);
    let mut programs = JoinSet::new();
    for program in 0..10 {
        let store = Arc::clone(&store);
        let shape = if program % 2 == 0 { NUMBER } else { TEXT };
        programs.spawn(async move { (program % 2, store.register(&noted(1, shape)).await.is_ok()) });
    }
    let outcomes = programs.join_all().await;
    let winner = outcomes.iter().find(|(_, started)| *started).expect("one branch starts").0;
    assert!(outcomes.iter().all(|(branch, started)| *started == (*branch == winner)), "{outcomes:?}");
}
