//! The floor: hand-written SQL on a minimal table, one statement for each commit.

mod catch_up;
mod connections;
mod follow;
mod read;
mod write;

use std::sync::Arc;

use driver::{Column, Command, Failed, Result, Seen, build};
use sqlx::raw_sql;
use uuid::Uuid;

use self::connections::Connections;

#[derive(Clone)]
struct Floor {
    connections: Connections,
}

/// A stream, and the version of its last event.
struct Stream(Uuid, i64);

const TABLES: &str = "
    create table events (
        position bigint generated always as identity primary key,
        stream_id uuid not null,
        version bigint not null,
        event_type text not null,
        payload jsonb not null,
        metadata jsonb not null,
        recorded_at timestamptz not null default now(),
        unique (stream_id, version));
    create table snapshots (stream_id uuid primary key, version bigint not null, state jsonb not null)";

impl Column for Floor {
    const NAME: &'static str = "floor";
    type Stream = Stream;

    async fn connect(url: &str, connections: u32) -> Result<Self> {
        Ok(Self { connections: Connections::open(url, connections).await? })
    }

    async fn setup(&self) -> Result<()> {
        raw_sql(TABLES).execute(&mut *self.connections.take().await?).await?;
        Ok(())
    }

    fn stream(&self) -> Stream {
        Stream(Uuid::new_v4(), 0)
    }

    fn id(stream: &Stream) -> String {
        stream.0.to_string()
    }

    async fn append(&self, stream: &mut Stream, first: i64, n: usize) -> Result<()> {
        let events = Command::Deposit { first, n }.events();
        stream.1 = self.insert(stream.0, stream.1, &events).await?;
        Ok(())
    }

    async fn command(&self, id: &str, command: Command) -> Result<(), Failed> {
        let id = id.parse()?;
        let (account, version) = self.fold(id).await?;
        std::hint::black_box(account.balance);
        match self.insert(id, version, &command.events()).await {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(Failed::Conflict),
            inserted => Ok(inserted.map(|_| ())?),
        }
    }

    async fn load(&self, id: &str) -> Result<u64> {
        Ok(self.fold(id.parse()?).await?.0.events)
    }

    async fn snapshot_build(&self, n: usize) -> Result<Option<String>> {
        let id = build(self, n).await?;
        self.take_snapshot(id.parse()?, n - n % 100).await?;
        Ok(Some(id))
    }

    async fn snapshot_load(&self, id: &str) -> Result<u64> {
        Ok(self.fold_from_snapshot(id.parse()?).await?.events)
    }

    async fn catch_up(&self, _: u64) -> Result<Option<u64>> {
        Ok(Some(self.pages().await?))
    }

    async fn subscribe(&self, seen: Arc<Seen>) -> Result<bool> {
        self.follow(&seen).await?;
        Ok(true)
    }

    /// `es-pages` reads the tables of es-postgres in its database; `w7stream` reads all with one query.
    async fn extra(&self, what: &str) -> Result<Vec<(&'static str, f64)>> {
        let start = std::time::Instant::now();
        let events = match what {
            "es-pages" => self.pages_of_es().await?,
            "w7stream" => self.one_query().await?,
            _ => return Err(format!("the floor has no workload {what}").into()),
        };
        Ok(vec![("events_s", driver::events_a_second(events, start))])
    }
}

fn main() -> Result<()> {
    driver::run::<Floor>()
}
