//! What a process does about events of other streams.

use time::OffsetDateTime;
use uuid::Uuid;

use super::steps::Steps;
use crate::model::{Aggregate, ReadEvent};
use crate::record::{DecodeError, Metadata, RawEvent, Recorded};
use crate::store::Filter;

/// What a process does about an event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what it does on the event `{E}`",
    label = "no `On<{E}>`",
    note = "write `impl es_core::process::On<{E}> for {Self} {{ fn correlate(event: &es_core::Recorded<{E}>) -> Option<Self::Id> {{ … }} fn on(&self, event: &es_core::Recorded<{E}>) -> es_core::process::Steps<Self> {{ … }} }}`"
)]
pub trait On<E>: Aggregate {
    /// Which instance the event is for; `None` if it is for none.
    fn correlate(event: &Recorded<E>) -> Option<Self::Id>;

    /// What to do, on the state of that instance. Pure, as a decision of [`Handle`](crate::Handle) is: it is
    /// made again after a conflict.
    fn on(&self, event: &Recorded<E>) -> Steps<Self>;

    /// What to do once the process has finished; defaults to ignoring the event.
    ///
    /// Steps that do something make it go on from the state in which it has finished: return them only where
    /// one key stands for several runs.
    fn again(&self, event: &Recorded<E>) -> Again<Self> {
        let _ = event;
        Again::Ignored
    }
}

/// What a finished process does about an event.
#[derive(Debug)]
pub enum Again<P: Aggregate> {
    /// Nothing: the event is counted as ignored.
    Ignored,
    /// It starts again, with these steps.
    Start(Steps<P>),
}

/// The generated enum of the inputs of a process.
pub trait Input<P: Aggregate>: Sized + Send + Sync + 'static {
    /// Which events there are.
    fn filter() -> Filter;

    /// Decodes a stored event; `None` for one that is no input.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when this program cannot read it.
    fn decode(raw: &RawEvent<'_>) -> Result<Option<Self>, DecodeError>;

    /// The events with their shapes, and how each is read.
    #[doc(hidden)]
    fn events() -> &'static [ReadEvent];

    /// What is known of the event besides its payload.
    #[doc(hidden)]
    fn about(&self) -> About<'_>;

    /// Which instance it is for.
    fn correlate(&self) -> Option<P::Id>;

    /// What the process does about it.
    fn on(&self, process: &P) -> Steps<P>;

    /// The same once the process has finished.
    fn again(&self, process: &P) -> Again<P>;
}

/// What is known of an input besides its payload.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub name: &'static str,
    pub event_id: Uuid,
    pub occurred_at: OffsetDateTime,
    pub metadata: &'a Metadata,
}

impl<'a> About<'a> {
    /// Of a recorded event.
    #[must_use]
    pub fn of<E>(event: &'a Recorded<E>) -> Self {
        Self {
            name: event.name,
            event_id: event.event_id,
            occurred_at: event.occurred_at(),
            metadata: &event.metadata,
        }
    }
}
