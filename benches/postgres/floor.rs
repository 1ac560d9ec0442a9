//! The floor: the same `events` table with the same indexes, written and read with hand-written sqlx over
//! held connections.

use sqlx::types::Json;
use sqlx::{Connection, PgConnection, Row};

use crate::{Result, SCHEMA};
use es_core::uuid::Uuid;

/// A deposit of about a hundred bytes of JSON, as both sides write it.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Deposit {
    pub(crate) account: String,
    pub(crate) amount: i64,
    pub(crate) reference: String,
}

impl Deposit {
    pub(crate) fn new(amount: i64) -> Self {
        Self {
            account: "NL91 ABNA 0417 1643 00".into(),
            amount,
            reference: "monthly savings, standing order".into(),
        }
    }
}

const INSERT: &str = "insert into bench_floor.events
    (position, stream, revision, recorded_at, event_id, type, payload)
    values (nextval('bench_floor.position'), $1, $2, clock_timestamp(), $3, 1, $4)";

const INSERT_MANY: &str = "insert into bench_floor.events
    (position, stream, revision, recorded_at, event_id, type, payload)
    select nextval('bench_floor.position'), $1, $2 + n, clock_timestamp(), id, 1, payload
    from unnest($3::uuid[], $4::json[]) with ordinality as e (id, payload, n)";

const LOAD: &str =
    "select revision, type, payload from bench_floor.events where stream = $1 order by revision";

/// The hand-written side, before it is connected.
pub(crate) struct Floor {
    url: String,
}

impl Floor {
    /// Starts from scratch: migrates a new schema, and copies the definition of the store's `events`,
    /// including indexes and settings, but not its triggers.
    pub(crate) async fn prepare(url: &str) -> Result<Self> {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql("drop schema if exists bench_es cascade").execute(&mut connection).await?;
        let store = es_postgres::PostgresStore::options(url).schema(SCHEMA).migrate().await?;
        store.close().await;
        let ddl = "drop schema if exists bench_floor cascade;
            create schema bench_floor;
            create sequence bench_floor.position;
            create sequence bench_floor.stream;
            create table bench_floor.events (like bench_es.events including all);";
        sqlx::raw_sql(ddl).execute(&mut connection).await?;
        Ok(Self { url: url.to_owned() })
    }

    pub(crate) async fn connect(&self) -> Result<Writer> {
        Ok(Writer { connection: PgConnection::connect(&self.url).await? })
    }
}

/// One held connection.
pub(crate) struct Writer {
    connection: PgConnection,
}

impl Writer {
    pub(crate) async fn new_stream(&mut self) -> Result<i64> {
        Ok(sqlx::query_scalar("select nextval('bench_floor.stream')").fetch_one(&mut self.connection).await?)
    }

    pub(crate) async fn append(&mut self, stream: i64, revision: i64) -> Result<()> {
        sqlx::query(INSERT)
            .bind(stream)
            .bind(revision)
            .bind(Uuid::now_v7())
            .bind(Json(Deposit::new(revision)))
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    pub(crate) async fn append_many(&mut self, stream: i64, expected: i64, count: i64) -> Result<()> {
        let ids: Vec<Uuid> = (0..count).map(|_| Uuid::now_v7()).collect();
        let payloads: Vec<Json<Deposit>> = (0..count).map(|n| Json(Deposit::new(n))).collect();
        sqlx::query(INSERT_MANY)
            .bind(stream)
            .bind(expected)
            .bind(ids)
            .bind(payloads)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// Fetches and decodes the rows of a stream, and folds the amounts.
    pub(crate) async fn load(&mut self, stream: i64) -> Result<i64> {
        let rows = sqlx::query(LOAD).bind(stream).fetch_all(&mut self.connection).await?;
        let mut total = 0;
        for row in rows {
            let Json(deposit): Json<Deposit> = row.try_get(2)?;
            total += deposit.amount;
        }
        Ok(total)
    }
}
