//! Projections: read models that are built from events.
//!
//! A projection applies events, in order, to a model. [`Projector`] runs it: it reads a store, and keeps the
//! model in a [`Target`], such as the tables of a database or a value in memory. In `es-postgres` a
//! projection can also run in the transaction of the append.

mod all_of;
mod batch;
mod cause;
mod effects;
mod error;
mod failure;
mod handler;
mod kind;
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
mod rewind;
mod runner;
mod settings;
mod status;
mod target;

use std::future::Future;

pub use self::all_of::AllOf;
#[doc(hidden)]
pub use self::all_of::{Decode, Decoding};
pub use self::batch::{Batch, Committed, Parked};
pub use self::cause::{Cause, Caused};
pub use self::effects::{Done, Work};
pub use self::error::ProjectorError;
pub use self::failure::ProjectionFailure;
pub(crate) use self::handler::{awaited, caught};
pub use self::handler::{project, set_up};
pub use self::kind::RunnerErrorKind;
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

use crate::model::{ReadEvent, WholeAggregate};
use crate::record::{BoxError, DecodeError, RawEvent, Recorded};
use crate::store::Filter;

/// A read model that is built from events. Implemented by
/// [`#[derive(Projection)]`](derive@crate::projection::Projection), never by hand.
///
/// A runner passes slices of events to [`project_all`](Self::project_all), and keeps the model and the
/// checkpoint consistent. When a longer slice fails, slices of one event identify the event at fault.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    label = "not a projection",
    note = "write `#[derive(es_core::projection::Projection)] #[projection(name = \"…\", events(…), model = \
            …)]` above `{Self}`"
)]
pub trait Projection: Send + Sync + 'static {
    /// The name: lower-case letters, digits and `_`, as it becomes part of table names.
    const NAME: &'static str;

    /// The build: raised when the model must be rebuilt from the first event.
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

    /// The same of the aggregates whose events it takes all.
    #[doc(hidden)]
    fn whole_aggregates() -> &'static [WholeAggregate] {
        &[]
    }

    /// Applies events to the model, in their order: one by one through [`Project`] or, with the key `batch`,
    /// all at once through [`ProjectBatch`].
    ///
    /// # Errors
    ///
    /// The projection's own error. What was applied by this call is undone, if the runner can.
    fn project_all(
        &self,
        events: &[Self::Event],
        model: &mut Self::Model,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Runs the effects of events, in their order, instead of [`project_all`](Self::project_all) if there is
    /// no batch to undo.
    #[doc(hidden)]
    fn run_effects(&self, events: &[Self::Event]) -> impl Future<Output = Done> + Send {
        std::future::ready(Done::all(events.len()))
    }

    /// Creates an empty model, once, before the first event: with the key `setup`, through [`ProjectSetup`].
    ///
    /// # Errors
    ///
    /// The projection's own error; nothing is projected then.
    fn set_up(&self, model: &mut Self::Model) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What one event does to a read model. Of an aggregate whose events are taken all, with `events(all of …)`,
/// it is what an event of its enum does.
///
/// It may be called again for an event whose changes were undone, so its only effects should be those on the
/// model.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not project the event `{E}`",
    label = "no `Project<{E}>`",
    note = "write `impl es_core::projection::Project<{E}> for {Self} {{ async fn project(&self, event: \
            &es_core::Recorded<{E}>, model: &mut Self::Model) -> Result<(), Self::Error> {{ … }} }}`"
)]
pub trait Project<E>: Projection {
    /// Applies the event to the model. Write it as an `async fn`.
    ///
    /// # Errors
    ///
    /// Why it failed; the runner's policy decides what to do with the event.
    fn project(
        &self,
        event: &Recorded<E>,
        model: &mut Self::Model,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What many events do to a read model at once; enabled with `#[projection(batch)]`, instead of [`Project`].
///
/// The result must not depend on how events are divided into batches: after a failure they come again one by
/// one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not project batches",
    label = "no `ProjectBatch`",
    note = "write `impl es_core::projection::ProjectBatch for {Self} {{ async fn project_batch(&self, \
            events: &[Self::Event], model: &mut Self::Model) -> Result<(), Self::Error> {{ … }} }}`, or \
            leave out the key `batch`"
)]
pub trait ProjectBatch: Projection {
    /// Applies the events to the model; there is at least one. Write it as an `async fn`.
    ///
    /// # Errors
    ///
    /// Why it failed.
    fn project_batch(
        &self,
        events: &[Self::Event],
        model: &mut Self::Model,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// How an empty model is created, such as the tables of a read model; enabled with `#[projection(setup)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not set up its model",
    label = "no `ProjectSetup`",
    note = "write `impl es_core::projection::ProjectSetup for {Self} {{ async fn setup(&self, model: &mut \
            Self::Model) -> Result<(), Self::Error> {{ … }} }}`, or leave out the key `setup`"
)]
pub trait ProjectSetup: Projection {
    /// Creates the model. Write it as an `async fn`.
    ///
    /// # Errors
    ///
    /// Why it failed.
    fn setup(&self, model: &mut Self::Model) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
