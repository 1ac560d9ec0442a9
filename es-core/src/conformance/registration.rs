//! Registered events: one version has one shape.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::fixture::{append, numbered, stream};
use crate::error::StoreError;
use crate::shape::Fingerprint;
use crate::store::{EventStore, Registration};

/// A shape, as the text that is hashed for the store.
type ShapeText = Option<&'static str>;

const NUMBER: ShapeText = Some("payload: i64\n");
pub(super) const TEXT: ShapeText = Some("payload: string\n");
const UNKNOWN: ShapeText = None;

/// Events, each with its version, its former names, and its shape.
pub(super) fn events(events: &[(&'static str, u32, &[&'static str], ShapeText)]) -> Vec<Registration> {
    let of_event = |&(name, version, was, shape): &(_, _, &[&'static str], ShapeText)| {
        let fingerprint = shape.map(|text| Fingerprint::EMPTY.with(text));
        let of = |name| Registration::new(name, version).fingerprint(fingerprint);
        was.iter().map(|was| of(was).former(true)).chain([of(name)]).collect::<Vec<_>>()
    };
    events.iter().flat_map(of_event).collect()
}

/// The suite's event, in one version.
fn noted(version: u32, shape: ShapeText) -> Vec<Registration> {
    events(&[("account.noted", version, &[], shape)])
}

pub(super) async fn register(store: &impl EventStore, events: &[Registration]) {
    store.register(events).await.expect("no conflict");
}

/// The version for which the store has another shape.
async fn conflict(store: &impl EventStore, events: &[Registration]) -> (String, u32) {
    let error = store.register(events).await.expect_err("a conflict");
    assert!(!error.is_retryable());
    let StoreError::SchemaConflict { name, version, registered, found } = error else { panic!("{error}") };
    assert_ne!(registered, found);
    (name, version)
}

/// The same shape again is accepted, another shape of the same version is not, and a rejected call changes
/// nothing.
pub async fn a_version_of_an_event_means_one_shape<S: EventStore>(store: S) {
    register(&store, &noted(1, NUMBER)).await;
    register(&store, &noted(1, NUMBER)).await;
    register(&store, &events(&[("account.noted", 2, &[], TEXT), ("account.noted", 1, &[], NUMBER)])).await;

    let other = events(&[("account.closed", 1, &[], NUMBER), ("account.noted", 2, &[], NUMBER)]);
    assert_eq!(conflict(&store, &other).await, ("account.noted".into(), 2));
    register(&store, &events(&[("account.closed", 1, &[], TEXT)])).await;
    assert_eq!(conflict(&store, &noted(1, TEXT)).await, ("account.noted".into(), 1));
    append(&store, &stream("1"), 0, &numbered(1, 1)).await;
    register(&store, &noted(1, NUMBER)).await;
}

/// If a list contradicts itself, nothing of it is registered.
pub async fn two_shapes_of_a_version_in_one_call_are_refused<S: EventStore>(store: S) {
    let closed = events(&[("account.closed", 1, &[], NUMBER)]);
    let both = [closed.clone(), noted(1, NUMBER), noted(1, UNKNOWN), noted(1, TEXT)].concat();
    assert_eq!(conflict(&store, &both).await, ("account.noted".into(), 1));
    let former = events(&[("account.paid", 1, &["account.noted"], TEXT)]);
    assert_eq!(conflict(&store, &[noted(1, NUMBER), former].concat()).await, ("account.noted".into(), 1));
    register(&store, &events(&[("account.closed", 1, &[], TEXT)])).await;
    register(&store, &[noted(1, UNKNOWN), noted(1, TEXT), noted(1, TEXT)].concat()).await;
    assert_eq!(conflict(&store, &noted(1, NUMBER)).await, ("account.noted".into(), 1));
}

/// An event that was stored or registered without a shape can get one later.
pub async fn a_shape_may_become_known_later<S: EventStore>(store: S) {
    append(&store, &stream("1"), 0, &numbered(1, 1)).await;
    register(&store, &noted(2, UNKNOWN)).await;
    register(&store, &noted(1, NUMBER)).await;
    register(&store, &noted(2, TEXT)).await;
    assert_eq!(conflict(&store, &noted(1, TEXT)).await, ("account.noted".into(), 1));
    assert_eq!(conflict(&store, &noted(2, NUMBER)).await, ("account.noted".into(), 2));
    register(&store, &noted(2, UNKNOWN)).await;
    register(&store, &noted(2, TEXT)).await;
}

/// A renamed event is compared with what was registered under its former names, and reserves none of them.
pub async fn a_renamed_event_keeps_its_shape<S: EventStore>(store: S) {
    register(&store, &events(&[("account.payed", 1, &[], NUMBER)])).await;
    let renamed = |shape| events(&[("account.paid", 1, &["account.payed", "account.settled"], shape)]);
    assert_eq!(conflict(&store, &renamed(TEXT)).await, ("account.payed".into(), 1));
    register(&store, &renamed(NUMBER)).await;
    assert_eq!(
        conflict(&store, &events(&[("account.paid", 1, &[], TEXT)])).await,
        ("account.paid".into(), 1)
    );
    register(&store, &events(&[("account.settled", 1, &[], TEXT)])).await;
    assert_eq!(conflict(&store, &renamed(NUMBER)).await, ("account.settled".into(), 1));
}

/// Programs of two branches start at once: only those of one branch succeed.
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
