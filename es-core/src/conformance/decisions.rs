//! Decisions without events: remembered, found again, and never followed by an append of the same command.

use std::slice;
use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;

use super::fixture::{append, appended, command, load, numbered, rows, stream};
use super::registration::register;
use crate::error::StoreError;
use crate::store::{
    Append, AppendOutcome, CommandKey, CommandOutcome, CommandRecord, Decision, EventStore, Load,
    Registration, Remembered,
};
use crate::stream::{Revision, StreamId};

/// The outcome that a remembered decision should have.
fn outcome_of(decision: &Decision<'_>) -> CommandOutcome {
    let Decision { revision: first, rejected, command, .. } = *decision;
    CommandOutcome { first, count: 0, rejected, body_hash: None, name: Some(command.name.into()) }
}

async fn keep<S: EventStore>(store: &S, decision: Decision<'_>) {
    assert_eq!(store.remember(decision).await.expect("no error"), Remembered::Kept);
}

/// On a stream that exists, and on one that does not; before and after later appends.
pub async fn a_decision_without_events_is_remembered<S: EventStore>(store: S) {
    // Batches are one way to repeat the command, and accept only registered events.
    register(&store, &[Registration::new("account.noted", 1)]).await;
    for (existing, rejected) in [(0, false), (0, true), (2, false), (2, true)] {
        let stream = stream(&format!("{existing}-{rejected}"));
        if existing > 0 {
            append(&store, &stream, 0, &numbered(1, existing)).await;
        }
        let record = command(Uuid::now_v7());
        let revision = Revision::new(existing);
        let decision = match rejected {
            true => Decision::rejected(&stream, revision, record),
            false => Decision::empty(&stream, revision, record),
        };
        keep(&store, decision).await;
        let outcome = outcome_of(&decision);
        is_remembered(&store, &stream, record, &outcome).await;
        assert_eq!(rows(&store, &stream).await.len() as u64, existing, "nothing is written");
        append(&store, &stream, existing, &numbered(existing + 1, 1)).await;
        is_remembered(&store, &stream, record, &outcome).await;
        let (_, _, head) = load(&store, Load::all(&stream).command_id(Some(Uuid::now_v7()))).await;
        assert_eq!(head.command, None, "another command");
        assert_eq!(rows(&store, &stream).await.len() as u64, existing + 1);
    }
}

/// Repeats it with a load, with every kind of append at every revision, and by remembering it again.
async fn is_remembered<S: EventStore>(
    store: &S,
    stream: &StreamId,
    record: CommandRecord<'_>,
    outcome: &CommandOutcome,
) {
    let (_, items, head) = load(store, Load::all(stream).command_id(Some(record.key.id))).await;
    assert_eq!(head.command.as_ref(), Some(outcome));
    assert_eq!(head.revision, Revision::new(items.len() as u64), "the rest of the answer is unchanged");
    let repeated = AppendOutcome::Repeated(outcome.clone());
    for count in [1, 2] {
        for expected in 0..5 {
            let events = numbered(9, count);
            let again = Append::new(stream, Revision::new(expected), &events).command(Some(record));
            assert_eq!(store.append(again).await.expect("no error"), repeated, "at {expected}");
        }
        let events = numbered(9, count);
        let other = super::fixture::stream("beside");
        let current = Append::new(stream, head.revision, &events).command(Some(record));
        let submitted = store.submit(current).await.expect("no error").await;
        assert_eq!(submitted.expect("no error"), repeated, "submitted");
        let batch = [Append::new(&other, Revision::EMPTY, &events), current];
        let outcomes = store.append_all(&batch).await.expect("no error");
        assert_eq!(outcomes, [AppendOutcome::NotWritten, repeated.clone()]);
        for expected in 0..5 {
            let again = Append::new(stream, Revision::new(expected), &events).command(Some(record));
            let outcomes =
                store.append_all(&[again.last_event_id(Some(Uuid::now_v7()))]).await.expect("no error");
            assert_eq!(outcomes, slice::from_ref(&repeated), "several, at {expected}");
        }
    }
    for revision in [outcome.first, head.revision, Revision::new(9)] {
        let again = Decision::empty(stream, revision, record);
        let remembered = store.remember(again).await.expect("no error");
        assert_eq!(remembered, Remembered::Repeated(outcome.clone()), "at {revision}");
    }
}

/// A decision on an outdated state of the stream is not remembered.
pub async fn a_decision_on_a_state_that_has_passed_is_a_conflict<S: EventStore>(store: S) {
    let (stream, absent) = (stream("1"), stream("2"));
    append(&store, &stream, 0, &numbered(1, 2)).await;
    let record = command(Uuid::now_v7());
    for (stream, revision, actual) in [(&stream, 0, 2), (&stream, 1, 2), (&stream, 3, 2), (&absent, 1, 0)] {
        let decision = Decision::rejected(stream, Revision::new(revision), record);
        let conflict = Remembered::Conflict { actual: Revision::new(actual) };
        assert_eq!(store.remember(decision).await.expect("no error"), conflict);
    }
    for (stream, revision) in [(&stream, 2), (&absent, 0)] {
        let foreign =
            Decision::rejected(stream, Revision::new(revision), record).last_event_id(Some(Uuid::now_v7()));
        let conflict = Remembered::Conflict { actual: Revision::new(revision) };
        assert_eq!(store.remember(foreign).await.expect("no error"), conflict, "another last event");
    }
    let (_, _, head) = load(&store, Load::all(&stream).command_id(Some(record.key.id))).await;
    assert_eq!(head.command, None);
    let events = numbered(3, 1);
    appended(
        store
            .append(Append::new(&stream, Revision::new(2), &events).command(Some(record)))
            .await
            .expect("no error"),
    );
    let late = store.remember(Decision::rejected(&stream, Revision::new(3), record)).await.expect("no error");
    let Remembered::Repeated(written) = late else { panic!("{late:?}") };
    assert_eq!((written.first, written.count, written.rejected), (Revision::new(3), 1, false));
}

/// Two streams may have the same command id.
pub async fn a_decision_belongs_to_one_stream<S: EventStore>(store: S) {
    let (left, right) = (stream("1"), stream("2"));
    let record = command(Uuid::now_v7());
    let decision = Decision::rejected(&left, Revision::EMPTY, record);
    keep(&store, decision).await;
    let events = numbered(1, 1);
    appended(
        store
            .append(Append::new(&right, Revision::EMPTY, &events).command(Some(record)))
            .await
            .expect("no error"),
    );
    is_remembered(&store, &left, record, &outcome_of(&decision)).await;
}

/// A different command or, if both are known, a different body gets the error that its id is already used.
pub async fn a_remembered_command_id_of_another_command_is_refused<S: EventStore>(store: S) {
    register(&store, &[Registration::new("account.noted", 1)]).await;
    for existing in [0, 1] {
        let stream = stream(&existing.to_string());
        if existing > 0 {
            append(&store, &stream, 0, &numbered(1, existing)).await;
        }
        let id = Uuid::now_v7();
        let revision = Revision::new(existing);
        let as_ = |name, hash| CommandRecord { key: CommandKey { id, body_hash: Some(hash) }, name };
        keep(&store, Decision::rejected(&stream, revision, as_("Note", 1))).await;
        let events = numbered(2, 1);
        for (record, first) in [(as_("Erase", 1), Some("Note")), (as_("Note", 2), None)] {
            let append = Append::new(&stream, revision, &events).command(Some(record));
            for error in [
                store.append(append).await.expect_err("by itself"),
                store.append_all(&[append]).await.expect_err("in a batch"),
                store.remember(Decision::empty(&stream, revision, record)).await.expect_err("remembered"),
            ] {
                let StoreError::CommandIdReused { command_id, first: found, .. } = error else {
                    panic!("{error}")
                };
                assert_eq!((command_id, found.as_deref()), (id, first));
            }
        }
    }
}

/// Of concurrent appends and decisions of one command exactly one succeeds, and the others get its outcome.
pub async fn of_a_decision_and_an_append_at_once_one_goes_through<S: EventStore + 'static>(store: S) {
    let store = Arc::new(store);
    for round in 0..12_u64 {
        let existing = round % 2;
        let stream = stream(&format!("at once {round}"));
        if existing > 0 {
            append(&*store, &stream, 0, &numbered(1, existing)).await;
        }
        let (id, revision) = (Uuid::now_v7(), Revision::new(existing));
        let mut callers = JoinSet::new();
        for caller in 0..8 {
            let (store, stream) = (Arc::clone(&store), stream.clone());
            callers.spawn(async move {
                loop {
                    if caller % 2 == 0 {
                        let events = numbered(5, 1);
                        let append = Append::new(&stream, revision, &events).command(Some(command(id)));
                        return matches!(
                            store.append(append).await.expect("no error"),
                            AppendOutcome::Appended(_)
                        );
                    }
                    match store.remember(Decision::rejected(&stream, revision, command(id))).await {
                        Ok(remembered) => return matches!(remembered, Remembered::Kept),
                        Err(error) if error.is_retryable() => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        let through = callers.join_all().await.into_iter().filter(|through| *through).count();
        assert_eq!(through, 1);
        let (_, _, head) = load(&*store, Load::all(&stream).command_id(Some(id))).await;
        let outcome = head.command.expect("an outcome");
        assert_eq!(outcome.count == 0, head.revision == revision, "{outcome:?} at {}", head.revision);
    }
}
