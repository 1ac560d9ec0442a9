//! An instance of a process: its state, its pending timers, and whether it has finished.

use std::collections::BTreeMap;
use std::fmt;

use uuid::Uuid;

use super::Process;
use super::input::{Again, Input};
use super::stepped::Stepped;
use super::steps::{StepError, Steps};
use super::stored_instance::{self, StoredInstance};
use super::timing::{DuePending, Pending};
use crate::codec::Payload;
use crate::model::{Aggregate, AggregateDescription, Events, ReadEvent, Snapshots};
use crate::projection::caught;
use crate::record::{DecodeError, EncodeError, EventType, RawEvent};
use crate::stream::{Revision, StreamId};

/// The fold of a process's stream: the user's state, and what the steps have left pending.
///
/// It is an aggregate on the same streams: `Repository::<Instance<Chase>, _>` shows which timers are pending.
#[non_exhaustive]
pub struct Instance<P> {
    /// The state of the process.
    pub process: P,
    /// The timers that are pending, by their names.
    pub timers: BTreeMap<String, Pending>,
    /// Whether it has finished.
    pub finished: bool,
}

/// What causes a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LedBy<'a> {
    pub(crate) step: Uuid,
    pub(crate) name: &'a str,
    pub(crate) id: Uuid,
}

/// A step, before it is stored.
pub(crate) enum Taken<P: Process> {
    Steps(Steps<P>),
    /// The process has finished, and ignores it.
    Ignored,
}

impl<P: Process> Aggregate for Instance<P> {
    const NAME: &'static str = P::NAME;
    const WAS: &'static [&'static str] = P::WAS;
    const EVENT_NAMES: &'static [(&'static str, &'static [&'static str])] = P::EVENT_NAMES;
    type Id = P::Id;
    type Event = P::Event;

    fn initial() -> Self {
        Self { process: P::initial(), timers: BTreeMap::new(), finished: false }
    }

    fn event_types() -> &'static [EventType] {
        P::event_types()
    }

    fn event_type(event: &Self::Event) -> EventType {
        P::event_type(event)
    }

    fn apply_event(&mut self, event: Self::Event) {
        if let Some(stepped) = P::stepped(&event) {
            self.step(stepped);
        }
        self.process.apply_event(event);
    }

    fn try_clone(&self) -> Option<Self> {
        let process = self.process.try_clone()?;
        Some(Self { process, timers: self.timers.clone(), finished: self.finished })
    }

    fn encode(event: &Self::Event, out: &mut Payload) -> Result<(), EncodeError> {
        P::encode(event, out)
    }

    fn decode(raw: &RawEvent<'_>, out: &mut dyn FnMut(Self::Event)) -> Result<(), DecodeError> {
        P::decode(raw, out)
    }

    fn description() -> &'static AggregateDescription {
        P::description()
    }

    fn read_events() -> &'static [ReadEvent] {
        P::read_events()
    }

    fn snapshots() -> Option<Snapshots<Self>> {
        let of = P::snapshots()?;
        Some(Snapshots {
            every: of.every,
            fingerprint: of.fingerprint.with(stored_instance::FORM),
            encode: |instance, out| {
                let Self { process, timers, finished } = instance;
                let process = stored_instance::state(process)?;
                StoredInstance { finished: *finished, timers: timers.clone(), process }.write(out)
            },
            decode: |json| {
                let kept = StoredInstance::read(json)?;
                let process = kept.process()?;
                Ok(Self { process, timers: kept.timers, finished: kept.finished })
            },
            describe: of.describe,
        })
    }
}

impl<P: Process> Instance<P> {
    fn step(&mut self, stepped: &Stepped) {
        for name in &stepped.cancelled {
            self.timers.remove(name);
        }
        for timer in &stepped.scheduled {
            let pending = Pending {
                version: timer.version,
                due: timer.due,
                payload: timer.payload.clone(),
                scheduled_by: stepped.step,
            };
            self.timers.insert(timer.name.clone(), pending);
        }
        self.finished = stepped.finished;
        if self.finished {
            self.timers.clear();
        }
    }

    /// How it reacts to an event.
    pub(crate) fn on(&self, input: &P::Input) -> Taken<P> {
        if !self.finished {
            return Taken::Steps(input.on(&self.process));
        }
        match input.again(&self.process) {
            Again::Start(steps) if !steps.is_empty() => Taken::Steps(steps),
            Again::Start(_) | Again::Ignored => Taken::Ignored,
        }
    }

    /// How it reacts to a timer, if that is still pending as that step scheduled it.
    pub(crate) fn on_timer(
        &self,
        (id, stream, revision): (P::Id, &StreamId, Revision),
        name: &str,
        scheduled_by: Uuid,
    ) -> Result<Option<Steps<P>>, DecodeError> {
        let pending = self.timers.get(name).filter(|pending| pending.scheduled_by == scheduled_by);
        let Some(pending) = pending else { return Ok(None) };
        let mut fired = self.process.on_pending(DuePending { id, stream, revision, name, pending })?;
        fired.drop_timer(name);
        Ok(Some(fired))
    }
}

impl<P: Process> Steps<P> {
    /// The events of the step; none if it does nothing.
    pub(crate) fn into_events(self, by: LedBy<'_>) -> Result<Events<Instance<P>>, StepError> {
        let mut all = Events::none();
        if self.is_empty() {
            return Ok(all);
        }
        let Self { events, sent, scheduled, cancelled, finished, failed } = self;
        if let Some(error) = failed {
            return Err(error);
        }
        events.into_iter().for_each(|event| all.push_event(event));
        let stepped = Stepped {
            step: by.step,
            input: by.name.to_owned(),
            input_id: by.id,
            sent,
            scheduled,
            cancelled,
            finished,
        };
        all.push_event(stepped.into());
        Ok(all)
    }
}

/// Calls the code of a process; a panic in it is an error like any other.
pub(crate) fn asked<T>(code: impl FnOnce() -> T) -> Result<T, StepError> {
    caught(code).map_err(|panic| StepError::Panicked { message: panic.to_string() })
}

/// How the process reacts to a rejection; nothing once it has finished.
pub(crate) fn unless_finished<P: Process>(
    instance: &Instance<P>,
    steps: impl FnOnce() -> Steps<P>,
) -> Result<Taken<P>, StepError> {
    if instance.finished { Ok(Taken::Ignored) } else { asked(steps).map(Taken::Steps) }
}

impl<P: fmt::Debug> fmt::Debug for Instance<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("process", &self.process)
            .field("timers", &self.timers.keys().collect::<Vec<_>>())
            .field("finished", &self.finished)
            .finish()
    }
}
