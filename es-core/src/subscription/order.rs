//! Whether each stream's events come in the order of their revisions.

use crate::error::StoreError;
use crate::record::RawEvent;
use crate::store::{Contiguous, Filter};
use crate::stream::{Revision, StreamId};

/// How many streams are remembered at a time.
const PLACES: usize = 1 << u8::BITS;

/// The last revision seen of the most recent streams, each in a slot that its name determines. So memory is
/// bounded, and a stream that was evicted is checked again from its next event on.
#[derive(Debug, Default)]
pub(super) struct StreamOrder {
    /// None before the first event.
    places: Vec<Option<(StreamId, Revision)>>,
}

impl StreamOrder {
    /// Rejects an event that does not come after the last one seen of its stream: it must be the next one if
    /// the filter matches all events of a stream, or a later one if it matches some.
    pub(super) fn take(&mut self, event: &RawEvent<'_>, filter: &Filter) -> Result<(), StoreError> {
        if self.places.is_empty() {
            self.places.resize(PLACES, None);
        }
        let Some(place) = self.places.get_mut(usize::from(place_of(event.stream))) else { return Ok(()) };
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

/// From the end of the key, in which streams differ. Any number would do, and this runs for each event: a
/// hash of the whole name takes as long as everything else here.
fn place_of(stream: &StreamId) -> u8 {
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let key = stream.key().as_bytes();
    let end = match key.last_chunk() {
        Some(end) => u64::from_le_bytes(*end),
        None => key.iter().fold(0, |end, byte| end << 8 | u64::from(*byte)),
    };
    end.wrapping_mul(MIX).to_be_bytes()[0]
}
