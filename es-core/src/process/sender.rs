//! The sender of a process: executes the commands of its steps, in order for each instance.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Process;
use super::clock::Clock;
use super::deliver::DeliveryError;
use super::delivery::{CommandDelivery, Targets};
use super::side_by_side::{Groups, Prepare};
use super::step::Steppers;
use super::stepped::Stepped;
use crate::__private::decode_recorded;
use crate::model::{Event as _, ReadEvent};
use crate::projection::Done;
use crate::reactor::Effects;
use crate::record::{BoxError, DecodeError, Metadata, RawEvent, Recorded};
use crate::store::Filter;

/// Sends the commands of a process: what [`ProcessRunner::sender`](super::ProcessRunner::sender) runs.
pub struct Sender<P: Process> {
    pub(super) steppers: Steppers<P>,
    pub(super) targets: Arc<Targets>,
    pub(super) clock: Clock,
    /// For how long the ledgers of all targets keep commands; without it, there is no limit.
    pub(super) ledgers_keep: Option<Duration>,
}

impl<P: Process> Clone for Sender<P> {
    fn clone(&self) -> Self {
        Self {
            steppers: self.steppers.clone(),
            targets: Arc::clone(&self.targets),
            clock: self.clock.clone(),
            ledgers_keep: self.ledgers_keep,
        }
    }
}

/// The steps of a process, whichever instance they are of.
pub(super) fn steps_of<P: Process>() -> Filter {
    Filter::new().aggregate::<P>().event::<Stepped>()
}

impl<P: Process> Effects for Sender<P> {
    const KIND: &'static str = "process";
    const NAME: &'static str = P::SENDER;
    type Event = Arc<Recorded<Stepped>>;

    fn filter() -> Filter {
        steps_of::<P>()
    }

    fn decode(raw: &RawEvent<'_>) -> Result<Option<Self::Event>, DecodeError> {
        let stepped = raw.name == Stepped::NAME;
        stepped.then(|| decode_recorded::<Stepped>(raw).map(Arc::new)).transpose()
    }

    fn events() -> &'static [ReadEvent] {
        P::description().beside
    }

    async fn run(&self, events: &[Self::Event]) -> Done {
        let mut groups = Groups::new();
        for (at, step) in events.iter().enumerate().filter(|(_, step)| !step.event.sent.is_empty()) {
            groups.push(step.stream.key(), at, Arc::clone(step));
        }
        let this = self.clone();
        let work = move |step: Arc<Recorded<Stepped>>| {
            let this = this.clone();
            async move { this.send(&step).await }
        };
        groups.run(events.len(), self, work).await
    }
}

/// Loads the aggregates that the commands are for together.
impl<P: Process> Prepare<Arc<Recorded<Stepped>>> for Sender<P> {
    /// By the name of the aggregate.
    type Keys = BTreeMap<String, Vec<String>>;

    fn keys(&self, groups: &[Vec<(usize, Arc<Recorded<Stepped>>)>]) -> Self::Keys {
        let mut keys = Self::Keys::new();
        for sent in groups.iter().flatten().flat_map(|(_, step)| &step.event.sent) {
            keys.entry(sent.target.clone()).or_default().push(sent.key.clone());
        }
        keys
    }

    async fn prepare(&self, keys: Self::Keys) {
        for (target, keys) in keys {
            let keys: Vec<_> = keys.iter().map(String::as_str).collect();
            self.targets.warm(&target, &keys).await;
        }
    }
}

impl<P: Process> Sender<P> {
    async fn send(&self, step: &Recorded<Stepped>) -> Result<(), BoxError> {
        for (number, sent) in step.event.sent.iter().enumerate() {
            if let Some(keep) = self.ledgers_keep
                && self.clock.now() - step.recorded_at > keep
            {
                let (name, decided) = (sent.name.clone(), step.recorded_at);
                return Err(DeliveryError::LedgerPruned { name, decided }.into());
            }
            let mut metadata = Metadata::new().causation_id(step.event_id);
            metadata.correlation_id = step.metadata.correlation_id;
            metadata.occurred_at = step.metadata.occurred_at;
            let delivery = CommandDelivery {
                targets: &self.targets,
                steppers: &self.steppers,
                stream: &step.stream,
                revision: step.revision,
                step: step.event.step,
                number,
                sent,
                metadata,
            };
            P::deliver(delivery).await?;
        }
        Ok(())
    }
}

impl<P: Process> std::fmt::Debug for Sender<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("process", &P::NAME).finish_non_exhaustive()
    }
}
