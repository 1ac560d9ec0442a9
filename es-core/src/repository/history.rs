//! Reading history: the events of one aggregate, its state as of a time, and the ids of all aggregates.

use time::OffsetDateTime;

use super::Repository;
use super::loaded::Loaded;
use crate::error::StoreError;
use crate::model::{Aggregate, guarded};
use crate::record::{RawEvent, Recorded};
use crate::store::{EventStore, ListQuery, ListStreams, StreamRange, read_whole, recorded};
use crate::stream::{IdRef, Revision, StreamKey};

impl<A: Aggregate, S: EventStore + 'static> Repository<A, S> {
    /// The state as of a time: the fold of the events that had happened by then, in the order of the stream.
    ///
    /// An event happened at its occurred time or, if the caller gave none, when it was recorded. Events that
    /// happened later are left out; the others are folded in the order of their revisions, as in every other
    /// fold. Times only select events and never order them: a clock that was set back cannot reverse the
    /// history.
    ///
    /// Occurred times need not increase along a stream, as events may be recorded late and clocks may be
    /// corrected. Then an event can be left out while a later one counts, and the result is a state that no
    /// command has decided on. [`load_at`](Self::load_at) returns states that existed. The returned revision
    /// is that of the last event that counts.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn load_as_of(
        &self,
        id: impl IdRef<A::Id>,
        time: OffsetDateTime,
    ) -> Result<Loaded<A>, StoreError> {
        self.know_earlier_names().await?;
        let stream = self.stream_id(id)?;
        let mut loaded = Loaded { state: A::initial(), revision: Revision::EMPTY };
        let mut take = |raw: &RawEvent<'_>| {
            if raw.occurred_at() <= time {
                guarded::apply(raw, &mut loaded.state)?;
                loaded.revision = raw.revision;
            }
            Ok(())
        };
        read_whole(&*self.store, &stream, StreamRange::ALL, &mut take).await?;
        Ok(loaded)
    }

    /// Passes the events of one aggregate to `take`, decoded, with their places, times and metadata, in
    /// bounded memory.
    ///
    /// `range` is a range of revisions, such as `..`, `3..` or `..=7`, or a [`StreamRange`], which can also
    /// be read backward.
    ///
    /// Events that replace a retired event are passed with its place, its id and its stored name; if nothing
    /// replaces it, nothing is passed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store, of an event that does not decode or is missing, or of `take`, which ends
    /// the read.
    pub async fn history(
        &self,
        id: impl IdRef<A::Id>,
        range: impl Into<StreamRange>,
        mut take: impl FnMut(Recorded<A::Event>) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        let (stream, range) = (self.stream_id(id)?, range.into());
        self.know_earlier_names().await?;
        let mut take = |raw: &RawEvent<'_>| recorded::<A>(raw, &mut take);
        read_whole(&*self.store, &stream, range, &mut take).await
    }

    /// The ids of the aggregates that have events, in the byte order of their keys, with their revisions: at
    /// most `limit` of them, after the id `after`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store, or of a key that is not an id.
    pub async fn ids(&self, after: Option<&A::Id>, limit: usize) -> Result<Vec<(A::Id, Revision)>, StoreError>
    where
        S: ListStreams,
    {
        self.know_earlier_names().await?;
        let after = after.map(StreamKey::to_key);
        let query = ListQuery::category(A::NAME).after(after.as_deref()).limit(limit);
        let streams = self.store.list_streams(query).await?;
        streams
            .into_iter()
            .map(|summary| Ok((A::Id::from_key(summary.stream.key())?, summary.revision)))
            .collect()
    }
}
