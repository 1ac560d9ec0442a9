//! The import of a real file: the `loans` program against a hand-written load and INSERT for each record.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use flate2::read::MultiGzDecoder;
use serde_json::value::RawValue;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

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

pub(crate) async fn run(settings: &Settings, file: &Path, loans: &Path, table: &mut Table) -> Result<()> {
    let case = "import, a load and an append per record, 16 connections";
    if !settings.wants(case) {
        return Ok(());
    }
    let mut pairs = Vec::new();
    for _ in 0..3 {
        let (records, seconds) = by_hand(settings, file).await?;
        let database = fresh_database(settings).await?;
        let run = |arguments: &[&str]| program(loans, arguments, &database);
        let path = file.to_string_lossy();
        let import = run(&["import", &path, "--concurrency", "16"])?;
        let report = run(&["report"])?;
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
async fn by_hand(settings: &Settings, file: &Path) -> Result<(u64, f64)> {
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
    for line in lines(file)? {
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

fn lines(file: &Path) -> Result<Box<dyn Iterator<Item = std::io::Result<String>> + Send>> {
    let mut magic = [0; 2];
    File::open(file)?.read_exact(&mut magic)?;
    let file = File::open(file)?;
    Ok(match magic {
        [0x1f, 0x8b] => Box::new(BufReader::new(MultiGzDecoder::new(file)).lines()),
        _ => Box::new(BufReader::new(file).lines()),
    })
}

async fn fresh_database(settings: &Settings) -> Result<String> {
    let mut connection = PgConnection::connect(&settings.url).await?;
    for statement in ["drop database if exists bench_loans with (force)", "create database bench_loans"] {
        sqlx::raw_sql(statement).execute(&mut connection).await?;
    }
    let current: String = sqlx::query_scalar("select current_database()").fetch_one(&mut connection).await?;
    // The database name is the last segment of the path; parameters may follow.
    let (base, parameters) = settings.url.split_once('?').unwrap_or((&settings.url, ""));
    let base = base.strip_suffix(&current).unwrap_or(base);
    let base = base.trim_end_matches('/');
    Ok(format!("{base}/bench_loans?{parameters}"))
}

struct Ran {
    seconds: f64,
    peak_megabytes: f64,
}

/// Runs the program, and reads the kernel's accounting of the finished child, like `/usr/bin/time`.
fn program(loans: &Path, arguments: &[&str], database: &str) -> Result<Ran> {
    let start = Instant::now();
    let mut child = Command::new(loans).args(arguments).env("DATABASE_URL", database).spawn()?;
    let mut peak: u64 = 0;
    let status = loop {
        if let Ok(text) = std::fs::read_to_string(format!("/proc/{}/status", child.id()))
            && let Some(line) = text.lines().find(|line| line.starts_with("VmHWM:"))
        {
            let kilobytes = line.split_whitespace().nth(1).and_then(|number| number.parse().ok());
            peak = peak.max(kilobytes.unwrap_or(0));
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    if !status.success() {
        return Err(format!("{} {arguments:?} ended with {status}", loans.display()).into());
    }
    #[allow(clippy::cast_precision_loss, reason = "kilobytes are far below 2^52")]
    Ok(Ran { seconds: start.elapsed().as_secs_f64(), peak_megabytes: peak as f64 / 1024.0 })
}
