//! How a process reacts to events of other streams.

use super::steps::Steps;
use crate::model::{Aggregate, ReadEvent};
use crate::record::{DecodeError, Envelope, RawEvent, Recorded};
use crate::store::Filter;

/// How a process reacts to an event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what it does on the event `{E}`",
    label = "no `On<{E}>`",
    note = "write `impl es_core::process::On<{E}> for {Self} {{ fn correlate(event: &es_core::Recorded<{E}>) \
            -> Option<Self::Id> {{ … }} fn on(&self, event: &es_core::Recorded<{E}>) -> \
            es_core::process::Steps<Self> {{ … }} }}`"
)]
pub trait On<E>: Aggregate {
    /// Which instance the event is for; `None` if it is for none.
    fn correlate(event: &Recorded<E>) -> Option<Self::Id>;

    /// What to do, on the state of that instance. Pure, like a decision of [`Handle`](crate::Handle): it is
    /// repeated after a conflict.
    fn on(&self, event: &Recorded<E>) -> Steps<Self>;

    /// What to do once the process has finished. Defaults to ignoring the event.
    ///
    /// If steps do something, the process continues from the state in which it has finished: return them only
    /// if one key is used for several runs.
    fn again(&self, event: &Recorded<E>) -> Again<Self> {
        let _ = event;
        Again::Ignored
    }
}

/// How a finished process reacts to an event.
#[derive(Debug)]
pub enum Again<P: Aggregate> {
    /// Nothing: the event is counted as ignored.
    Ignored,
    /// It starts again, with these steps.
    Start(Steps<P>),
}

/// The generated enum of the inputs of a process.
pub trait Input<P: Aggregate>: Sized + Send + Sync + 'static {
    /// The types of these events.
    fn filter() -> Filter;

    /// Decodes a stored event; `None` for one that is not an input.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when this program cannot read it.
    fn decode(raw: &RawEvent<'_>) -> Result<Option<Self>, DecodeError>;

    /// The events with their shapes, and how each is read.
    #[doc(hidden)]
    fn events() -> &'static [ReadEvent];

    /// The event's envelope, without its payload.
    #[doc(hidden)]
    fn about(&self) -> Envelope<'_>;

    /// Which instance it is for.
    fn correlate(&self) -> Option<P::Id>;

    /// How the process reacts to it.
    fn on(&self, process: &P) -> Steps<P>;

    /// The same once the process has finished.
    fn again(&self, process: &P) -> Again<P>;
}
