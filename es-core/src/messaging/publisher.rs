//! Publishers: which public events other services receive for private ones.

use super::message::Message;
use crate::model::{Event, ReadEvent};
use crate::record::{DecodeError, EncodeError, RawEvent, Recorded};
use crate::store::Filter;

/// A feed of public events, made from private ones. Implemented by
/// [`#[derive(Publisher)]`](derive@crate::messaging::Publisher), never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a publisher",
    label = "not a publisher",
    note = "write `#[derive(es_core::messaging::Publisher)] #[publisher(name = \"…\", events(…))]` above \
            `{Self}`"
)]
pub trait Publisher: Send + Sync + 'static {
    /// The name, under which its checkpoint is stored.
    const NAME: &'static str;

    /// The generated enum of the private events, each as it was recorded.
    type Event: Send + Sync + 'static;

    /// Which events it handles.
    fn filter() -> Filter;

    /// Decodes a stored event as commands do, upcasting included; `None` for one that it does not handle.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when this program cannot read it.
    fn decode(raw: &RawEvent<'_>) -> Result<Option<Self::Event>, DecodeError>;

    /// The private events with their shapes, and how each is read. The [lock](crate::lock) reads it.
    #[doc(hidden)]
    fn events() -> &'static [ReadEvent];

    /// The public events. The [lock](crate::lock) reads it.
    #[doc(hidden)]
    fn public_events() -> &'static [ReadEvent];

    /// The message that an event becomes, through [`Publish`]; `None` if it stays private.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] when the public event cannot be written as JSON.
    fn message(&self, event: &Self::Event) -> Result<Option<Message>, EncodeError>;
}

/// Maps a private event to the public event that other services receive, with its own name, version and
/// shape, or to none.
///
/// The public event is an [`#[event]`](macro@crate::event), so that it can evolve like the private one, and
/// independently of it; the [lock](crate::lock) contains its shape.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not define what is published for the event `{E}`",
    label = "no `Publish<{E}>`",
    note = "write `impl es_core::messaging::Publish<{E}> for {Self} {{ type Public = …; fn publish(&self, \
            event: &es_core::Recorded<{E}>) -> Option<Self::Public> {{ … }} }}`"
)]
pub trait Publish<E>: Publisher {
    /// The public event.
    type Public: Event;

    /// The public event for this one; `None` to publish nothing.
    ///
    /// It must have no side effects and return the same result each time: an event may be published again.
    fn publish(&self, event: &Recorded<E>) -> Option<Self::Public>;
}
