//! Side effects of events, after their commit: mail, calls of other services, commands on other aggregates.
//!
//! A [`Reactor`] reacts to events at least once and in the order of each stream. [`ReactorRunner`] runs it,
//! on the loop that runs projections: with partitions, retries, dead letters and a status of the same kind.

mod effects;
mod name;
mod on_model;
mod runner;

use std::future::Future;

pub use self::effects::Effects;
pub use self::on_model::OnModel;
pub use self::runner::{CheckpointStore, ReactorRunner};
pub use crate::projection::{Done, Start};
#[cfg(feature = "macros")]
pub use es_macros::Reactor;

use crate::model::ReadEvent;
use crate::record::{BoxError, DecodeError, RawEvent, Recorded};
use crate::store::Filter;

/// Something that reacts to events. Written by `#[derive(Reactor)]`, never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reactor",
    label = "not a reactor",
    note = "write `#[derive(es_core::reactor::Reactor)] #[reactor(name = \"…\", events(…))]` above `{Self}`"
)]
pub trait Reactor: Send + Sync + 'static {
    /// The name, under which its checkpoint is kept.
    const NAME: &'static str;

    /// Why it cannot react to an event.
    type Error: Into<BoxError> + Send;

    /// The generated enum of its events, each as it was recorded.
    type Event: Send + Sync + 'static;

    /// Which events it takes.
    fn filter() -> Filter;

    /// Decodes a stored event in the way in which commands do, upcasts included; `None` for one that it does
    /// not take.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when this program cannot read it.
    fn decode(raw: &RawEvent<'_>) -> Result<Option<Self::Event>, DecodeError>;

    /// The events with their shapes, and how each is read. The [lock](crate::lock) reads it.
    #[doc(hidden)]
    fn events() -> &'static [ReadEvent];

    /// Reacts to an event, through [`React`].
    ///
    /// # Errors
    ///
    /// Whatever the reactor's author says.
    fn react_to(&self, event: &Self::Event) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What a reactor does when an event was recorded.
///
/// It may be called again for the same event, after a crash or a failure: the event's id,
/// [`Recorded::event_id`], is the idempotency key to hand to whatever it calls.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not react to the event `{E}`",
    label = "no `React<{E}>`",
    note = "write `impl es_core::reactor::React<{E}> for {Self} {{ async fn react(&self, event: &es_core::Recorded<{E}>) -> Result<(), Self::Error> {{ … }} }}`"
)]
pub trait React<E>: Reactor {
    /// Reacts to the event. Write it as an `async fn`.
    ///
    /// # Errors
    ///
    /// Why it cannot be done; the runner's policy says what becomes of the event.
    fn react(&self, event: &Recorded<E>) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
