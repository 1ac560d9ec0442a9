//! What generated code refers to. Not part of the public interface: it can change in any release.

use std::future::Future;

pub use std::borrow::Cow;
pub use std::boxed::Box;
pub use std::clone::Clone;
pub use std::convert::From;
pub use std::convert::Infallible;
pub use std::default::Default;
pub use std::fmt::{self, Debug};
pub use std::marker::{PhantomData, Send, Sync};
pub use std::ops::FnMut;
pub use std::option::Option;
pub use std::prelude::v1::derive;
pub use std::primitive::{bool, str, u8, u32};
pub use std::result::Result::{self, Err, Ok};
pub use std::vec::Vec;

pub use serde;

pub use std::any::{TypeId, type_name};
pub use typeid::of as type_id;

#[allow(
    clippy::missing_panics_doc,
    reason = "a panic of constant code stops the build, which is what they are for"
)]
mod all_of;
#[allow(
    clippy::missing_panics_doc,
    reason = "a panic of constant code stops the build, which is what they are for"
)]
mod check;
mod snapshots;

pub use self::all_of::{check_aggregates, check_all_of};
pub use self::check::{Names, check_name, check_previous, check_written, slots, taken};
pub use crate::messaging::Message;
pub use crate::model::{
    AddedDefault, AggregateDescription, EventDescription, NotClone, ReadEvent, ReadWhole, TryClone,
    WholeAggregate,
};
pub use crate::projection::Decoding;
pub use crate::shape::{
    ChangeDescription, ContentDescription, Describe, FieldDescription, FormDescription, HistoryDescription,
    Note, Opaque, Probe, Shape, StepDescription, Type, TypeDescription, Types, VariantDescription,
};

// For the other crates of this project.
pub use crate::seldom::Seldom;

/// For a field without serde attributes.
pub const NO_NOTES: &[Note] = &[];
/// For a type without type parameters.
pub const NO_ARGUMENTS: &[Describe] = &[];

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::codec::{Json, Lean, Payload};
use crate::model::{Aggregate, Event, Events, Retired, Snapshots, UpcastContext};
use crate::record::{
    BoxError, DecodeError, DecodeProblem, EncodeError, EventType, Handled, RawEvent, Recorded, failed_step,
    misfit, unreachable_version,
};
use crate::shape::{quoted, without_paths};
use crate::store::Filter;

// Generic code here is compiled once for every event type of every user, so it is kept short. The path of a
// valid event is inlined, as an event is moved in memory at each call; that of an invalid one is not.

/// Decodes an event of exactly the version of `E`.
#[inline]
pub fn decode_only<E: Event>(raw: &RawEvent<'_>) -> Result<E, DecodeError> {
    match open(raw, E::VERSION) {
        Ok(mut json) => match E::deserialize(Lean(&mut json)) {
            Ok(event) => match close(raw, &mut json) {
                Ok(()) => Ok(event),
                Err(error) => Err(error),
            },
            Err(error) => Err(misfit(raw, &error)),
        },
        Err(error) => Err(error),
    }
}

#[inline]
fn open<'a>(raw: &RawEvent<'a>, known: u32) -> Result<Json<'a>, DecodeError> {
    if raw.version == known {
        Ok(Json::from_slice(raw.payload))
    } else {
        Err(unreachable_version(raw, known))
    }
}

#[inline]
fn close(raw: &RawEvent<'_>, json: &mut Json<'_>) -> Result<(), DecodeError> {
    json.end().map_err(|error| misfit(raw, &error))
}

/// Decodes an event that has a previous version: an older one by its own struct, which `step` upcasts to this
/// one.
#[inline]
pub fn decode_chain<Previous, E: Event, Failure: Into<BoxError>>(
    raw: &RawEvent<'_>,
    previous: u32,
    decode: fn(&RawEvent<'_>) -> Result<Previous, DecodeError>,
    step: fn(Previous, &UpcastContext<'_>) -> Result<E, Failure>,
) -> Result<E, DecodeError> {
    if raw.version == E::VERSION {
        return decode_only(raw);
    }
    if raw.version == 0 || raw.version > previous {
        return Err(unreachable_version(raw, E::VERSION));
    }
    match decode(raw) {
        Ok(old) => match step(old, &UpcastContext::new(raw)) {
            Ok(event) => Ok(event),
            Err(error) => Err(failed_step(raw, previous, E::VERSION, error.into())),
        },
        Err(error) => Err(error),
    }
}

/// Passes on what was decoded, as the aggregate's event.
pub fn decoded<E, Any: From<E>>(
    event: Result<E, DecodeError>,
    out: &mut dyn FnMut(Any),
) -> Result<(), DecodeError> {
    match event {
        Ok(event) => {
            out(Any::from(event));
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Decodes an event with its place, its times and its metadata.
pub fn decode_recorded<E: Event>(raw: &RawEvent<'_>) -> Result<Recorded<E>, DecodeError> {
    let event = E::decode(raw)?;
    Ok(Recorded::new(raw, event, const { EventType::of::<E>() }, raw.shared_metadata()?))
}

/// The public form of an event, with the place and the metadata of the private one.
pub fn message_of<P: Event, E>(
    public: Option<P>,
    event: &Recorded<E>,
) -> Result<Option<Message>, EncodeError> {
    public.map(|public| Message::of(&public, event)).transpose()
}

/// Runs the handler of an event, which becomes the cause of what the handler writes with a repository.
pub fn handling<E, F: Future>(
    event: &Recorded<E>,
    handler: F,
) -> impl Future<Output = F::Output> + use<E, F> {
    Handled::new(event).scope(handler)
}

/// Passes on the events that replace a retired one.
pub fn decoded_retired<A: Retired<E>, E, Failure: Into<BoxError>>(
    raw: &RawEvent<'_>,
    event: Result<E, DecodeError>,
    retired: fn(E, &UpcastContext<'_>) -> Result<Events<A>, Failure>,
    out: &mut dyn FnMut(A::Event),
) -> Result<(), DecodeError> {
    match retired(event?, &UpcastContext::new(raw)) {
        Ok(events) => {
            events.into_iter().for_each(out);
            Ok(())
        }
        Err(error) => Err(DecodeError::new(raw, DecodeProblem::Retired { source: error.into() })),
    }
}

/// The current name of the event with this former name.
#[must_use]
pub fn renamed<A: Aggregate>(name: &str) -> Option<&'static str> {
    A::description().all().find(|event| event.was.contains(&name)).map(|event| event.name)
}

/// The events of a projection, under each of their names.
#[must_use]
pub fn filter(events: &[(&'static str, &'static [&'static str])]) -> Filter {
    filter_all_of(Filter::new(), events)
}

/// Adds all events of an aggregate, under each of their names.
#[must_use]
pub fn filter_all_of(filter: Filter, events: &[(&'static str, &'static [&'static str])]) -> Filter {
    let names = events.iter().flat_map(|(name, was)| std::iter::once(name).chain(*was));
    names.fold(filter, |filter, name| filter.event_name(*name))
}

/// The same as [`renamed`] for events that are given with their names.
#[must_use]
pub fn renamed_of(
    name: &str,
    events: &'static [(&'static str, &'static [&'static str])],
) -> Option<&'static str> {
    events.iter().find(|(_, was)| was.contains(&name)).map(|(now, _)| *now)
}

/// What only generated code has, as an item of the traits that are not to be implemented by hand.
#[derive(Debug, Clone, Copy)]
pub struct ByMacro;

/// An aggregate that writes an event. No type implements it: generated code requires it where an event is
/// retired.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has retired the event `{E}`: it is read, and no longer written",
    label = "listed in `retired(…)`",
    note = "yield the events that take its place; to write it again, move it from `retired(…)` to `events(…)`"
)]
pub trait Writes<E> {}

/// Writes an event in its previous version, into which `step` converts it.
pub fn encode_as<E: Event, Previous: Event, Failure: Into<BoxError>>(
    event: &E,
    step: fn(&E) -> Result<Previous, Failure>,
    out: &mut Payload,
) -> Result<(), EncodeError> {
    match step(event) {
        Ok(previous) => previous.encode(out),
        Err(error) => Err(EncodeError { name: E::NAME, version: E::WRITTEN_VERSION, source: error.into() }),
    }
}

/// Reads an event, upcasts it to the version of `E`, and writes all of it, if `E` itself is written in the
/// previous version.
///
/// # Errors
///
/// What is wrong with it, as text.
pub fn read_whole<E: Event>(raw: &RawEvent<'_>) -> Result<Vec<u8>, String> {
    let event = E::decode(raw).map_err(|error| error.problem().to_string())?;
    crate::codec::to_json(&event).map_err(|error| error.to_string())
}

/// A value as canonical JSON, with the keys of objects in order.
pub fn as_json<T: Serialize>(value: &T) -> Option<String> {
    crate::codec::canonical(&crate::codec::to_json(value).ok()?).ok()
}

/// The error of an event name that the aggregate does not list.
#[must_use]
pub fn unknown_event(raw: &RawEvent<'_>, aggregate: &'static str) -> DecodeError {
    DecodeError::new(raw, DecodeProblem::UnknownEvent { aggregate })
}

/// A state that snapshots can store. An alias for serde's two traits, so that the error for a state without
/// them is our own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is to be kept in snapshots, and serde cannot write or read it",
    label = "snapshots are asked for here",
    note = "write `#[derive(serde::Serialize, serde::Deserialize)]` above `{Self}`, or leave out \
            `snapshot(…)`"
)]
pub trait Kept: Serialize + for<'de> Deserialize<'de> {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + for<'de> Deserialize<'de>> Kept for T {}

/// A state with which the fold can begin. An alias for `Default`, so that the error for a state without it is
/// our own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Default`, which is the state of an empty stream",
    label = "no `Default`",
    note = "write `#[derive(Default)]` above `{Self}`, or `impl Default for {Self}`"
)]
pub trait Initial: Default {}

#[diagnostic::do_not_recommend]
impl<T: Default> Initial for T {}

/// The state of an empty stream.
#[inline]
#[must_use]
pub fn initial<T: Initial>() -> T {
    T::default()
}

/// How snapshots of a state are taken.
#[must_use]
pub fn snapshots<A: Aggregate + Kept>(every: u64, build: u64, describe: Describe) -> Option<Snapshots<A>> {
    Some(Snapshots::json(every, build, describe))
}

/// The form declared by `#[shape("…")]`; the macro has parsed it before.
#[must_use]
pub fn declared(form: &'static str) -> Type {
    Type::declared(form).unwrap_or_else(|_| custom(form))
}

/// A constant that belongs to the name of a generic type.
#[must_use]
pub fn constant(value: &dyn Display) -> Type {
    Type::Plain(quoted(&value.to_string()).into_owned().into())
}

/// A type that is only a name for another one: it has no value in it.
#[must_use]
pub fn marker(path: &str) -> Type {
    Type::Plain(without_paths(path).into())
}

/// A part that is written by code, in an undeclared format.
#[must_use]
pub fn custom(path: &'static str) -> Type {
    Type::Custom(path.to_owned())
}
