//! Runs a random history on the store and on the reference store, comparing each step.

use fastrand::Rng;
use uuid::Uuid;

use super::fixture::{StoredRow, command, load, numbered, range, rows, stream};
use crate::error::StoreError;
use crate::memory::MemoryStore;
use crate::model::NewSnapshot;
use crate::shape::Fingerprint;
use crate::store::{Append, AppendOutcome, CloseStreams, EventStore, Load, StreamRange};
use crate::stream::{Revision, StreamId};

/// The outcome, without what differs from store to store.
fn shown(outcome: &AppendOutcome) -> String {
    match outcome {
        AppendOutcome::Appended(appended) => format!("appended {}", appended.positions.len()),
        other => format!("{other:?}"),
    }
}

/// Four hundred random steps, on the store and on [`MemoryStore`]: appends at right and wrong revisions, with
/// and without command ids, batches with and without conditions, snapshots, reads of any range. The seed is
/// fixed.
pub async fn a_random_history_is_that_of_the_reference_store<S: EventStore>(store: S) {
    random_history(&store, None).await;
}

/// The same, with some streams closed.
pub async fn a_random_history_with_closed_streams_is_that_of_the_reference_store<
    S: EventStore + CloseStreams,
>(
    store: S,
) {
    random_history(&store, Some(&store)).await;
}

async fn random_history(store: &impl EventStore, closing: Option<&dyn CloseStreams>) {
    let mut walk = Walk::new(store);
    for step in 0..400 {
        walk.step = step;
        let stream = walk.streams[walk.rng.usize(..walk.streams.len())].clone();
        let (_, _, head) = load(&walk.reference, Load::all(&stream)).await;
        match (walk.rng.u8(..10), closing) {
            (0..=4, _) => walk.append(&stream, head.revision).await,
            (5 | 6, _) => walk.append_all().await,
            (7, _) => walk.save_snapshot(&stream, head.revision).await,
            (8, _) => walk.load(&stream, head.revision).await,
            (9, Some(closing)) if walk.rng.u8(..12) == 0 => {
                let left = closing.close_stream(&stream, head.revision).await.expect("no error");
                let right = walk.reference.close_stream(&stream, head.revision).await.expect("no error");
                assert_eq!(left, right, "step {step}");
            }
            _ => walk.read(&stream).await,
        }
    }
    walk.compare().await;
}

/// The same steps, on a store and on the reference store.
struct Walk<'a, S> {
    store: &'a S,
    reference: MemoryStore,
    rng: Rng,
    step: u64,
    streams: Vec<StreamId>,
    command_ids: Vec<Uuid>,
    fingerprint: Fingerprint,
}

impl<'a, S: EventStore> Walk<'a, S> {
    fn new(store: &'a S) -> Self {
        Self {
            store,
            reference: MemoryStore::new(),
            rng: Rng::with_seed(17),
            step: 0,
            streams: (0..5).map(|number| stream(&number.to_string())).collect(),
            command_ids: (0..8).map(|_| Uuid::now_v7()).collect(),
            fingerprint: Fingerprint::EMPTY.with("model"),
        }
    }

    /// Mostly the right revision, sometimes off by one or two.
    fn guess(&mut self, revision: Revision) -> Revision {
        let revision = revision.get();
        Revision::new(if self.rng.u8(..4) > 0 { revision } else { self.rng.u64(..revision + 3) })
    }

    fn command_id(&mut self) -> Uuid {
        self.command_ids[self.rng.usize(..self.command_ids.len())]
    }

    async fn append(&mut self, stream: &StreamId, revision: Revision) {
        let events = numbered(self.step, self.rng.u64(1..4));
        let id = (self.rng.u8(..3) == 0).then(|| self.command_id());
        let append = Append::new(stream, self.guess(revision), &events).command(id.map(command));
        let (left, right) = (self.store.append(append).await, self.reference.append(append).await);
        let text = |result: Result<AppendOutcome, StoreError>| match result {
            Ok(outcome) => shown(&outcome),
            Err(error) => error.to_string(),
        };
        assert_eq!(text(left), text(right), "step {}", self.step);
    }

    async fn append_all(&mut self) {
        let events = numbered(self.step, 2);
        let mut batch = Vec::new();
        let streams = self.streams.clone();
        for stream in &streams {
            if self.rng.bool() {
                let (_, _, head) = load(&self.reference, Load::all(stream)).await;
                let events = if self.rng.u8(..3) == 0 { &[] } else { events.as_slice() };
                let id = (self.rng.u8(..4) == 0).then(|| self.command_id());
                let part = Append::new(stream, self.guess(head.revision), events);
                batch.push(part.command(id.map(command)));
            }
        }
        let text = |result: Result<Vec<AppendOutcome>, StoreError>| match result {
            Ok(outcomes) => outcomes.iter().map(shown).collect(),
            Err(error) => vec![error.to_string()],
        };
        let (left, right) = (self.store.append_all(&batch).await, self.reference.append_all(&batch).await);
        assert_eq!(text(left), text(right), "step {}", self.step);
    }

    async fn save_snapshot(&mut self, stream: &StreamId, revision: Revision) {
        let revision = self.guess(revision);
        for store in [self.store as &dyn EventStore, &self.reference] {
            let state = format!("\"{revision}\"").into_bytes();
            let snapshot = NewSnapshot::new(stream.clone(), revision, self.fingerprint, state);
            store.save_snapshot(snapshot).await.expect("no error");
        }
    }

    async fn load(&mut self, stream: &StreamId, revision: Revision) {
        let revision = revision.get();
        let (after, up_to) = (self.rng.u64(..revision + 2), self.rng.u64(..revision + 4));
        let part = Load::all(stream)
            .snapshot(self.rng.bool().then_some(self.fingerprint))
            .after(Revision::new(after))
            .up_to(Revision::new(up_to))
            .command_id(Some(self.command_id()));
        let (left, right) = (load(self.store, part).await, load(&self.reference, part).await);
        let seen = |rows: &[StoredRow]| {
            rows.iter().map(|row| (row.revision, row.id, row.payload.clone())).collect::<Vec<_>>()
        };
        assert_eq!((left.0, seen(&left.1), left.2), (right.0, seen(&right.1), right.2), "step {}", self.step);
    }

    async fn read(&mut self, stream: &StreamId) {
        let (from, to) = (self.rng.u64(..9), self.rng.u64(..20));
        let part = StreamRange::from(Revision::new(from)).to(Revision::new(to));
        let part = if self.rng.bool() { part.backward() } else { part };
        let ids = |rows: Vec<StoredRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        let (left, right) =
            (range(self.store, stream, part).await, range(&self.reference, stream, part).await);
        assert_eq!(ids(left), ids(right), "step {}", self.step);
    }

    /// Everything that the walk has stored.
    async fn compare(&self) {
        for stream in &self.streams {
            let (left, right) = (rows(self.store, stream).await, rows(&self.reference, stream).await);
            assert_eq!(left.len(), right.len());
            assert!(left.iter().zip(&right).all(|(l, r)| (l.id, l.revision) == (r.id, r.revision)));
        }
    }
}
