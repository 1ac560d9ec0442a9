//! Testing an aggregate without a store: given these events, when this command, then those events.
//!
//! ```
//! # use es_core::{Aggregate, Apply, Events, Handle, emit, event};
//! # #[event(name = "account.opened")] pub struct Opened;
//! # #[event(name = "account.deposited")] pub struct Deposited { pub cents: i64 }
//! # #[derive(Debug, PartialEq, Aggregate, Default)]
//! # #[aggregate(name = "account", id = String, events(Opened, Deposited))]
//! # pub struct Account { open: bool, cents: i64 }
//! # impl Apply<Opened> for Account { fn apply(&mut self, _: Opened) { self.open = true; } }
//! # impl Apply<Deposited> for Account { fn apply(&mut self, e: Deposited) { self.cents += e.cents; } }
//! # #[derive(Debug, PartialEq)] pub struct NotOpen;
//! # impl std::fmt::Display for NotOpen {
//! #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("not open") }
//! # }
//! # impl std::error::Error for NotOpen {}
//! # pub struct Deposit { pub cents: i64 }
//! # impl Handle<Deposit> for Account {
//! #     type Error = NotOpen;
//! #     fn handle(&self, c: &Deposit) -> Result<Events<Self>, NotOpen> {
//! #         if self.open { emit(Deposited { cents: c.cents }) } else { Err(NotOpen) }
//! #     }
//! # }
//! use es_core::testing::given;
//!
//! given::<Account>(Opened)
//!     .when(Deposit { cents: 500 })
//!     .then_events(Deposited { cents: 500 })
//!     .then_state(&Account { open: true, cents: 500 });
//!
//! given::<Account>(()).when(Deposit { cents: 500 }).then_rejected(&NotOpen);
//! ```
//!
//! Events are compared and shown by name, version and JSON, so they need no derives. They are encoded and
//! decoded like stored events.

mod diff;

use std::error::Error;
use std::fmt::Debug;

use serde_json::Value;
use uuid::Uuid;

pub(crate) use self::diff::{Shown, difference};
use crate::codec::{Payload, canonical};
use crate::model::{Aggregate, Event, Events, Handle, IntoEvents};
use crate::record::{DecodeError, EventType, RawEvent, stored_now};
use crate::stream::{Position, Revision, StreamId};

/// Starts a test from the events that have happened: one, several, or `()`.
///
/// # Panics
///
/// When an event does not decode from its own encoding.
#[must_use = "a history alone tests nothing"]
#[track_caller]
pub fn given<A: Aggregate>(events: impl IntoEvents<A>) -> Given<A> {
    Given { state: A::initial(), revision: Revision::EMPTY }.and(events)
}

/// A history so far.
#[derive(Debug)]
pub struct Given<A> {
    pub(crate) state: A,
    revision: Revision,
}

impl<A: Aggregate> Given<A> {
    /// Adds events to the history.
    ///
    /// # Panics
    ///
    /// When an event does not decode from its own encoding.
    #[must_use = "a history alone tests nothing"]
    #[track_caller]
    pub fn and(mut self, events: impl IntoEvents<A>) -> Self {
        let mut all = Events::none();
        all.push(events);
        for event in all {
            let (event_type, json) = encoded::<A>(&event);
            self = self.and_payload(event_type.name, event_type.written, &json);
        }
        self
    }

    /// Adds an event as it may be stored, for example in an old version.
    ///
    /// # Panics
    ///
    /// When it does not decode.
    #[must_use = "a history alone tests nothing"]
    #[track_caller]
    pub fn and_stored(self, name: &str, version: u32, payload: &Value) -> Self {
        self.and_payload(name, version, payload.to_string().as_bytes())
    }

    #[track_caller]
    fn and_payload(mut self, name: &str, version: u32, payload: &[u8]) -> Self {
        self.revision = self.revision.next();
        let mut events = Vec::new();
        let decoded = as_stored_json(A::NAME, self.revision, name, version, payload, |raw| {
            A::decode(raw, &mut |event| events.push(event))
        });
        if let Err(error) = decoded {
            panic!("a given event does not decode: {error}");
        }
        for event in events {
            self.state.apply_event(event);
        }
        self
    }

    /// Decides on a command.
    #[track_caller]
    pub fn when<C>(self, command: C) -> Decided<A, <A as Handle<C>>::Error>
    where
        A: Handle<C>,
    {
        let outcome = self.state.handle(&command);
        drop(command);
        Decided { given: self, outcome }
    }

    /// Compares the state.
    ///
    /// # Panics
    ///
    /// When it differs.
    #[track_caller]
    pub fn then_state(self, expected: &A) -> Self
    where
        A: PartialEq + Debug,
    {
        assert_same_state(&self.state, expected);
        self
    }

    /// The state, for other checks.
    #[must_use]
    pub fn into_state(self) -> A {
        self.state
    }
}

/// A decision, to be checked.
#[derive(Debug)]
#[must_use = "a decision alone tests nothing"]
pub struct Decided<A: Aggregate, E> {
    given: Given<A>,
    outcome: Result<Events<A>, E>,
}

impl<A: Aggregate, E: Error> Decided<A, E> {
    /// The command yields exactly these events, in this order; `()` for none.
    ///
    /// # Panics
    ///
    /// When it was rejected, or yields other events.
    #[track_caller]
    pub fn then_events(self, expected: impl IntoEvents<A>) -> Given<A> {
        let Self { given, outcome } = self;
        let events = match outcome {
            Ok(events) => events,
            Err(error) => panic!("the command was rejected: {error} ({error:?})"),
        };
        let mut all = Events::none();
        all.push(expected);
        let show = |events: &Events<A>| events.iter().map(|event| shown::<A>(event)).collect::<Vec<_>>();
        if let Some(difference) = difference(&show(&all), &show(&events)) {
            panic!("the command yields other events\n{difference}");
        }
        given.and(events)
    }

    /// The command is rejected, for exactly this reason.
    ///
    /// # Panics
    ///
    /// When it is accepted, or rejected for another reason.
    #[track_caller]
    pub fn then_rejected(self, expected: &E)
    where
        E: PartialEq,
    {
        let error = self.rejection();
        assert!(
            error == *expected,
            "the command is rejected for another reason\n  expected: {expected:?}\n  found:    {error:?}"
        );
    }

    /// The command is rejected, for a reason that `matches`.
    ///
    /// # Panics
    ///
    /// When it is accepted, or rejected for another reason.
    #[track_caller]
    pub fn then_rejected_with(self, matches: impl FnOnce(&E) -> bool) {
        let error = self.rejection();
        assert!(matches(&error), "the command is rejected for another reason: {error:?}");
    }

    /// Folds the events of the command, and compares the state.
    ///
    /// # Panics
    ///
    /// When the command was rejected, or the state differs.
    #[track_caller]
    pub fn then_state(self, expected: &A) -> Given<A>
    where
        A: PartialEq + Debug,
    {
        match self.outcome {
            Ok(events) => self.given.and(events).then_state(expected),
            Err(error) => panic!("the command was rejected: {error} ({error:?})"),
        }
    }

    #[track_caller]
    fn rejection(self) -> E {
        match self.outcome {
            Err(error) => error,
            Ok(events) => {
                let list = events.iter().map(|event| shown::<A>(event).to_string()).collect::<Vec<_>>();
                panic!("the command is accepted, and yields\n  {}", list.join("\n  "));
            }
        }
    }
}

#[track_caller]
pub(crate) fn assert_same_state<A: PartialEq + Debug>(found: &A, expected: &A) {
    if found == expected {
        return;
    }
    let lines = |state: &A| format!("{state:#?}").lines().map(str::to_owned).collect::<Vec<_>>();
    let difference = difference(&lines(expected), &lines(found)).unwrap_or_default();
    panic!("the state is another one\n{difference}");
}

#[track_caller]
fn encoded<A: Aggregate>(event: &A::Event) -> (EventType, Vec<u8>) {
    let mut json = Payload::new();
    if let Err(error) = A::encode(event, &mut json) {
        panic!("{error}");
    }
    (A::event_type(event), json.into_vec())
}

#[track_caller]
pub(crate) fn shown<A: Aggregate>(event: &A::Event) -> Shown {
    let (EventType { name, written: version, .. }, json) = encoded::<A>(event);
    match canonical(&json) {
        Ok(payload) => Shown { name, version, payload },
        Err(error) => panic!("event `{name}` is not written as JSON: {error}"),
    }
}

/// Decodes an event as it may be stored: in this version or an older one, upcast to this one.
///
/// ```
/// # use es_core::{UpcastContext, UpcastFrom, event};
/// # #[event(name = "account.deposited", version = 1)] pub struct DepositedV1 { pub euros: i64 }
/// # #[event(name = "account.deposited", version = 2, previous = DepositedV1)]
/// # pub struct Deposited { pub cents: i64 }
/// # impl UpcastFrom<DepositedV1> for Deposited {
/// #     type Error = std::convert::Infallible;
/// #     fn upcast_from(old: DepositedV1, _: &UpcastContext<'_>) -> Result<Self, Self::Error> {
/// #         Ok(Self { cents: old.euros * 100 })
/// #     }
/// # }
/// # fn main() -> Result<(), es_core::record::DecodeError> {
/// use es_core::testing::read;
///
/// let event: Deposited = read(1, &serde_json::json!({ "euros": 5 }))?;
/// assert_eq!(event.cents, 500);
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// [`DecodeError`], as any reader would get it.
pub fn read<E: Event>(version: u32, payload: &Value) -> Result<E, DecodeError> {
    as_stored("test", Revision::new(1), E::NAME, version, payload, E::decode)
}

/// Calls `take` with an event as a store would pass it to a sink.
#[track_caller]
pub(crate) fn as_stored<T>(
    category: &'static str,
    revision: Revision,
    name: &str,
    version: u32,
    payload: &Value,
    take: impl FnOnce(&RawEvent<'_>) -> T,
) -> T {
    as_stored_json(category, revision, name, version, payload.to_string().as_bytes(), take)
}

/// The same for a payload that a [`Value`] might round.
#[track_caller]
fn as_stored_json<T>(
    category: &'static str,
    revision: Revision,
    name: &str,
    version: u32,
    payload: &[u8],
    take: impl FnOnce(&RawEvent<'_>) -> T,
) -> T {
    let stream = match StreamId::new(category, "test") {
        Ok(stream) => stream,
        Err(error) => panic!("{error}"),
    };
    take(&RawEvent {
        stream: &stream,
        revision,
        position: Position::new(revision.get()),
        event_id: Uuid::now_v7(),
        name,
        version,
        payload,
        recorded_at: stored_now(),
        occurred: None,
        correlation_id: None,
        causation_id: None,
        metadata: None,
    })
}
