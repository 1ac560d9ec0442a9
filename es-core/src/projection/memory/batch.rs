//! A batch on a model in memory: it works on a copy, which replaces the model at its end.

use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use time::OffsetDateTime;
use tokio::sync::OwnedMutexGuard;

use super::state::{ParkedEvents, Stand, State};
use crate::latch::hold;
use crate::projection::batch::{Batch, Committed, Parked};
use crate::projection::error::ProjectorError;
use crate::projection::letters::{DeadLetter, LetterPlace};
use crate::projection::target::{Begun, Step};
use crate::projection::{Partition, Projection};
use crate::record::BoxError;
use crate::store::Checkpoint;
use crate::stream::{Position, Revision, StreamId};

/// A batch of a [`MemoryTarget`](super::MemoryTarget).
#[derive(Debug)]
pub struct MemoryBatch<P, M> {
    state: Arc<Mutex<State<M>>>,
    model: M,
    /// The model before an event that may have to be undone.
    before: Option<M>,
    letters: Arc<ParkedEvents>,
    /// The streams whose events have to wait for dead letters.
    parked: HashSet<StreamId>,
    to: Option<MovedCheckpoint>,
    /// No other batch begins.
    turn: OwnedMutexGuard<()>,
    projection: PhantomData<fn() -> P>,
}

/// The state of a partition after a batch.
#[derive(Debug)]
struct MovedCheckpoint {
    partition: Partition,
    checkpoint: Checkpoint,
    events: usize,
    per_second: f64,
    owner: String,
}

impl<P: Projection, M: Clone + Send + Sync> MemoryBatch<P, M> {
    pub(super) async fn begin(
        state: &Arc<Mutex<State<M>>>,
        step: &Step<'_>,
    ) -> Result<Begun<Self, ()>, ProjectorError> {
        let turn = turn::<P, M>(state).await?;
        let mut held = hold(state);
        let build = held.build_mut::<P>()?;
        let open = |stand: &mut Stand| {
            stand.checkpoint == step.from && step.epoch.is_none_or(|epoch| epoch == stand.lease.epoch)
        };
        if !build.stand_mut(step.partition).is_some_and(open) {
            return Ok(Begun::Overtaken(()));
        }
        let moved = MovedCheckpoint {
            partition: step.partition,
            checkpoint: step.to,
            events: step.events,
            per_second: step.per_second,
            owner: step.owner.to_owned(),
        };
        let (model, letters) = (Arc::clone(&build.model), Arc::clone(&build.letters));
        drop(held);
        Ok(Begun::Batch(Self::on(state, &model, letters, Some(moved), turn)))
    }

    pub(super) async fn begin_letters(state: &Arc<Mutex<State<M>>>) -> Result<Self, ProjectorError> {
        let turn = turn::<P, M>(state).await?;
        let (model, letters) = {
            let held = hold(state);
            let build = held.build::<P>()?;
            (Arc::clone(&build.model), Arc::clone(&build.letters))
        };
        Ok(Self::on(state, &model, letters, None, turn))
    }

    fn on(
        state: &Arc<Mutex<State<M>>>,
        model: &M,
        letters: Arc<ParkedEvents>,
        to: Option<MovedCheckpoint>,
        turn: OwnedMutexGuard<()>,
    ) -> Self {
        let parked = letters.values().map(|letter| letter.stream.clone()).collect();
        let (state, model) = (Arc::clone(state), model.clone());
        Self { state, model, before: None, letters, parked, to, turn, projection: PhantomData }
    }
}

/// Waits until the build has no running batch.
pub(super) async fn turn<P: Projection, M: Send + Sync>(
    state: &Mutex<State<M>>,
) -> Result<OwnedMutexGuard<()>, ProjectorError> {
    let turn = Arc::clone(&hold(state).build::<P>()?.turn);
    let held = turn.lock_owned().await;
    // Its build may have been dropped, and another one created, in the meantime.
    match Arc::ptr_eq(OwnedMutexGuard::mutex(&held), &hold(state).build::<P>()?.turn) {
        true => Ok(held),
        false => Err(ProjectorError::not_set_up::<P>()),
    }
}

impl<P, M> Batch<P> for MemoryBatch<P, M>
where
    P: Projection<Model = M>,
    M: Clone + Send + Sync + 'static,
{
    type Session = ();

    fn model(&mut self) -> &mut M {
        &mut self.model
    }

    fn parks_some(&self) -> bool {
        !self.parked.is_empty()
    }

    fn parks(&self, stream: &StreamId) -> bool {
        self.parked.contains(stream)
    }

    async fn park(&mut self, letter: &Parked<'_>) -> Result<(), ProjectorError> {
        let place = letter.place;
        let parked_at = OffsetDateTime::now_utc();
        let mut kept = DeadLetter::new(place.stream.clone(), place.revision, place.position, parked_at);
        letter.event.clone_into(&mut kept.event);
        letter.reason.clone_into(&mut kept.reason);
        kept.event_id = Some(place.event_id);
        kept.attempts = letter.attempts;
        Arc::make_mut(&mut self.letters).insert(place.position, kept);
        self.parked.insert(place.stream.clone());
        Ok(())
    }

    async fn commit(self) -> Result<Committed<Self, ()>, ProjectorError> {
        let mut state = hold(&self.state);
        let build = state.build_mut::<P>()?;
        if !Arc::ptr_eq(OwnedMutexGuard::mutex(&self.turn), &build.turn) {
            return Err(ProjectorError::not_set_up::<P>());
        }
        if let Some(moved) = self.to {
            let stand = build.stand_mut(moved.partition).ok_or_else(ProjectorError::not_set_up::<P>)?;
            stand.checkpoint = moved.checkpoint;
            stand.projected += moved.events as u64;
            stand.per_second = moved.per_second;
            stand.owner = Some(moved.owner);
            stand.updated_at = OffsetDateTime::now_utc();
            stand.failure = None;
        }
        (build.model, build.letters) = (Arc::new(self.model), self.letters);
        Ok(Committed::Done(()))
    }

    async fn roll_back(self) -> Result<(), ProjectorError> {
        Ok(())
    }

    async fn letters_of(
        &mut self,
        stream: &StreamId,
        after: Revision,
        limit: usize,
    ) -> Result<Vec<LetterPlace>, ProjectorError> {
        let of = |letter: &&DeadLetter| letter.stream == *stream && letter.revision > after;
        let letters = self.letters.values().filter(of).take(limit);
        Ok(letters.map(|l| LetterPlace::new(l.revision, l.position, l.event_id)).collect())
    }

    async fn begin_event(&mut self) -> Result<(), ProjectorError> {
        self.before = Some(self.model.clone());
        Ok(())
    }

    async fn end_event(&mut self) -> Result<Option<BoxError>, ProjectorError> {
        self.before = None;
        Ok(None)
    }

    async fn undo_event(&mut self) -> Result<(), ProjectorError> {
        if let Some(before) = self.before.take() {
            self.model = before;
        }
        Ok(())
    }

    async fn remove_letter(&mut self, position: Position) -> Result<(), ProjectorError> {
        Arc::make_mut(&mut self.letters).remove(&position);
        Ok(())
    }

    async fn keep_letter(&mut self, position: Position, reason: &str) -> Result<(), ProjectorError> {
        if let Some(letter) = Arc::make_mut(&mut self.letters).get_mut(&position) {
            letter.attempts = letter.attempts.saturating_add(1);
            reason.clone_into(&mut letter.reason);
        }
        Ok(())
    }

    async fn count_letters(&mut self, stream: &StreamId) -> Result<usize, ProjectorError> {
        Ok(self.letters.values().filter(|letter| letter.stream == *stream).count())
    }
}
