//! The implementations of `es-core`'s store traits.

use std::sync::Arc;

use async_trait::async_trait;
use es_core::model::NewSnapshot;
use es_core::shape::Fingerprint;
use es_core::store::{
    AllPage, AllQuery, Append, AppendIn, AppendOutcome, Checkpoint, CloseStreams, Decision, Find, FindEvents,
    Limits, ListQuery, ListStreams, Listener, Load, LoadManySink, LoadSink, ReadAll, Registration,
    Remembered, Sink, StreamHead, StreamRange, StreamSummary, Submitted,
};
use es_core::{EventStore, Revision, StoreError, StreamId};
use sqlx::PgConnection;
use tracing::{Instrument, debug_span};

use crate::connect::names::{Declaration, Rename};
use crate::read::all::reach::Asker;
use crate::read::{find, load, load_many, stream};
use crate::store::PostgresStore;
use crate::upkeep::{snapshots, streams};
use crate::write::{one, remember};

impl PostgresStore {
    /// Loading the outcome of a command acknowledges it, which takes a write: see `load.sql`.
    fn may_answer(&self, load: Load<'_>) -> Result<(), StoreError> {
        if load.command_id.is_some() { self.parts().pool.writes() } else { Ok(()) }
    }
}

#[async_trait]
impl EventStore for PostgresStore {
    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        self.parts().pool.writes()?;
        let (expected, events) = (append.expected, append.events.len());
        let span = debug_span!("append", stream = %append.stream, %expected, events);
        let outcome = self.parts().lanes.append(append).instrument(span).await;
        self.parts().pool.counters.append(append.events.len(), outcome.as_ref().ok());
        outcome
    }

    async fn submit(&self, append: Append<'_>) -> Result<Submitted, StoreError> {
        self.parts().pool.writes()?;
        let (expected, events) = (append.expected, append.events.len());
        let span = debug_span!("append", stream = %append.stream, %expected, events);
        let submitted = self.parts().lanes.submit(append).instrument(span.clone()).await?;
        let (counters, events) = (Arc::clone(&self.parts().pool.counters), append.events.len());
        let submitted = async move {
            let outcome = submitted.await;
            counters.append(events, outcome.as_ref().ok());
            outcome
        };
        Ok(Box::pin(submitted.instrument(span)))
    }

    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        self.parts().pool.writes()?;
        let events: usize = appends.iter().map(|append| append.events.len()).sum();
        let span = debug_span!("append_all", streams = appends.len(), events);
        let outcomes = self.parts().lanes.append_all(appends).instrument(span).await;
        for (append, outcome) in appends.iter().zip(outcomes.iter().flatten()) {
            self.parts().pool.counters.append(append.events.len(), Some(outcome));
        }
        self.parts().wake.appended();
        outcomes
    }

    async fn remember(&self, decision: Decision<'_>) -> Result<Remembered, StoreError> {
        self.parts().pool.writes()?;
        let span = debug_span!("remember", stream = %decision.stream, revision = %decision.revision);
        remember::remember(&self.parts().pool, decision).instrument(span).await
    }

    async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        self.may_answer(load)?;
        let span = debug_span!("load", stream = %load.stream, after = %load.after, up_to = %load.up_to);
        load::load(&self.parts().pool, load, sink).instrument(span).await
    }

    async fn load_many(
        &self,
        streams: &[StreamId],
        snapshot: Option<Fingerprint>,
        sink: LoadManySink<'_>,
    ) -> Result<Vec<Result<StreamHead, StoreError>>, StoreError> {
        let span = debug_span!("load_many", streams = streams.len());
        load_many::load_many(&self.parts().pool, streams, snapshot, sink).instrument(span).await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        range: StreamRange,
        sink: Sink<'_>,
    ) -> Result<(), StoreError> {
        let span = debug_span!("read_stream", %stream, from = %range.from, to = %range.to);
        stream::read_stream(&self.parts().pool, stream, range, sink).instrument(span).await
    }

    fn limits(&self) -> Limits {
        self.parts().pool.settings.limits
    }

    async fn save_snapshot(&self, snapshot: NewSnapshot) -> Result<(), StoreError> {
        self.parts().pool.writes()?;
        let span = debug_span!("save_snapshot", stream = %snapshot.stream, revision = %snapshot.revision);
        snapshots::save(&self.parts().pool, &snapshot).instrument(span).await
    }

    async fn register(&self, events: &[Registration]) -> Result<(), StoreError> {
        Registration::check_all(events)?;
        self.parts().pool.declare(Declaration::Events(events.into())).await
    }

    async fn rename_category(&self, name: &str, was: &[&str]) -> Result<(), StoreError> {
        was.iter().copied().chain([name]).try_for_each(StreamId::check_category)?;
        let was = was.iter().map(|was| (*was).to_owned()).collect();
        self.parts().pool.declare(Declaration::Rename(Rename { name: name.to_owned(), was })).await
    }
}

#[async_trait]
impl AppendIn<PgConnection> for PostgresStore {
    async fn append_in(
        &self,
        tx: &mut PgConnection,
        append: Append<'_>,
    ) -> Result<AppendOutcome, StoreError> {
        self.parts().pool.writes()?;
        let (expected, events) = (append.expected, append.events.len());
        let span = debug_span!("append_in", stream = %append.stream, %expected, events);
        let outcome = one::append_in(&self.parts().pool, tx, append).instrument(span).await;
        self.parts().pool.counters.append(append.events.len(), outcome.as_ref().ok());
        // Readers that read now find an open append, and read again until it has ended.
        self.parts().wake.appended();
        outcome
    }

    async fn load_in(
        &self,
        tx: &mut PgConnection,
        load: Load<'_>,
        sink: LoadSink<'_>,
    ) -> Result<StreamHead, StoreError> {
        self.may_answer(load)?;
        let span = debug_span!("load_in", stream = %load.stream, after = %load.after, up_to = %load.up_to);
        load::load_in(&self.parts().pool, tx, load, sink).instrument(span).await
    }

    async fn remember_in(
        &self,
        tx: &mut PgConnection,
        decision: Decision<'_>,
    ) -> Result<Remembered, StoreError> {
        self.parts().pool.writes()?;
        let span = debug_span!("remember_in", stream = %decision.stream, revision = %decision.revision);
        remember::remember_in(&self.parts().pool, tx, decision).instrument(span).await
    }
}

#[async_trait]
impl ReadAll for PostgresStore {
    async fn read_all(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        let span = debug_span!("read_all", after = %query.after.position(), limit = query.limit);
        self.parts().all.page(query, Asker::Query, sink).instrument(span).await
    }

    async fn end(&self) -> Result<Checkpoint, StoreError> {
        self.parts().all.end().await
    }

    fn listen(&self) -> Listener {
        self.parts().wake.listen()
    }

    async fn follow(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        let span = debug_span!("read_all", after = %query.after.position(), limit = query.limit);
        self.parts().all.page(query, Asker::Follower, sink).instrument(span).await
    }
}

#[async_trait]
impl ListStreams for PostgresStore {
    async fn list_streams(&self, query: ListQuery<'_>) -> Result<Vec<StreamSummary>, StoreError> {
        streams::list(&self.parts().pool, query).await
    }
}

#[async_trait]
impl FindEvents for PostgresStore {
    async fn find(&self, what: Find, sink: Sink<'_>) -> Result<(), StoreError> {
        find::find(&self.parts().pool, what, sink).instrument(debug_span!("find", ?what)).await
    }
}

#[async_trait]
impl CloseStreams for PostgresStore {
    async fn close_stream(&self, stream: &StreamId, expected: Revision) -> Result<bool, StoreError> {
        self.parts().pool.writes()?;
        streams::close(&self.parts().pool, stream, expected).await
    }
}
