//! A random history, step by step the same as that of the reference store.

use fastrand::Rng;
use uuid::Uuid;

use super::fixture::{command, load, numbered, range, rows, stream};
use crate::error::StoreError;
use crate::memory::MemoryStore;
use crate::model::NewSnapshot;
use crate::shape::Fingerprint;
use crate::store::{Append, AppendOutcome, CloseStreams, EventStore, Load, StreamRange};
use crate::stream::{Revision, StreamId};

/// What an outcome says, without what differs from store to store.
fn told(outcome: &AppendOutcome) -> String {
    match outcome {
        AppendOutcome::Appended(appended) => format!("appended {}", appended.positions.len()),
        other => format!("{other:?}"),
    }
}

/// Four hundred random steps, taken on the store and on [`MemoryStore`]: appends at right and wrong
/// revisions, with and without command ids, batches, snapshots, reads of any part. The seed is fixed.
pub async fn a_random_history_is_that_of_the_reference_store<S: EventStore>(store: S) {
    random_history(&store, None).await;
}

/// The same, and now and then a stream is closed.
pub async fn a_random_history_with_closed_streams_is_that_of_the_reference_store<
    S: EventStore + CloseStreams,
>(
    store: S,
) {
    random_history(&store, Some(&store)).await;
}

async fn random_history(store: &impl EventStore, closing: Option<&dyn CloseStreams>) {
    let reference = MemoryStore::new();
    let mut rng = Rng::with_seed(17);
    let streams: Vec<StreamId> = (0..5).map(|number| stream(&number.to_string())).collect();
    let command_ids: Vec<Uuid> = (0..8).map(|_| Uuid::now_v7()).collect();
    let fingerprint = Fingerprint::EMPTY.with("model");

    for step in 0..400 {
        let stream = &streams[rng.usize(..streams.len())];
        let (_, _, head) = load(&reference, Load::all(stream)).await;
        // Mostly right, now and then off by one or two.
        let guess = |rng: &mut Rng, revision: u64| {
            if rng.u8(..4) > 0 { revision } else { rng.u64(..revision + 3) }
        };
        match (rng.u8(..10), closing) {
            (0..=4, _) => {
                let events = numbered(step, rng.u64(1..4));
                let id = (rng.u8(..3) == 0).then(|| command_ids[rng.usize(..command_ids.len())]);
                let expected = Revision::new(guess(&mut rng, head.revision.get()));
                let append = Append::new(stream, expected, &events).command(id.map(command));
                let (left, right) = (store.append(append).await, reference.append(append).await);
                let said = |result: Result<AppendOutcome, StoreError>| match result {
                    Ok(outcome) => told(&outcome),
                    Err(error) => error.to_string(),
                };
                assert_eq!(said(left), said(right), "step {step}");
            }
            (5 | 6, _) => {
                let events = numbered(step, 2);
                let mut batch = Vec::new();
                for stream in &streams {
                    if rng.bool() {
                        let (_, _, head) = load(&reference, Load::all(stream)).await;
                        batch.push(Append::new(
                            stream,
                            Revision::new(guess(&mut rng, head.revision.get())),
                            &events,
                        ));
                    }
                }
                let said = |result: Result<Vec<AppendOutcome>, StoreError>| match result {
                    Ok(outcomes) => outcomes.iter().map(told).collect(),
                    Err(error) => vec![error.to_string()],
                };
                let (left, right) = (store.append_all(&batch).await, reference.append_all(&batch).await);
                assert_eq!(said(left), said(right), "step {step}");
            }
            (7, _) => {
                let revision = Revision::new(guess(&mut rng, head.revision.get()));
                for store in [store as &dyn EventStore, &reference] {
                    let state = format!("\"{revision}\"").into_bytes();
                    let snapshot = NewSnapshot::new(stream.clone(), revision, fingerprint, state);
                    store.save_snapshot(snapshot).await.expect("no error");
                }
            }
            (8, _) => {
                let (after, up_to) = (rng.u64(..head.revision.get() + 2), rng.u64(..head.revision.get() + 4));
                let part = Load::all(stream)
                    .snapshot(rng.bool().then_some(fingerprint))
                    .after(Revision::new(after))
                    .up_to(Revision::new(up_to))
                    .command_id(Some(command_ids[rng.usize(..command_ids.len())]));
                let (left, right) = (load(store, part).await, load(&reference, part).await);
                let seen = |rows: &[super::fixture::Row]| {
                    rows.iter().map(|row| (row.revision, row.id, row.payload.clone())).collect::<Vec<_>>()
                };
                assert_eq!(
                    (left.0, seen(&left.1), left.2),
                    (right.0, seen(&right.1), right.2),
                    "step {step}"
                );
            }
            (9, Some(streams)) if rng.u8(..12) == 0 => {
                let left = streams.close_stream(stream, head.revision).await.expect("no error");
                let right = reference.close_stream(stream, head.revision).await.expect("no error");
                assert_eq!(left, right, "step {step}");
            }
            _ => {
                let part = StreamRange::from(Revision::new(rng.u64(..9))).to(Revision::new(rng.u64(..20)));
                let part = if rng.bool() { part.backward() } else { part };
                let ids =
                    |rows: Vec<super::fixture::Row>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
                let (left, right) = (range(store, stream, part).await, range(&reference, stream, part).await);
                assert_eq!(ids(left), ids(right), "step {step}");
            }
        }
    }
    for stream in &streams {
        let (left, right) = (rows(store, stream).await, rows(&reference, stream).await);
        assert_eq!(left.len(), right.len());
        assert!(left.iter().zip(&right).all(|(l, r)| (l.id, l.revision) == (r.id, r.revision)));
    }
}
