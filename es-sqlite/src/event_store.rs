//! The store contract, implemented on a file.

use async_trait::async_trait;
use es_core::model::NewSnapshot;
use es_core::shape::Fingerprint;
use es_core::store::{
    AllPage, AllQuery, Append, AppendIn, AppendOutcome, Checkpoint, CloseStreams, Decision, Find, FindEvents,
    Limits, ListQuery, ListStreams, Listener, Load, LoadManySink, LoadSink, ReadAll, Registration,
    Remembered, Sink, StreamHead, StreamRange, StreamSummary, Submitted,
};
use es_core::{EventStore, Revision, StoreError, StreamId};
use sqlx::SqliteConnection;

use crate::error::Failure;
use crate::read::types::Types;
use crate::read::{all, list, load, load_many, stream};
use crate::store::SqliteStore;
use crate::write::inside;
use crate::write::job::{Done, Work};
use crate::write::part::{Decided, Part};

/// For an answer of the lane that does not match the request.
fn ended<T>() -> Result<T, StoreError> {
    Err(Failure::Closed.into())
}

#[async_trait]
impl EventStore for SqliteStore {
    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        append.check(self.limits())?;
        let parts = vec![Part::new(&append)?];
        match self.write(Work::Append { parts, several: false }).await? {
            Done::Appended(mut outcomes) => outcomes.pop().map_or_else(ended, Ok),
            _ => ended(),
        }
    }

    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        Append::check_all(appends, self.limits())?;
        if appends.is_empty() {
            return Ok(Vec::new());
        }
        let parts = appends.iter().map(Part::new).collect::<Result<_, _>>()?;
        match self.write(Work::Append { parts, several: true }).await? {
            Done::Appended(outcomes) => Ok(outcomes),
            _ => ended(),
        }
    }

    async fn remember(&self, decision: Decision<'_>) -> Result<Remembered, StoreError> {
        decision.command.check(decision.stream)?;
        match self.write(Work::Remember(Decided::new(&decision))).await? {
            Done::Remembered(remembered) => Ok(remembered),
            _ => ended(),
        }
    }

    async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        load::load(&mut reader.connection, &reader.types, load, sink).await
    }

    async fn load_many(
        &self,
        streams: &[StreamId],
        snapshot: Option<Fingerprint>,
        sink: LoadManySink<'_>,
    ) -> Result<Vec<Result<StreamHead, StoreError>>, StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        load_many::load_many(&mut reader.connection, &reader.types, (streams, snapshot), sink).await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        range: StreamRange,
        sink: Sink<'_>,
    ) -> Result<(), StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        stream::read(&mut reader.connection, &reader.types, stream, range, sink).await
    }

    async fn save_snapshot(&self, snapshot: NewSnapshot) -> Result<(), StoreError> {
        self.write(Work::Snapshot(snapshot)).await.map(drop)
    }

    async fn register(&self, events: &[Registration]) -> Result<(), StoreError> {
        Registration::check_all(events)?;
        for event in events.iter().filter(|event| event.former) {
            self.parts.former.add(event.name, event.version);
        }
        if self.known().await?.has_all(events)? {
            return Ok(());
        }
        self.write(Work::Register(events.to_vec())).await.map(drop)
    }

    async fn rename_category(&self, name: &str, was: &[&str]) -> Result<(), StoreError> {
        was.iter().copied().chain([name]).try_for_each(StreamId::check_category)?;
        let names = was.iter().copied().chain([name]);
        if self.known().await?.common_category(names)?.is_some_and(|(_, all)| all) {
            return Ok(());
        }
        let was = was.iter().map(|name| (*name).to_owned()).collect();
        self.write(Work::Rename { name: name.to_owned(), was }).await.map(drop)
    }

    fn limits(&self) -> Limits {
        self.parts.readers.opener.options.limits
    }

    async fn submit(&self, append: Append<'_>) -> Result<Submitted, StoreError> {
        self.check_writable()?;
        append.check(self.limits())?;
        self.parts.lane.submit(Part::new(&append)?).await
    }
}

#[async_trait]
impl AppendIn<SqliteConnection> for SqliteStore {
    async fn append_in(
        &self,
        tx: &mut SqliteConnection,
        append: Append<'_>,
    ) -> Result<AppendOutcome, StoreError> {
        append.check(self.limits())?;
        let part = Part::new(&append)?;
        inside::append(&self.parts.readers.opener, tx, part).await
    }

    async fn load_in(
        &self,
        tx: &mut SqliteConnection,
        load: Load<'_>,
        sink: LoadSink<'_>,
    ) -> Result<StreamHead, StoreError> {
        inside::check(&self.parts.readers.opener, tx).await?;
        load::load(tx, &Types::default(), load, sink).await
    }

    async fn remember_in(
        &self,
        tx: &mut SqliteConnection,
        decision: Decision<'_>,
    ) -> Result<Remembered, StoreError> {
        decision.command.check(decision.stream)?;
        inside::remember(&self.parts.readers.opener, tx, Decided::new(&decision)).await
    }
}

#[async_trait]
impl ReadAll for SqliteStore {
    async fn read_all(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        all::read(&mut reader.connection, &reader.types, query, sink).await
    }

    async fn end(&self) -> Result<Checkpoint, StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        Ok(all::head(&mut reader.connection).await?)
    }

    fn listen(&self) -> Listener {
        self.parts.lane.listen();
        self.parts.bell.listen()
    }
}

#[async_trait]
impl FindEvents for SqliteStore {
    async fn find(&self, what: Find, sink: Sink<'_>) -> Result<(), StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        all::find(&mut reader.connection, &reader.types, what, sink).await
    }
}

#[async_trait]
impl ListStreams for SqliteStore {
    async fn list_streams(&self, query: ListQuery<'_>) -> Result<Vec<StreamSummary>, StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        list::list(&mut reader.connection, query).await
    }
}

#[async_trait]
impl CloseStreams for SqliteStore {
    async fn close_stream(&self, stream: &StreamId, expected: Revision) -> Result<bool, StoreError> {
        match self.write(Work::Close { stream: stream.clone(), expected }).await? {
            Done::Changed(closed) => Ok(closed),
            _ => ended(),
        }
    }
}
