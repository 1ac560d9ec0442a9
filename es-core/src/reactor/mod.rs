//! Side effects of events, after commit and at least once: mail, calls of other services, commands.
//!
//! A [`Reactor`] reacts to events at least once and in the order of each stream. [`ReactorRunner`] runs it,
//! on the loop that runs projections, with the same partitions, retries, dead letters and status.

mod effects;
mod name;
mod on_model;
mod runner;

use std::future::Future;

pub(crate) use self::effects::CHECKPOINT_INTERVAL;
pub use self::effects::Effects;
pub use self::on_model::OnModel;
pub use self::runner::{CheckpointStore, ReactorRunner};
pub use crate::projection::{Done, Start};
#[cfg(feature = "macros")]
pub use es_macros::Reactor;

use crate::model::ReadEvent;
use crate::record::{BoxError, DecodeError, RawEvent, Recorded};
use crate::store::Filter;

/// A reactor: side effects of events, at least once. Implemented by `#[derive(Reactor)]`, never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reactor",
    label = "not a reactor",
    note = "write `#[derive(es_core::reactor::Reactor)] #[reactor(name = \"…\", events(…))]` above `{Self}`"
)]
pub trait Reactor: Send + Sync + 'static {
    /// The name, under which its checkpoint is stored.
    const NAME: &'static str;

    /// Why it cannot react to an event.
    type Error: Into<BoxError> + Send;

    /// The generated enum of its events, each as it was recorded.
    type Event: Send + Sync + 'static;

    /// Which events it handles.
    fn filter() -> Filter;

    /// Decodes a stored event as commands do, upcasting included; `None` for one that it does not handle.
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
    /// The reactor's own error.
    fn react_to(&self, event: &Self::Event) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What a reactor does when an event was recorded.
///
/// It may be called again for the same event, after a crash or a failure: use the event's id,
/// [`Recorded::event_id`], as the idempotency key of calls to other services.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not react to the event `{E}`",
    label = "no `React<{E}>`",
    note = "write `impl es_core::reactor::React<{E}> for {Self} {{ async fn react(&self, event: \
            &es_core::Recorded<{E}>) -> Result<(), Self::Error> {{ … }} }}`"
)]
pub trait React<E>: Reactor {
    /// Reacts to the event. Write it as an `async fn`.
    ///
    /// # Errors
    ///
    /// Why it failed; the runner's policy decides what to do with the event.
    fn react(&self, event: &Recorded<E>) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
