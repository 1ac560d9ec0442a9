//! The inputs of a process: each event becomes a step of one instance.

use std::sync::Arc;

use super::clock::Clock;
use super::input::Input;
use super::instance::{LedBy, asked};
use super::side_by_side::{Groups, Prepare};
use super::step::Steppers;
use super::steps::StepError;
use super::{Process, ids};
use crate::error::ExecuteError;
use crate::model::ReadEvent;
use crate::projection::Done;
use crate::reactor::Effects;
use crate::record::{BoxError, DecodeError, Envelope, Metadata, RawEvent};
use crate::store::Filter;
use crate::stream::StreamKey as _;

/// Processes the inputs of a process: what [`ProcessRunner::inputs`](super::ProcessRunner::inputs) runs.
pub struct Inputs<P: Process> {
    pub(super) steppers: Steppers<P>,
    pub(super) clock: Clock,
}

impl<P: Process> Clone for Inputs<P> {
    fn clone(&self) -> Self {
        Self { steppers: self.steppers.clone(), clock: self.clock.clone() }
    }
}

impl<P: Process> Effects for Inputs<P> {
    const KIND: &'static str = "process";
    const NAME: &'static str = P::INPUTS;
    type Event = Arc<P::Input>;

    fn filter() -> Filter {
        P::Input::filter()
    }

    fn decode(raw: &RawEvent<'_>) -> Result<Option<Self::Event>, DecodeError> {
        Ok(P::Input::decode(raw)?.map(Arc::new))
    }

    fn events() -> &'static [ReadEvent] {
        P::Input::events()
    }

    async fn run(&self, events: &[Self::Event]) -> Done {
        let mut groups = Groups::new();
        for (at, input) in events.iter().enumerate() {
            match asked(|| input.correlate()) {
                Ok(Some(id)) => {
                    let key = id.to_key().into_owned();
                    groups.push(&key, at, (id, Arc::clone(input)));
                }
                Ok(None) => self.steppers.counters.unrelated.count(),
                Err(error) => {
                    groups.fail(at, error.into());
                    break;
                }
            }
        }
        let this = self.clone();
        let work = move |(id, input): (P::Id, Arc<P::Input>)| {
            let this = this.clone();
            async move { this.one(&id, &input).await }
        };
        let done = groups.run(events.len(), self, work).await;
        // Not before: an earlier input of another instance may still have been running.
        if let Some(last) = events[..done.events()].iter().map(|input| input.about().occurred_at()).max() {
            self.clock.seen(last);
        }
        done
    }
}

/// Loads the instances together.
impl<P: Process> Prepare<(P::Id, Arc<P::Input>)> for Inputs<P> {
    type Keys = Vec<String>;

    fn keys(&self, groups: &[Vec<(usize, (P::Id, Arc<P::Input>))>]) -> Vec<String> {
        groups.iter().filter_map(|jobs| jobs.first()).map(|(_, (id, _))| id.to_key().into_owned()).collect()
    }

    async fn prepare(&self, keys: Vec<String>) {
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        self.steppers.own.warm(&keys).await;
    }
}

impl<P: Process> Inputs<P> {
    async fn one(&self, id: &P::Id, input: &P::Input) -> Result<(), BoxError> {
        let about = input.about();
        if self.clock.follows() {
            self.timers_before(id, about).await?;
        }
        let step = ids::of_input(P::NAME, &id.to_key(), about.event_id);
        let by = LedBy { step, name: about.name, id: about.event_id };
        let metadata = self.metadata(about);
        let taken = self.steppers.take(id, by, metadata, |instance| asked(|| instance.on(input))).await;
        taken.map(|_| ()).map_err(cause)
    }

    /// Fires the timers of an instance that were due when the input occurred.
    async fn timers_before(&self, id: &P::Id, about: Envelope<'_>) -> Result<(), BoxError> {
        let own = &self.steppers.own;
        loop {
            let loaded = own.load(id).await?;
            let due = loaded.state.timers.iter().filter(|(_, timer)| timer.due <= about.occurred_at());
            let Some((name, pending)) = due.min_by_key(|(_, timer)| timer.due) else { return Ok(()) };
            let place = (id, loaded.revision, pending.due);
            self.steppers.fire(place, name, pending.scheduled_by, &self.clock).await.map_err(cause)?;
        }
    }

    fn metadata(&self, about: Envelope<'_>) -> Metadata {
        let mut metadata = Metadata::new().causation_id(about.event_id);
        metadata.correlation_id = about.metadata.correlation_id;
        metadata.occurred_at = self.clock.follows().then_some(about.occurred_at());
        metadata
    }
}

/// The error without the part that is only for callers: its cause tells whether it is transient.
pub(super) fn cause(error: ExecuteError<StepError>) -> BoxError {
    match error {
        ExecuteError::Store(error) => error.into(),
        ExecuteError::Rejected(error) => error.into(),
        error @ ExecuteError::Conflict { .. } => error.into(),
    }
}

impl<P: Process> std::fmt::Debug for Inputs<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inputs").field("process", &P::NAME).finish_non_exhaustive()
    }
}
