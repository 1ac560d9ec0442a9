//! Whether each stream's events come in the order of their revisions.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;

use crate::error::StoreError;
use crate::record::RawEvent;
use crate::store::{Contiguous, Filter};
use crate::stream::{Revision, StreamId};

/// How many streams are remembered at a time.
const PLACES: usize = 256;

/// The last revision seen of some streams: those that came last, each in a place that its name determines. So
/// memory is bounded, and a stream that had to make room is checked from its next event on.
#[derive(Debug, Default)]
pub(super) struct StreamOrder {
    /// None before the first event.
    places: Vec<Option<(StreamId, Revision)>>,
}

impl StreamOrder {
    /// Refuses an event that does not come after the last one seen of its stream: not the next one, where the
    /// filter takes all events of a stream, or not a later one, where it takes some.
    pub(super) fn take(&mut self, event: &RawEvent<'_>, filter: &Filter) -> Result<(), StoreError> {
        if self.places.is_empty() {
            self.places.resize(PLACES, None);
        }
        let hash = FixedState::default().hash_one(event.stream);
        let at = usize::try_from(hash % PLACES as u64).unwrap_or_default();
        let Some(place) = self.places.get_mut(at) else { return Ok(()) };
        match place {
            Some((stream, last)) if stream == event.stream => {
                if filter.events.is_empty() || event.revision <= *last {
                    Contiguous::after(stream, *last).take(event.revision)?;
                }
                *last = event.revision;
            }
            _ => *place = Some((event.stream.clone(), event.revision)),
        }
        Ok(())
    }
}
