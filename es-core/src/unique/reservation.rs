//! The aggregate behind a value: who has it, and who may have it next.

use super::error::UniqueError;
use super::events::{Released, Reserved};
use crate::__private::{decoded, read_whole, unknown_event};
use crate::codec::Payload;
use crate::model::{Aggregate, AggregateDescription, Event, Events, Handle, IntoEvents, ReadEvent, emit};
use crate::record::{DecodeError, EncodeError, EventType, RawEvent};

/// Who has a value: what the stream of a value folds to.
///
/// An aggregate like any other. `Repository::<Reservation, _>` reads who had a value at which time, and
/// `lock_test!(…, es_core::unique::Reservation)` holds its events in `events.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reservation {
    /// The owner's id, as the key of a stream; `None` where anybody can reserve the value.
    pub owner: Option<String>,
}

/// An event of a [`Reservation`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReservationEvent {
    /// Somebody reserved the value.
    Reserved(Reserved),
    /// Its owner released it.
    Released(Released),
}

impl From<Reserved> for ReservationEvent {
    fn from(event: Reserved) -> Self {
        Self::Reserved(event)
    }
}

impl From<Released> for ReservationEvent {
    fn from(event: Released) -> Self {
        Self::Released(event)
    }
}

impl IntoEvents<Reservation> for ReservationEvent {
    fn into_events(self, out: &mut Events<Reservation>) {
        out.push_event(self);
    }
}

impl Aggregate for Reservation {
    const NAME: &'static str = "unique";
    const EVENT_NAMES: &'static [(&'static str, &'static [&'static str])] =
        &[Reserved::NAMES, Released::NAMES];
    type Id = String;
    type Event = ReservationEvent;

    fn initial() -> Self {
        Self::default()
    }

    fn event_types() -> &'static [EventType] {
        const { &[Reserved::TYPE, Released::TYPE] }
    }

    fn event_type(event: &ReservationEvent) -> EventType {
        match event {
            ReservationEvent::Reserved(_) => Reserved::TYPE,
            ReservationEvent::Released(_) => Released::TYPE,
        }
    }

    fn apply_event(&mut self, event: ReservationEvent) {
        self.owner = match event {
            ReservationEvent::Reserved(Reserved { owner }) => Some(owner),
            ReservationEvent::Released(_) => None,
        };
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn encode(event: &ReservationEvent, out: &mut Payload) -> Result<(), EncodeError> {
        match event {
            ReservationEvent::Reserved(event) => event.encode(out),
            ReservationEvent::Released(event) => event.encode(out),
        }
    }

    fn decode(raw: &RawEvent<'_>, out: &mut dyn FnMut(ReservationEvent)) -> Result<(), DecodeError> {
        match raw.name {
            Reserved::NAME => decoded(Reserved::decode(raw), out),
            Released::NAME => decoded(Released::decode(raw), out),
            _ => Err(unknown_event(raw, Self::NAME)),
        }
    }

    fn description() -> &'static AggregateDescription {
        const {
            &AggregateDescription {
                events: &[Reserved::description, Released::description],
                retired: &[],
                beside: &[],
            }
        }
    }

    fn read_events() -> &'static [ReadEvent] {
        &[(Reserved::description, read_whole::<Reserved>), (Released::description, read_whole::<Released>)]
    }
}

/// To have a value.
pub(super) struct Reserve<'a> {
    pub(super) kind: &'a str,
    pub(super) value: &'a str,
    pub(super) owner: &'a str,
}

/// To have a value no longer.
pub(super) struct Release<'a> {
    pub(super) kind: &'a str,
    pub(super) value: &'a str,
    pub(super) owner: &'a str,
}

impl Reservation {
    /// Only its owner releases a value.
    pub(super) fn check(&self, release: &Release<'_>) -> Result<(), UniqueError> {
        if self.owner.as_deref() == Some(release.owner) {
            return Ok(());
        }
        Err(UniqueError::NotOwned {
            kind: release.kind.to_owned(),
            value: release.value.to_owned(),
            by: release.owner.to_owned(),
            owner: self.owner.clone(),
        })
    }
}

impl Handle<Reserve<'_>> for Reservation {
    type Error = UniqueError;

    fn handle(&self, command: &Reserve<'_>) -> Result<Events<Self>, UniqueError> {
        match &self.owner {
            None => emit(ReservationEvent::from(Reserved { owner: command.owner.to_owned() })),
            Some(owner) if owner == command.owner => emit(()),
            Some(owner) => Err(UniqueError::Taken {
                kind: command.kind.to_owned(),
                value: command.value.to_owned(),
                owner: owner.clone(),
            }),
        }
    }
}

impl Handle<Release<'_>> for Reservation {
    type Error = UniqueError;

    fn handle(&self, command: &Release<'_>) -> Result<Events<Self>, UniqueError> {
        self.check(command)?;
        emit(ReservationEvent::from(Released { owner: command.owner.to_owned() }))
    }
}
