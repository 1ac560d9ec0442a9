//! The floor: the same tables and indexes, written and read with hand-written sqlx over one held connection.

use std::path::Path;

use es_core::uuid::Uuid;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::types::Json;
use sqlx::{Connection, QueryBuilder, Row, Sqlite, SqliteConnection, raw_sql};

use crate::Result;
use crate::domain::Deposited;

/// The columns of es-sqlite, except its checksum, and without its triggers.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS streams (
        id INTEGER PRIMARY KEY, category INTEGER NOT NULL, key TEXT NOT NULL, closed INTEGER NOT NULL DEFAULT 0,
        UNIQUE (category, key)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS snapshots (
        stream INTEGER NOT NULL, fingerprint INTEGER NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL,
        PRIMARY KEY (stream, fingerprint)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS events (
        position INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL, revision INTEGER NOT NULL,
        id BLOB NOT NULL, type INTEGER NOT NULL, recorded_at INTEGER NOT NULL, occurred_at INTEGER,
        correlation_id BLOB, causation_id BLOB, payload TEXT NOT NULL, metadata TEXT,
        UNIQUE (stream, revision)
    ) STRICT";
const NEW_STREAM: &str = "INSERT INTO streams (category, key) VALUES (1, ?) RETURNING id";
const INSERT: &str =
    "INSERT INTO events (stream, revision, id, type, recorded_at, payload) VALUES (?, ?, ?, 1, ?, ?)";
const INSERT_MANY: &str = "INSERT INTO events (stream, revision, id, type, recorded_at, payload) ";
const LOAD: &str =
    "SELECT revision, type, payload FROM events WHERE stream = ? AND revision > ? ORDER BY revision";
const PAGE: &str = "SELECT e.position, e.revision, e.id, e.type, e.recorded_at, e.payload, s.key
    FROM events e JOIN streams s ON s.id = e.stream WHERE e.position > ? ORDER BY e.position LIMIT ?";
const SNAPSHOT: &str = "SELECT revision, state FROM snapshots WHERE stream = ? AND fingerprint = 1";

pub(crate) struct Floor {
    connection: SqliteConnection,
}

impl Floor {
    pub(crate) async fn open(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        raw_sql(TABLES).execute(&mut connection).await?;
        Ok(Self { connection })
    }

    /// One event in a transaction of its own; its stream is created with the first one.
    pub(crate) async fn append(&mut self, stream: &mut Option<i64>, revision: i64) -> Result<()> {
        let mut tx = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        let id = made(stream, &mut tx).await?;
        sqlx::query(INSERT)
            .bind(id)
            .bind(revision)
            .bind(Uuid::now_v7())
            .bind(now())
            .bind(Json(Deposited::new(revision)))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// So many in one statement.
    pub(crate) async fn append_many(
        &mut self,
        stream: &mut Option<i64>,
        expected: i64,
        count: i64,
    ) -> Result<()> {
        let mut tx = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        let id = made(stream, &mut tx).await?;
        let now = now();
        let mut insert = QueryBuilder::<Sqlite>::new(INSERT_MANY);
        insert.push_values(1..=count, |mut row, number| {
            let payload = Json(Deposited::new(expected + number));
            row.push_bind(id).push_bind(expected + number).push_bind(Uuid::now_v7()).push_bind(1);
            row.push_bind(now).push_bind(payload);
        });
        insert.build().execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Fetches and decodes the rows of a stream after a revision, and folds the amounts.
    pub(crate) async fn load(&mut self, stream: i64, after: i64) -> Result<i64> {
        let rows = sqlx::query(LOAD).bind(stream).bind(after).fetch_all(&mut self.connection).await?;
        let mut total = 0;
        for row in rows {
            let Json(deposit): Json<Deposited> = row.try_get(2)?;
            total += deposit.amount;
        }
        Ok(total)
    }

    pub(crate) async fn keep_snapshot(&mut self, stream: i64, revision: i64, total: i64) -> Result<()> {
        let state = format!(r#"{{"total":{total}}}"#);
        let keep = sqlx::query("INSERT INTO snapshots VALUES (?, 1, ?, ?)");
        keep.bind(stream).bind(revision).bind(state).execute(&mut self.connection).await?;
        Ok(())
    }

    /// The snapshot, and the events after it.
    pub(crate) async fn load_with_snapshot(&mut self, stream: i64) -> Result<i64> {
        let found = sqlx::query(SNAPSHOT).bind(stream).fetch_one(&mut self.connection).await?;
        let state: serde_json::Value = serde_json::from_str(found.try_get(1)?)?;
        let total = state["total"].as_i64().unwrap_or_default();
        Ok(total + self.load(stream, found.try_get(0)?).await?)
    }

    /// Reads a page of all events, decoded; returns where it ended, and the number of events.
    pub(crate) async fn page(&mut self, after: i64, limit: i64) -> Result<(i64, i64)> {
        let rows = sqlx::query(PAGE).bind(after).bind(limit).fetch_all(&mut self.connection).await?;
        let (mut last, mut count) = (after, 0);
        for row in rows {
            let Json(deposit): Json<Deposited> = row.try_get(5)?;
            let _id: Uuid = row.try_get(2)?;
            let _key: String = row.try_get(6)?;
            std::hint::black_box(deposit.amount);
            last = row.try_get(0)?;
            count += 1;
        }
        Ok((last, count))
    }

    pub(crate) async fn close(mut self) -> Result<()> {
        raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut self.connection).await?;
        Ok(self.connection.close().await?)
    }
}

async fn made(stream: &mut Option<i64>, tx: &mut SqliteConnection) -> Result<i64> {
    if let Some(id) = stream {
        return Ok(*id);
    }
    let id = sqlx::query_scalar(NEW_STREAM).bind(Uuid::now_v7().to_string()).fetch_one(tx).await?;
    *stream = Some(id);
    Ok(id)
}

#[allow(clippy::cast_possible_truncation, reason = "microseconds of this age")]
fn now() -> i64 {
    (time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000) as i64
}
