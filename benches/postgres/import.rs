//! The import of a real file: the `loans` program against a hand-written load and INSERT for each record.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use serde_json::value::RawValue;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::loans::{Loans, fresh_database};
use crate::report::Table;
use crate::{Result, Settings};
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use time::format_description::well_known::Rfc3339;

const CONNECTIONS: usize = 16;
const PEAK_IMPORT: &str = "< 200";
const PEAK_REPORT: &str = "< 100";

/// A record of the file.
#[derive(Debug, serde::Deserialize)]
struct Record {
    case: String,
    time: String,
    activity: String,
    lifecycle: String,
    resource: Option<String>,
    amount: Option<i64>,
}

/// The stored payload, without its time and actor.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Payload {
    activity: String,
    lifecycle: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
}

/// The actor, as the framework stores it.
#[derive(Debug, serde::Serialize)]
struct Actor<'a> {
    actor: &'a str,
}

/// All columns of a stored event.
type Row = (
    i64,
    i64,
    i32,
    Uuid,
    OffsetDateTime,
    Option<OffsetDateTime>,
    Option<Uuid>,
    Option<Uuid>,
    Json<Payload>,
    Option<Json<Box<RawValue>>>,
);

const LOAD: &str =
    "select revision, position, type, event_id, recorded_at, occurred_at, correlation_id, causation_id,
    payload, metadata from bench_import.events where stream = $1 order by revision";

const INSERT: &str = "insert into bench_import.events
    (position, stream, revision, recorded_at, occurred_at, event_id, type, payload, metadata)
    values (nextval('bench_import.position'), $1, $2, clock_timestamp(), $3, $4, 1, $5, $6)
    returning position, recorded_at";

pub(crate) async fn run(settings: &Settings, loans: &Loans, table: &mut Table) -> Result<()> {
    let case = "import, a load and an append per record, 16 connections";
    if !settings.wants(case) {
        return Ok(());
    }
    let mut pairs = Vec::new();
    for _ in 0..3 {
        let (records, seconds) = by_hand(settings, loans).await?;
        let database = fresh_database(&settings.url).await?;
        let import = loans.import(&database, 16)?;
        let report = loans.run(&["report"], &database)?;
        #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let records = records as f64;
        pairs.push((records / seconds, records / import.seconds));
        table.figure("import, peak memory", "MB", import.peak_megabytes, PEAK_IMPORT);
        table.figure("report, time", "s", report.seconds, "");
        table.figure("report, peak memory", "MB", report.peak_megabytes, PEAK_REPORT);
    }
    table.rates(case, "records/s", &pairs, 0.8);
    Ok(())
}

/// Reads the file and passes each application to one of sixteen tasks; each loads and inserts, record by
/// record.
async fn by_hand(settings: &Settings, loans: &Loans) -> Result<(u64, f64)> {
    let mut connection = PgConnection::connect(&settings.url).await?;
    let ddl = "drop schema if exists bench_import cascade;
        create schema bench_import;
        create sequence bench_import.position;
        create table bench_import.events (like bench_es.events including all);";
    sqlx::raw_sql(ddl).execute(&mut connection).await?;

    let start = Instant::now();
    let mut queues = Vec::new();
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (send, mut receive) = mpsc::channel::<Record>(256);
        queues.push(send);
        let mut connection = PgConnection::connect(&settings.url).await?;
        tasks.spawn(async move {
            while let Some(record) = receive.recv().await {
                let stream: i64 = record.case.parse()?;
                let rows: Vec<Row> = sqlx::query_as(LOAD).bind(stream).fetch_all(&mut connection).await?;
                let mut revision = 0;
                for row in rows {
                    if row.0 != revision + 1 || row.8.activity.is_empty() {
                        return Err("a row is missing".into());
                    }
                    revision = row.0;
                }
                let occurred_at = OffsetDateTime::parse(&record.time, &Rfc3339)?;
                let Record { activity, lifecycle, amount, .. } = record;
                let _position = sqlx::query(INSERT)
                    .bind(stream)
                    .bind(revision + 1)
                    .bind(occurred_at)
                    .bind(Uuid::now_v7())
                    .bind(Json(Payload { activity, lifecycle, amount }))
                    .bind(record.resource.as_deref().map(|actor| Json(Actor { actor })))
                    .fetch_one(&mut connection)
                    .await?;
            }
            Result::Ok(())
        });
    }
    let mut records = 0;
    for line in loans.lines()? {
        let record: Record = serde_json::from_str(&line?)?;
        let mut hasher = DefaultHasher::new();
        record.case.hash(&mut hasher);
        let queue = &queues[usize::try_from(hasher.finish() % CONNECTIONS as u64)?];
        queue.send(record).await?;
        records += 1;
    }
    drop(queues);
    for result in tasks.join_all().await {
        result?;
    }
    Ok((records, start.elapsed().as_secs_f64()))
}
