//! Read models: what a projection is, and what its author writes.
//!
//! A projection takes events, in order, into a model. [`Projector`] runs it: it reads a store, and keeps the
//! model in a [`Target`], such as the tables of a database or a value in memory. In `es-postgres` a
//! projection also runs in the transaction of the append.

mod again;
mod batch;
mod cause;
mod effects;
mod error;
mod failure;
mod handler;
mod lease;
mod letters;
mod memory;
mod named;
mod operations;
mod options;
mod partition;
mod projector;
mod reader;
mod retry;
mod retry_effects;
mod runner;
mod settings;
mod status;
mod target;

use std::future::Future;

pub use self::batch::{Batch, Committed, Parked};
pub use self::cause::{Cause, Caused};
pub use self::effects::{Done, Work};
pub use self::error::ProjectorError;
pub use self::failure::ProjectionFailure;
pub(crate) use self::handler::{awaited, caught};
pub use self::handler::{project, set_up};
pub use self::lease::{Claim, Claimed};
pub use self::letters::{DeadLetter, LetterPlace, Retried};
pub use self::memory::{MemoryProjection, MemoryTarget};
pub use self::partition::Partition;
pub use self::projector::Projector;
pub use self::reader::{ProjectionPage, ProjectionReader};
pub use self::runner::retrying::Retrying;
pub use self::settings::{OnFailure, Start};
pub use self::status::{PartitionStatus, ProjectionStatus};
pub use self::target::{Begun, ModelStore, Setting, Step, Target};
#[cfg(feature = "macros")]
pub use es_macros::Projection;

use crate::model::ReadEvent;
use crate::record::{BoxError, DecodeError, RawEvent, Recorded};
use crate::store::Filter;

/// A read model that is built from events. Written by
/// [`#[derive(Projection)]`](derive@crate::projection::Projection), never by hand.
///
/// All that a runner does is to hand a slice of events to [`project_all`](Self::project_all), and to keep the
/// model and the checkpoint together. A slice of one event tells which event is at fault when a longer one
/// fails.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    label = "not a projection",
    note = "write `#[derive(es_core::projection::Projection)] #[projection(name = \"…\", events(…), model = …)]` above `{Self}`"
)]
pub trait Projection: Send + Sync + 'static {
    /// The name: lower-case letters, digits and `_`, as it becomes a part of the names of tables.
    const NAME: &'static str;

    /// The build: raised when the model must be built anew from the first event.
    const BUILD: u32 = 1;

    /// What the events go into: a connection, or a struct in memory.
    type Model: Send;

    /// Why an event cannot be projected.
    type Error: Into<BoxError> + Send;

    /// The generated enum of the projection's events, each as it was recorded.
    type Event: Send + Sync + 'static;

    /// What its handlers change.
    #[doc(hidden)]
    const WORK: Work = Work::Model;

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

    /// Takes events into the model, in their order: one by one through [`Project`], or, with the key `batch`,
    /// all at once through [`ProjectBatch`].
    ///
    /// # Errors
    ///
    /// Whatever the projection's author says. What was taken in by this call is undone, where the runner can.
    fn project_all(
        &self,
        events: &[Self::Event],
        model: &mut Self::Model,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Runs the effects of events, in their order, in place of [`project_all`](Self::project_all) where there
    /// is no batch to undo.
    #[doc(hidden)]
    fn run_effects(&self, events: &[Self::Event]) -> impl Future<Output = Done> + Send {
        std::future::ready(Done::all(events.len()))
    }

    /// Makes an empty model, once, before the first event: with the key `setup`, through [`ProjectSetup`].
    ///
    /// # Errors
    ///
    /// Whatever the projection's author says; nothing is projected then.
    fn set_up(&self, model: &mut Self::Model) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What one event does to a read model.
///
/// It may be called again for an event whose work was undone, so its only effects should be those on the
/// model.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not project the event `{E}`",
    label = "no `Project<{E}>`",
    note = "write `impl es_core::projection::Project<{E}> for {Self} {{ async fn project(&self, event: &es_core::Recorded<{E}>, model: &mut Self::Model) -> Result<(), Self::Error> {{ … }} }}`"
)]
pub trait Project<E>: Projection {
    /// Takes the event into the model. Write it as an `async fn`.
    ///
    /// # Errors
    ///
    /// Why it cannot be done; the runner's policy says what becomes of the event.
    fn project(
        &self,
        event: &Recorded<E>,
        model: &mut Self::Model,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What many events do to a read model at once; asked for with `#[projection(batch)]`, in place of
/// [`Project`].
///
/// How events are divided into batches changes nothing in the model: after a failure they come again one by
/// one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not project batches",
    label = "no `ProjectBatch`",
    note = "write `impl es_core::projection::ProjectBatch for {Self} {{ async fn project_batch(&self, events: &[Self::Event], model: &mut Self::Model) -> Result<(), Self::Error> {{ … }} }}`, or leave out the key `batch`"
)]
pub trait ProjectBatch: Projection {
    /// Takes the events into the model, of which they are at least one. Write it as an `async fn`.
    ///
    /// # Errors
    ///
    /// Why it cannot be done.
    fn project_batch(
        &self,
        events: &[Self::Event],
        model: &mut Self::Model,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// How an empty model is made, such as the tables of a read model; asked for with `#[projection(setup)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not set up its model",
    label = "no `ProjectSetup`",
    note = "write `impl es_core::projection::ProjectSetup for {Self} {{ async fn setup(&self, model: &mut Self::Model) -> Result<(), Self::Error> {{ … }} }}`, or leave out the key `setup`"
)]
pub trait ProjectSetup: Projection {
    /// Makes the model. Write it as an `async fn`.
    ///
    /// # Errors
    ///
    /// Why it cannot be done.
    fn setup(&self, model: &mut Self::Model) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
