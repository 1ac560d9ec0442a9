//! What a process decides on an input.

use std::fmt;

use time::OffsetDateTime;

use super::stepped::{Scheduled, Sent};
use super::wire::{Command, Schedules, Sends, Timer};
use crate::codec::Payload;
use crate::model::{Aggregate, Event, Events, IntoEvents};
use crate::record::{DecodeError, EncodeError, stored_time};
use crate::stream::StreamKey;

/// How a process reacts to an input: events of its own, commands to send, timers, and its end. Made by
/// [`steps`]; empty steps do nothing.
///
/// All of it is one append to the stream of the process.
#[must_use = "steps do nothing unless they are returned"]
pub struct Steps<P: Aggregate> {
    pub(crate) events: Events<P>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) scheduled: Vec<Scheduled>,
    pub(crate) cancelled: Vec<String>,
    pub(crate) finished: bool,
    /// The first part that cannot be stored; nothing of the step is stored then.
    pub(crate) failed: Option<StepError>,
}

/// Why a step cannot be stored. Nothing of it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// A command or a timer cannot be written as JSON.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The time of a timer cannot be stored.
    #[error(
        "the timer `{timer}` is due at a time that cannot be stored; write one between the years -4712 and \
         9999"
    )]
    TimeOutOfRange {
        /// The name of the timer.
        timer: &'static str,
    },
    /// The code of the process has panicked.
    #[error("{message}")]
    Panicked {
        /// The panic message.
        message: String,
    },
    /// The key of a stream is not an id of the process.
    #[error("the key of the stream is not an id of the process")]
    Key,
    /// A pending timer, or a command, cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// Starts building the reaction to an input; on its own it does nothing.
pub fn steps<P: Aggregate>() -> Steps<P> {
    Steps {
        events: Events::none(),
        sent: Vec::new(),
        scheduled: Vec::new(),
        cancelled: Vec::new(),
        finished: false,
        failed: None,
    }
}

#[allow(clippy::needless_pass_by_value, reason = "what is stored is handed over, as events are")]
impl<P: Aggregate> Steps<P> {
    /// Records events of the process itself, before everything else in the step.
    pub fn record(mut self, events: impl IntoEvents<P>) -> Self {
        self.events.push(events);
        self
    }

    /// Sends a command to an aggregate: exactly once in effect, after the step is stored. Commands of one
    /// process are sent in order. If it is rejected, [`OnRejected`](super::OnRejected) decides what to do
    /// next.
    pub fn send<C: Command>(mut self, id: <P::Target as Aggregate>::Id, command: C) -> Self
    where
        P: Sends<C>,
    {
        match encoded(&command) {
            Ok(payload) => self.sent.push(Sent {
                name: C::NAME.to_owned(),
                version: C::WRITTEN_VERSION,
                target: P::Target::NAME.to_owned(),
                key: id.to_key().into_owned(),
                payload,
            }),
            Err(error) => self.fail(error.into()),
        }
        self
    }

    /// Schedules a timer, replacing a pending one of the same type. A due time in the past fires at once.
    pub fn schedule<T: Timer>(mut self, timer: T, at: OffsetDateTime) -> Self
    where
        P: Schedules<T>,
    {
        self.scheduled.retain(|scheduled| scheduled.name != T::NAME);
        match (encoded(&timer), stored_time(at)) {
            (Ok(payload), Some(due)) => {
                let (name, version) = (T::NAME.to_owned(), T::WRITTEN_VERSION);
                self.scheduled.push(Scheduled { name, version, due, payload });
            }
            (Ok(_), None) => self.fail(StepError::TimeOutOfRange { timer: T::NAME }),
            (Err(error), _) => self.fail(error.into()),
        }
        self
    }

    /// Cancels the pending timer of this type, if there is one, and one that this step has scheduled before.
    pub fn cancel<T: Timer>(mut self) -> Self
    where
        P: Schedules<T>,
    {
        self.scheduled.retain(|scheduled| scheduled.name != T::NAME);
        self.drop_timer(T::NAME);
        // A timer that was scheduled under a former name.
        T::WAS.iter().for_each(|was| self.drop_timer(was));
        self
    }

    /// Finishes the process: its timers are removed, and later inputs are ignored, unless
    /// [`On::again`](super::On::again) decides otherwise. Commands of this step are still sent.
    pub const fn finish(mut self) -> Self {
        self.finished = true;
        self
    }

    /// Whether it does nothing: then nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { events, sent, scheduled, cancelled, finished, failed } = self;
        events.is_empty()
            && sent.is_empty()
            && scheduled.is_empty()
            && cancelled.is_empty()
            && !finished
            && failed.is_none()
    }

    pub(crate) fn drop_timer(&mut self, name: &str) {
        if !self.cancelled.iter().any(|cancelled| cancelled == name) {
            self.cancelled.push(name.to_owned());
        }
    }

    fn fail(&mut self, error: StepError) {
        self.failed.get_or_insert(error);
    }
}

fn encoded<E: Event>(value: &E) -> Result<String, EncodeError> {
    let mut payload = Payload::new();
    value.encode(&mut payload)?;
    String::from_utf8(payload.into_vec()).map_err(|error| EncodeError {
        name: E::NAME,
        version: E::VERSION,
        source: error.into(),
    })
}

impl<P: Aggregate> fmt::Debug for Steps<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |sent: &[Sent]| sent.iter().map(|sent| sent.name.clone()).collect::<Vec<_>>();
        let timers: Vec<_> = self.scheduled.iter().map(|timer| &timer.name).collect();
        f.debug_struct("Steps")
            .field("events", &self.events)
            .field("sent", &names(&self.sent))
            .field("scheduled", &timers)
            .field("cancelled", &self.cancelled)
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}
