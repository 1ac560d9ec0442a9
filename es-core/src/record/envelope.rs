//! What is stored of an event besides its payload.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::metadata::Metadata;
use super::recorded::Recorded;
use crate::stream::{Position, Revision, StreamId};

/// What is stored of an event besides its payload, borrowed from a [`Recorded`] event of any type.
///
/// The generated enum of a projection's events, of a reactor's and so on has a method `envelope`, as this is
/// what all its variants share.
///
/// ```
/// # use std::convert::Infallible;
/// # use es_core::event;
/// use es_core::projection::{ProjectBatch, Projection};
///
/// # #[event(name = "account.deposited")] pub struct Deposited { pub cents: u32 }
/// # #[event(name = "account.withdrawn")] pub struct Withdrawn { pub cents: u32 }
/// /// How many events each account has, whatever they are.
/// #[derive(Projection)]
/// #[projection(
///     name = "activity", events(Deposited, Withdrawn), model = Vec<String>, error = Infallible, batch
/// )]
/// struct Activity;
///
/// impl ProjectBatch for Activity {
///     async fn project_batch(
///         &self, events: &[ActivityEvent], lines: &mut Vec<String>,
///     ) -> Result<(), Infallible> {
///         for event in events {
///             let envelope = event.envelope();
///             lines.push(format!("{}: {}", envelope.stream.key(), envelope.occurred_at()));
///         }
///         Ok(())
///     }
/// }
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Envelope<'a> {
    /// The wire name, after upcasting.
    pub name: &'static str,
    /// The version, after upcasting.
    pub version: u32,
    /// The stream.
    pub stream: &'a StreamId,
    /// The revision in the stream.
    pub revision: Revision,
    /// The position in the store.
    pub position: Position,
    /// The event's id.
    pub event_id: Uuid,
    /// The store's clock at the append.
    pub recorded_at: OffsetDateTime,
    /// Who, why, and when it happened.
    pub metadata: &'a Arc<Metadata>,
}

impl Envelope<'_> {
    /// When the fact happened: the caller's value, or else when it was recorded.
    #[must_use]
    pub fn occurred_at(&self) -> OffsetDateTime {
        self.metadata.occurred_at.unwrap_or(self.recorded_at)
    }
}

impl fmt::Debug for Envelope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, stream, revision, position, .. } = self;
        write!(f, "{name} v{version} at {stream}#{revision} ({position})")
    }
}

impl<E> Recorded<E> {
    /// Everything besides the event itself.
    #[must_use]
    pub const fn envelope(&self) -> Envelope<'_> {
        Envelope {
            name: self.name,
            version: self.version,
            stream: &self.stream,
            revision: self.revision,
            position: self.position,
            event_id: self.event_id,
            recorded_at: self.recorded_at,
            metadata: &self.metadata,
        }
    }
}
