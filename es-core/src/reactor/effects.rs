//! Effects of several events at once, for authors of runners.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::Reactor;
use crate::model::ReadEvent;
use crate::projection::{Done, awaited};
use crate::record::{DecodeError, RawEvent};
use crate::store::Filter;

/// How long a reactor or a publisher works before its checkpoint moves: the events of this time are repeated
/// after a crash.
pub(crate) const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(500);

/// What a [`ReactorRunner`](super::ReactorRunner) runs: the effects of a page of events. Every [`Reactor`]
/// implements it, one event at a time.
///
/// It may run the effects of different streams in parallel, as long as those of one stream take effect in
/// order, and returns how far it has come: later events are passed to it again.
pub trait Effects: Send + Sync + 'static {
    /// What runs the effects: `reactor`, `publisher` or `process`. The checkpoint is stored as `KIND.NAME`,
    /// and errors name the kind.
    #[doc(hidden)]
    const KIND: &'static str = "reactor";

    /// The name, under which the checkpoint is stored.
    const NAME: &'static str;

    /// An event, decoded.
    type Event: Send + Sync + 'static;

    /// Which events it handles.
    fn filter() -> Filter;

    /// Decodes a stored event; `None` for one that it does not handle.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when this program cannot read it.
    fn decode(raw: &RawEvent<'_>) -> Result<Option<Self::Event>, DecodeError>;

    /// The events with their shapes, and how each is read. The [lock](crate::lock) reads it.
    #[doc(hidden)]
    fn events() -> &'static [ReadEvent];

    /// Runs the effects of events, in their order. It may be dropped at any await, when another worker has
    /// taken over.
    fn run(&self, events: &[Self::Event]) -> impl Future<Output = Done> + Send;
}

impl<R: Reactor> Effects for R {
    const NAME: &'static str = <R as Reactor>::NAME;
    type Event = <R as Reactor>::Event;

    fn filter() -> Filter {
        <R as Reactor>::filter()
    }

    fn decode(raw: &RawEvent<'_>) -> Result<Option<Self::Event>, DecodeError> {
        <R as Reactor>::decode(raw)
    }

    fn events() -> &'static [ReadEvent] {
        <R as Reactor>::events()
    }

    async fn run(&self, events: &[Self::Event]) -> Done {
        let began = Instant::now();
        for (done, event) in events.iter().enumerate() {
            if done > 0 && began.elapsed() >= CHECKPOINT_INTERVAL {
                return Done::so_far(done);
            }
            // Caught here, where the panic can be attributed to its event.
            let reacted = awaited(self.react_to(event)).await.and_then(|done| done.map_err(Into::into));
            if let Err(error) = reacted {
                return Done::up_to(done, error);
            }
        }
        Done::all(events.len())
    }
}
