//! The sinks that receive the events of a read.

use std::sync::Arc;

use super::load::LoadItem;
use crate::error::StoreError;
use crate::model::{Aggregate, guarded};
use crate::record::{RawEvent, Recorded};

/// Receives the events of a read, one by one, borrowed from the row. An error ends the read and is its
/// result.
pub type Sink<'a> = &'a mut (dyn FnMut(RawEvent<'_>) -> Result<(), StoreError> + Send);

/// Receives what [`EventStore::load`](crate::EventStore::load) finds: at most one snapshot, first, then the
/// events after it.
pub type LoadSink<'a> = &'a mut (dyn FnMut(LoadItem<'_>) -> Result<(), StoreError> + Send);

/// Receives what [`EventStore::load_many`](crate::EventStore::load_many) finds: the index of a stream among
/// those that were asked for, and an item of it. An error ends the load of this stream only.
pub type LoadManySink<'a> = &'a mut (dyn FnMut(usize, LoadItem<'_>) -> Result<(), StoreError> + Send);

/// Decodes one stored event and passes on what it stands for.
pub(crate) fn recorded<A: Aggregate>(
    raw: &RawEvent<'_>,
    take: &mut dyn FnMut(Recorded<A::Event>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let metadata = raw.shared_metadata()?;
    let mut result = Ok(());
    guarded::decode::<A>(raw, |event| {
        let event_type = A::event_type(&event);
        let recorded = Recorded::new(raw, event, event_type, Arc::clone(&metadata));
        if result.is_ok() {
            result = take(recorded);
        }
    })?;
    result
}
