//! Projections and reactors: catching up, writing rows, latency after the commit, and the cost of followers
//! for writers.

mod catch_up;
mod followers;
mod latency;
mod reactor;

use es_core::projection::Projection;
use es_core::{StreamId, event};
use es_postgres::{PostgresStore, Projector};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::report::Table;
use crate::{Result, Settings, append::append_to};

#[event(name = "account.deposited")]
pub(crate) struct Deposited {
    #[allow(dead_code, reason = "decoded, as a real program would")]
    pub(crate) account: String,
    pub(crate) amount: i64,
    #[allow(dead_code, reason = "decoded, as a real program would")]
    pub(crate) reference: String,
}

/// The schema of the store of these cases, so that only its events are read.
const SCHEMA: &str = "bench_read";

pub(crate) async fn run(settings: &Settings, table: &mut Table) -> Result<()> {
    catch_up::run(settings, table).await?;
    reactor::run(settings, table).await?;
    latency::run(settings, table).await?;
    followers::run(settings, table).await
}

async fn connect(settings: &Settings) -> Result<PgConnection> {
    Ok(PgConnection::connect(&settings.url).await?)
}

/// A new store with so many deposits, a hundred for each of the interleaved streams.
async fn store_of(settings: &Settings, events: i64) -> Result<PostgresStore> {
    let mut db = connect(settings).await?;
    let schemas: Vec<String> =
        sqlx::query_scalar("select nspname::text from pg_namespace where nspname like 'bench\\_read%'")
            .fetch_all(&mut db)
            .await?;
    for schema in schemas {
        sqlx::raw_sql(AssertSqlSafe(format!("drop schema {schema} cascade"))).execute(&mut db).await?;
    }
    let store = PostgresStore::options(&settings.url).schema(SCHEMA).connections(16).migrate().await?;
    for turn in 0..10 {
        for stream in 0..events / 100 {
            let stream = StreamId::new("account", stream.to_string())?;
            append_to(&store, &stream, turn * 10, 10).await?;
        }
    }
    sqlx::raw_sql(AssertSqlSafe(format!("vacuum analyze {SCHEMA}.events, {SCHEMA}.streams")))
        .execute(&mut db)
        .await?;
    Ok(store)
}

/// Resets a projection as if it had never run.
async fn forget<P: Projection<Model = PgConnection>>(db: &mut PgConnection) -> Result<()> {
    let (name, build) = (P::NAME, P::BUILD);
    let sql = format!(
        "drop schema if exists {SCHEMA}_{name} cascade; drop schema if exists {SCHEMA}_{name}_{build} cascade;
         delete from {SCHEMA}.checkpoints where projection = '{name}'; delete from {SCHEMA}.projections where name = '{name}'"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await?;
    Ok(())
}

/// Events a second of a catch-up from the first event; the tables are created before.
async fn rate_of<P: Projection<Model = PgConnection>>(
    projector: &Projector<P>,
    db: &mut PgConnection,
    events: f64,
) -> Result<f64> {
    forget::<P>(db).await?;
    projector.prepare().await?;
    let start = std::time::Instant::now();
    projector.catch_up().await?;
    Ok(events / start.elapsed().as_secs_f64())
}
