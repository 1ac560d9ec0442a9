//! Looking back: the events of one aggregate, its state as of a time, and which aggregates there are.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{Loaded, Repository};
use crate::{Aggregate, EventStore, RawEvent, Recorded, Revision, StoreError, StreamKey, StreamRange};

impl<A: Aggregate, S: EventStore + 'static> Repository<A, S> {
    /// The state as of a time: the fold of the events that had happened by then, in the order in which they happened.
    ///
    /// An event happened at its occurred time, or, where the caller gave none, when it was recorded; the revision
    /// breaks ties. An event that was recorded late, with an earlier occurred time, is thus folded where it belongs.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn load_as_of(&self, id: &A::Id, time: OffsetDateTime) -> Result<Loaded<A>, StoreError> {
        self.know_earlier_names().await?;
        let mut happened = Vec::new();
        let mut revision = Revision::EMPTY;
        let stream = self.stream_id(id)?;
        let mut take = |raw: RawEvent<'_>| {
            if raw.occurred_at() <= time {
                revision = raw.revision;
                A::decode(&raw, &mut |event| happened.push((raw.occurred_at(), event)))?;
            }
            Ok(())
        };
        self.store.read_stream(&stream, StreamRange::ALL, &mut take).await?;
        // Stable, so that revisions break ties.
        happened.sort_by_key(|(occurred_at, _)| *occurred_at);
        let mut state = A::default();
        for (_, event) in happened {
            state.apply_event(event);
        }
        Ok(Loaded { state, revision })
    }

    /// Hands out the events of one aggregate, decoded, with their places, times and metadata, in bounded memory.
    ///
    /// What takes the place of a retired event is handed out with the place, the id and the stored name of that one; where
    /// nothing does, nothing is.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store, of an event that does not decode, or of `take`, which ends the read.
    pub async fn history(
        &self,
        id: &A::Id,
        range: StreamRange,
        mut take: impl FnMut(Recorded<A::Event>) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        self.know_earlier_names().await?;
        let stream = self.stream_id(id)?;
        let mut take = |raw: RawEvent<'_>| recorded::<A>(&raw, &mut take);
        self.store.read_stream(&stream, range, &mut take).await
    }

    /// The ids of the aggregates that have events, in the byte order of their keys, with their revisions: at most
    /// `limit` of them, after the id `after`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store, or of a key that is no id.
    pub async fn ids(
        &self,
        after: Option<&A::Id>,
        limit: usize,
    ) -> Result<Vec<(A::Id, Revision)>, StoreError> {
        self.know_earlier_names().await?;
        let after = after.map(StreamKey::to_key);
        let streams = self.store.list_streams(A::NAME, after.as_deref(), limit).await?;
        streams
            .into_iter()
            .map(|summary| Ok((A::Id::from_key(summary.stream.key())?, summary.revision)))
            .collect()
    }
}

/// Decodes one stored event and hands out what it stands for.
pub(crate) fn recorded<A: Aggregate>(
    raw: &RawEvent<'_>,
    take: &mut dyn FnMut(Recorded<A::Event>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let metadata = raw.shared_metadata()?;
    let mut result = Ok(());
    A::decode(raw, &mut |event| {
        let event_type = A::event_type(&event);
        let recorded = Recorded::new(raw, event, event_type, Arc::clone(&metadata));
        if result.is_ok() {
            result = take(recorded);
        }
    })?;
    result
}
