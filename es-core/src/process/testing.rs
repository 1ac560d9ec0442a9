//! Testing a process without a store: given these inputs, then those commands and timers.

use std::fmt::{self, Debug};
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::input::{Again, On};
use super::instance::{Instance, LedBy, Taken};
use super::rejecting::{OnRejected, Rejected};
use super::stepped::{Scheduled, Sent};
use super::steps::Steps;
use super::wire::{Command, Sends};
use super::{Process, ids};
use crate::codec::canonical;
use crate::model::{Aggregate, Event, Events, Handle, IntoEvents};
use crate::record::{EventType, Metadata, RawEvent, Recorded, stored_now};
use crate::stream::{Position, Revision, StreamId, StreamKey};
use crate::testing::{Given, Shown, assert_same_state, difference, given, shown};

/// Starts a test of one instance of a process, on which nothing has happened.
///
/// ```
/// # use es_core::process::{Due, On, OnTimer, Process, Steps, command, steps, timer};
/// # use es_core::{Aggregate, Apply, Events, Handle, Recorded, emit, event};
/// # use std::convert::Infallible;
/// # #[event(name = "application.submitted")] pub struct Submitted {}
/// # #[event(name = "application.reminded")] pub struct Reminded {}
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(name = "application", id = String, events(Reminded))]
/// # pub struct Application;
/// # impl Apply<Reminded> for Application { fn apply(&mut self, _: Reminded) {} }
/// # #[command(name = "application.remind")] pub struct Remind {}
/// # impl Handle<Remind> for Application {
/// #     type Error = Infallible;
/// #     fn handle(&self, _: &Remind) -> Result<Events<Self>, Infallible> { emit(Reminded {}) }
/// # }
/// # #[timer(name = "chase.silence")] pub struct Silence {}
/// # #[derive(Aggregate, Process, Default)]
/// # #[aggregate(name = "chase", id = String)]
/// # #[process(on(Submitted), timers(Silence), sends(Application: Remind))]
/// # pub struct Chase;
/// # impl On<Submitted> for Chase {
/// #     fn correlate(event: &Recorded<Submitted>) -> Option<String> { Some(event.stream.key().to_owned()) }
/// #     fn on(&self, event: &Recorded<Submitted>) -> Steps<Self> {
/// #         steps().schedule(Silence {}, event.occurred_at() + time::Duration::days(30))
/// #     }
/// # }
/// # impl OnTimer<Silence> for Chase {
/// #     fn on_timer(&self, due: &Due<Self, Silence>) -> Steps<Self> {
/// #         steps().send(due.id.clone(), Remind {}).finish()
/// #     }
/// # }
/// use es_core::process::given_process;
/// use time::macros::datetime;
///
/// given_process::<Chase>()
///     .at(datetime!(2026-11-01 12:00 UTC))
///     .input_of("A-17", Submitted {})
///     .then_timers(steps().schedule(Silence {}, datetime!(2026-12-01 12:00 UTC)))
///     .at(datetime!(2026-12-01 12:00 UTC))
///     .then_commands(steps().send("A-17".to_owned(), Remind {}))
///     .then_finished();
/// ```
#[must_use = "a process alone tests nothing"]
pub fn given_process<P: Process>() -> GivenProcess<P> {
    GivenProcess { given: given(()), now: stored_now(), key: None, last: LastStep::default(), steps: 0 }
}

/// An instance of a process, and the outcome of its last step.
pub struct GivenProcess<P: Process> {
    given: Given<Instance<P>>,
    now: OffsetDateTime,
    /// The key of the instance, once an input has determined it.
    key: Option<String>,
    last: LastStep,
    steps: u128,
}

/// The outcome of the last input, or of the timers that fired last.
#[derive(Default)]
struct LastStep {
    events: Vec<Shown>,
    sent: Vec<Sent>,
    scheduled: Vec<Scheduled>,
    cancelled: Vec<String>,
}

#[allow(clippy::needless_pass_by_value, reason = "steps are made where they are compared")]
impl<P: Process> GivenProcess<P> {
    /// Sets the clock. What is due by then fires, in order, and makes up the last step.
    ///
    /// # Panics
    ///
    /// When a timer cannot be read, or its step cannot be stored.
    #[track_caller]
    pub fn at(mut self, time: OffsetDateTime) -> Self {
        self.now = time;
        self.last = LastStep::default();
        loop {
            let timers = self.given.state.timers.iter().filter(|(_, timer)| timer.due <= time);
            let Some((name, pending)) = timers.min_by_key(|(_, timer)| timer.due) else { return self };
            let (name, scheduled_by) = (name.clone(), pending.scheduled_by);
            let stream = self.stream();
            let fired = self.given.state.on_timer((self.id(), &stream, Revision::EMPTY), &name, scheduled_by);
            match fired {
                Ok(Some(steps)) => self = self.take(&name, steps, Keep::Both),
                Ok(None) => return self,
                Err(error) => panic!("a timer cannot be read: {error}"),
            }
        }
    }

    /// Processes an event of the stream `test` that occurs now.
    ///
    /// # Panics
    ///
    /// As [`input_of`](Self::input_of).
    #[track_caller]
    pub fn input<E: Event>(self, event: E) -> Self
    where
        P: On<E>,
    {
        self.input_of("test", event)
    }

    /// Processes an event of the stream of this key that occurs now.
    ///
    /// # Panics
    ///
    /// When the event is for another instance than the first one was, or when the step cannot be stored.
    #[track_caller]
    pub fn input_of<E: Event>(mut self, key: &str, event: E) -> Self
    where
        P: On<E>,
    {
        self.last = LastStep::default();
        let event = self.recorded(key, event);
        let Some(id) = P::correlate(&event) else { return self };
        let key = id.to_key().into_owned();
        match &self.key {
            Some(known) if *known != key => {
                panic!("the event is for the instance `{key}`, but this test is about `{known}`")
            }
            _ => self.key = Some(key),
        }
        let instance = &self.given.state;
        let taken = match instance.finished {
            false => Taken::Steps(instance.process.on(&event)),
            true => match instance.process.again(&event) {
                Again::Start(steps) => Taken::Steps(steps),
                Again::Ignored => Taken::Ignored,
            },
        };
        match taken {
            Taken::Steps(steps) => self.take(E::NAME, steps, Keep::Last),
            Taken::Ignored => self,
        }
    }

    /// Makes the target reject a command for this reason.
    ///
    /// # Panics
    ///
    /// When the step cannot be stored.
    #[track_caller]
    pub fn rejected<C: Command>(
        mut self,
        target: &<P::Target as Aggregate>::Id,
        command: &C,
        error: &<P::Target as Handle<C>>::Error,
    ) -> Self
    where
        P: OnRejected<C> + Sends<C>,
    {
        self.last = LastStep::default();
        if self.given.state.finished {
            return self;
        }
        let id = self.id();
        let steps = self.given.state.process.on_rejected(&Rejected { id: &id, command, target, error });
        self.take(C::NAME, steps, Keep::Last)
    }

    /// The last step records exactly these events; `()` for none.
    ///
    /// # Panics
    ///
    /// When it records others.
    #[track_caller]
    pub fn then_events(self, expected: impl IntoEvents<P>) -> Self {
        let mut all = Events::none();
        all.push(expected);
        let expected: Vec<_> = all.iter().map(|event| shown::<P>(event)).collect();
        assert_same("the process records other events", &expected, &self.last.events);
        self
    }

    /// The last step sends exactly the commands that these steps send.
    ///
    /// # Panics
    ///
    /// When it sends others.
    #[track_caller]
    pub fn then_commands(self, expected: Steps<P>) -> Self {
        let show = |sent: &[Sent]| sent.iter().map(sent_line).collect::<Vec<_>>();
        let (expected, found) = (show(&expected.sent), show(&self.last.sent));
        assert_same("the process sends other commands", &expected, &found);
        self
    }

    /// The last step schedules and cancels exactly the timers that these steps schedule and cancel.
    ///
    /// # Panics
    ///
    /// When it does otherwise.
    #[track_caller]
    pub fn then_timers(self, expected: Steps<P>) -> Self {
        let show = |scheduled: &[Scheduled], cancelled: &[String]| {
            let cancelled = cancelled.iter().map(|name| format!("cancelled: {name}"));
            cancelled.chain(scheduled.iter().map(scheduled_line)).collect::<Vec<_>>()
        };
        let found = show(&self.last.scheduled, &self.last.cancelled);
        assert_same("other timers", &show(&expected.scheduled, &expected.cancelled), &found);
        self
    }

    /// The process has finished.
    ///
    /// # Panics
    ///
    /// When it has not.
    #[track_caller]
    pub fn then_finished(self) -> Self {
        assert!(self.given.state.finished, "the process has not finished");
        self
    }

    /// Compares the state.
    ///
    /// # Panics
    ///
    /// When it differs.
    #[track_caller]
    pub fn then_state(self, expected: &P) -> Self
    where
        P: PartialEq + Debug,
    {
        assert_same_state(&self.given.state.process, expected);
        self
    }

    /// Stores a step as a runner does, and folds it.
    #[track_caller]
    fn take(mut self, name: &str, steps: Steps<P>, keep: Keep) -> Self {
        self.steps += 1;
        let id = ids::of_input(P::NAME, "", Uuid::from_u128(self.steps));
        let events = match steps.into_events(LedBy { step: id, name, id }) {
            Ok(events) => events,
            Err(error) => panic!("the step cannot be stored: {error}"),
        };
        if keep == Keep::Last {
            self.last = LastStep::default();
        }
        for event in &events {
            match P::stepped(event) {
                None => self.last.events.push(shown::<Instance<P>>(event)),
                Some(stepped) => {
                    self.last.sent.extend(stepped.sent.iter().cloned());
                    self.last.scheduled.extend(stepped.scheduled.iter().cloned());
                    let cancelled = stepped.cancelled.iter().filter(|cancelled| *cancelled != name);
                    self.last.cancelled.extend(cancelled.cloned());
                }
            }
        }
        self.given = self.given.and(events);
        self
    }

    #[track_caller]
    fn recorded<E: Event>(&self, key: &str, event: E) -> Recorded<E> {
        let stream = match StreamId::new("test", key) {
            Ok(stream) => stream,
            Err(error) => panic!("{error}"),
        };
        let metadata = Arc::new(Metadata::new().occurred_at(self.now));
        let raw = RawEvent {
            stream: &stream,
            revision: Revision::new(1),
            position: Position::new(1),
            event_id: Uuid::now_v7(),
            name: E::NAME,
            version: E::VERSION,
            payload: b"{}",
            recorded_at: self.now,
            occurred: Some(self.now),
            correlation_id: None,
            causation_id: None,
            metadata: None,
        };
        Recorded::new(&raw, event, EventType::of::<E>(), metadata)
    }

    #[track_caller]
    fn stream(&self) -> StreamId {
        match StreamId::new(P::NAME, self.key.as_deref().unwrap_or("test")) {
            Ok(stream) => stream,
            Err(error) => panic!("{error}"),
        }
    }

    #[track_caller]
    fn id(&self) -> P::Id {
        match P::Id::from_key(self.key.as_deref().unwrap_or("test")) {
            Ok(id) => id,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Whether the earlier steps of the same call count as well.
#[derive(Clone, Copy, PartialEq)]
enum Keep {
    Last,
    Both,
}

fn sent_line(sent: &Sent) -> String {
    let Sent { name, version, target, key, payload } = sent;
    format!("{name} v{version} to {target} {key:?} {}", text(payload))
}

fn scheduled_line(timer: &Scheduled) -> String {
    let Scheduled { name, version, due, payload } = timer;
    format!("{name} v{version} at {due} {}", text(payload))
}

fn text(payload: &str) -> String {
    canonical(payload.as_bytes()).unwrap_or_else(|_| payload.to_owned())
}

#[track_caller]
fn assert_same<T: PartialEq + fmt::Display>(what: &str, expected: &[T], found: &[T]) {
    if let Some(difference) = difference(expected, found) {
        panic!("{what}\n{difference}");
    }
}

impl<P: Process> Debug for GivenProcess<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenProcess")
            .field("process", &P::NAME)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
