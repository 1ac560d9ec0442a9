//! The aggregate: a state folded from one stream, on which commands are decided.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::{AggregateDescription, ReadEvent, Snapshots};
use crate::codec::Payload;
use crate::record::{DecodeError, EncodeError, EventType, Metadata, NewEvent, RawEvent};
use crate::stream::StreamKey;

/// A state folded from one stream. Implemented by [`#[derive(Aggregate)]`](derive@crate::Aggregate), never by
/// hand.
///
/// The [`Default`] of the type is the state of the empty stream.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "not an aggregate",
    note = "write `#[derive(es_core::Aggregate, Default)] #[aggregate(name = \"…\", events(…))]` above \
            `{Self}`"
)]
pub trait Aggregate: Sized + Send + Sync + 'static {
    /// The category of the aggregate's streams, stable forever.
    const NAME: &'static str;

    /// Names that the category had before. The streams of all of them are one category: see
    /// [`EventStore::rename_category`](crate::EventStore::rename_category).
    const WAS: &'static [&'static str] = &[];

    /// The id of one instance.
    type Id: StreamKey;

    /// The generated enum of the aggregate's events. Its `Debug` form is the event's name with its payload as
    /// JSON, unless `event_enum(…, derive(Debug))` derives another one.
    type Event: fmt::Debug + Send + Sync + 'static;

    /// The names of its events, retired ones included: each with its former names.
    #[doc(hidden)]
    const EVENT_NAMES: &'static [(&'static str, &'static [&'static str])];

    /// The state of the empty stream: the [`Default`] of the type.
    fn initial() -> Self;

    /// The event types that the aggregate writes, in the order of its `events(…)` list.
    fn event_types() -> &'static [EventType];

    /// The type of one event.
    fn event_type(event: &Self::Event) -> EventType;

    /// Folds one event into the state, through [`Apply`].
    fn apply_event(&mut self, event: Self::Event);

    /// A copy of the state if its type is [`Clone`], which the derive macro detects. When several processes
    /// execute commands on one aggregate, a copy lets them read only the new events after a conflict; without
    /// one they read the stream again.
    #[must_use]
    fn try_clone(&self) -> Option<Self> {
        None
    }

    /// Appends the payload of an event, as JSON, to `out`.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] when the event cannot be written as JSON; NaN, infinities and an object that would
    /// hold one key twice are refused.
    fn encode(event: &Self::Event, out: &mut Payload) -> Result<(), EncodeError>;

    /// Decodes one stored event and passes on the current events that it stands for: none, one or several.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when this program cannot read it.
    fn decode(raw: &RawEvent<'_>, out: &mut dyn FnMut(Self::Event)) -> Result<(), DecodeError>;

    /// The events with their shapes. [`Catalogue`](crate::catalogue::Catalogue) reads it.
    #[doc(hidden)]
    fn description() -> &'static AggregateDescription;

    /// The events, retired ones included, and how each is read. The [lock](crate::lock) reads it.
    #[doc(hidden)]
    fn read_events() -> &'static [ReadEvent];

    /// How snapshots of the state are taken; `None` for no snapshots.
    #[must_use]
    fn snapshots() -> Option<Snapshots<Self>> {
        None
    }
}

/// What one event does to the state. Total and free of side effects: the event has happened.
///
/// A command folds its events before they are written. If that panics, nothing is written, and the error is
/// [`StoreError::NotApplicable`](crate::StoreError::NotApplicable). If it panics on an event that is stored
/// already, no state can be loaded:
/// [`DecodeProblem::NotApplicable`](crate::record::DecodeProblem::NotApplicable).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not apply the event `{E}`",
    label = "no `Apply<{E}>`",
    note = "write `impl es_core::Apply<{E}> for {Self} {{ fn apply(&mut self, event: {E}) {{ … }} }}`"
)]
pub trait Apply<E> {
    /// Folds the event into the state.
    fn apply(&mut self, event: E);
}

/// A decision: which events a command yields on a state, or why it is rejected.
///
/// Synchronous and pure, so that deciding again after a conflict is always safe. What a decision needs from
/// outside comes in the command, or through [`Repository::decide`](crate::Repository::decide).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle the command `{C}`",
    label = "no `Handle<{C}>`",
    note = "write `impl es_core::Handle<{C}> for {Self} {{ type Error = …; fn handle(&self, command: &{C}) \
            -> Result<es_core::Events<Self>, Self::Error> {{ … }} }}`"
)]
pub trait Handle<C>: Aggregate {
    // The compiler shows the line of the bound, including its comment, when an error type does not meet it.
    /// Why the domain rejects the command.
    type Error: Error + Send + Sync + 'static; // `anyhow::Error` is none; write an enum, with `thiserror`

    /// Decides. Return events with [`emit`]; `emit(())` means "nothing to do".
    ///
    /// # Errors
    ///
    /// The domain's reason to reject the command.
    fn handle(&self, command: &C) -> Result<Events<Self>, Self::Error>;
}

/// The events that a command yields, in order.
///
/// They are collected from an iterator of anything that [`emit`] takes, and `Result` collects them as well:
///
/// ```
/// # use es_core::{Aggregate, Apply, Events, Handle, event};
/// # #[event(name = "basket.filled")] pub struct Filled { pub item: String }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(name = "basket", id = String, events(Filled))]
/// # pub struct Basket { items: usize }
/// # impl Apply<Filled> for Basket { fn apply(&mut self, _: Filled) { self.items += 1; } }
/// # pub struct Fill { pub items: Vec<String> }
/// impl Handle<Fill> for Basket {
///     type Error = std::convert::Infallible;
///
///     fn handle(&self, command: &Fill) -> Result<Events<Self>, Self::Error> {
///         Ok(command.items.iter().map(|item| Filled { item: item.clone() }).collect())
///     }
/// }
/// ```
pub struct Events<A: Aggregate> {
    events: Vec<A::Event>,
}

impl<A: Aggregate> Events<A> {
    /// No events.
    #[must_use]
    pub const fn none() -> Self {
        Self { events: Vec::new() }
    }

    /// Adds events at the end.
    pub fn push(&mut self, events: impl IntoEvents<A>) {
        events.into_events(self);
    }

    /// Adds one event at the end. Generated code calls this; users call [`push`](Self::push).
    #[doc(hidden)]
    pub fn push_event(&mut self, event: A::Event) {
        self.events.push(event);
    }

    /// The number of events.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The events, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, A::Event> {
        self.events.iter()
    }
}

impl<A: Aggregate> Default for Events<A> {
    fn default() -> Self {
        Self::none()
    }
}

impl<A: Aggregate> fmt::Debug for Events<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.events.iter().map(|event| A::event_type(event).name);
        f.debug_list().entries(names).finish()
    }
}

impl<A: Aggregate, T: IntoEvents<A>> Extend<T> for Events<A> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, events: I) {
        for events in events {
            events.into_events(self);
        }
    }
}

impl<A: Aggregate, T: IntoEvents<A>> FromIterator<T> for Events<A> {
    fn from_iter<I: IntoIterator<Item = T>>(events: I) -> Self {
        let events = events.into_iter();
        let mut all = Self { events: Vec::with_capacity(events.size_hint().0) };
        all.extend(events);
        all
    }
}

impl<A: Aggregate> IntoIterator for Events<A> {
    type Item = A::Event;
    type IntoIter = std::vec::IntoIter<A::Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.into_iter()
    }
}

impl<'a, A: Aggregate> IntoIterator for &'a Events<A> {
    type Item = &'a A::Event;
    type IntoIter = std::slice::Iter<'a, A::Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What a decision may yield: one event, the aggregate's event enum, `()`, [`Events`], and `Option`, `Vec`,
/// arrays and tuples of those. Collect an iterator into [`Events`].
///
/// The derive implements it for each event of an aggregate's `events(…)` list.
// The message cannot name the aggregate: the compiler does not know it yet at this point.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event of this aggregate",
    label = "not in the aggregate's `events(…)`",
    note = "if this is an event, list it: `#[aggregate(events(…, {Self}))]`, and write `impl \
            es_core::Apply<{Self}>` for the aggregate",
    note = "if this is an iterator of events, write `Ok(iterator.collect())` in place of `emit(iterator)`"
)]
pub trait IntoEvents<A: Aggregate> {
    /// Adds the events to `out`.
    fn into_events(self, out: &mut Events<A>);
}

/// Returns events as the result of a command. See [`Handle`].
///
/// # Errors
///
/// Never; the result type is that of [`Handle::handle`].
pub fn emit<A: Aggregate, E>(events: impl IntoEvents<A>) -> Result<Events<A>, E> {
    let mut out = Events::none();
    events.into_events(&mut out);
    Ok(out)
}

impl<A: Aggregate> IntoEvents<A> for Events<A> {
    fn into_events(self, out: &mut Self) {
        out.events.extend(self.events);
    }
}

impl<A: Aggregate> IntoEvents<A> for () {
    fn into_events(self, _: &mut Events<A>) {}
}

impl<A: Aggregate, T: IntoEvents<A>> IntoEvents<A> for Option<T> {
    fn into_events(self, out: &mut Events<A>) {
        if let Some(events) = self {
            events.into_events(out);
        }
    }
}

impl<A: Aggregate, T: IntoEvents<A>> IntoEvents<A> for Vec<T> {
    fn into_events(self, out: &mut Events<A>) {
        for events in self {
            events.into_events(out);
        }
    }
}

impl<A: Aggregate, T: IntoEvents<A>, const N: usize> IntoEvents<A> for [T; N] {
    fn into_events(self, out: &mut Events<A>) {
        for events in self {
            events.into_events(out);
        }
    }
}

macro_rules! tuples_of_events {
    ($(($($part:ident)+))*) => {$(
        impl<A: Aggregate, $($part: IntoEvents<A>),+> IntoEvents<A> for ($($part,)+) {
            fn into_events(self, out: &mut Events<A>) {
                #[allow(non_snake_case, reason = "each part is named after its type parameter")]
                let ($($part,)+) = self;
                $($part.into_events(out);)+
            }
        }
    )*};
}

tuples_of_events! {
    (T1) (T1 T2) (T1 T2 T3) (T1 T2 T3 T4) (T1 T2 T3 T4 T5) (T1 T2 T3 T4 T5 T6) (T1 T2 T3 T4 T5 T6 T7)
    (T1 T2 T3 T4 T5 T6 T7 T8)
}

impl NewEvent {
    /// Encodes events of an aggregate as its commands do, each with a fresh id.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use es_core::record::NewEvent;
    /// # use es_core::{Aggregate, Apply, Metadata, event};
    /// # #[event(name = "account.deposited")] pub struct Deposited { pub cents: i64 }
    /// # #[derive(Aggregate, Default)] #[aggregate(name = "account", id = String, events(Deposited))]
    /// # pub struct Account { cents: i64 }
    /// # impl Apply<Deposited> for Account { fn apply(&mut self, e: Deposited) { self.cents += e.cents; } }
    /// let events = NewEvent::of::<Account>(Deposited { cents: 500 }, &Arc::new(Metadata::new()))?;
    /// assert_eq!(events[0].payload, br#"{"cents":500}"#);
    /// # Ok::<(), es_core::record::EncodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EncodeError`] when an event cannot be written as JSON.
    pub fn of<A: Aggregate>(
        events: impl IntoEvents<A>,
        metadata: &Arc<Metadata>,
    ) -> Result<Vec<Self>, EncodeError> {
        let mut all = Events::none();
        events.into_events(&mut all);
        let encode = |event: A::Event| {
            let mut payload = Payload::new();
            A::encode(&event, &mut payload)?;
            let written = A::event_type(&event);
            Ok(Self::new(written.name, written.written, payload.into_vec(), Arc::clone(metadata)))
        };
        all.into_iter().map(encode).collect()
    }
}
