//! PostgreSQL: a cluster of its own, or the one in `DATABASE_URL`.

use std::time::Instant;

use es_core::Recorded;
use es_core::projection::{Project, ProjectSetup, Projection};
use es_postgres::testing::Cluster;
use es_postgres::{PostgresStore, Projector};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

use crate::domain::Placed;
use crate::stores::Stores;
use crate::{Result, rate};

const SCHEMA: &str = "bench_messaging";

const ROWS: &str = "drop schema if exists bench_rows cascade; create schema bench_rows;
    create table bench_rows.timers (id bigint primary key, due timestamptz not null, fired timestamptz)";

/// Writes a row for each event.
#[derive(Projection)]
#[projection(name = "rows", events(Placed), model = PgConnection, error = sqlx::Error, setup)]
struct Rows;

impl ProjectSetup for Rows {
    async fn setup(&self, db: &mut PgConnection) -> std::result::Result<(), sqlx::Error> {
        let make =
            "create table orders (position bigint primary key, id text not null, cents bigint not null)";
        sqlx::query(make).execute(db).await.map(|_| ())
    }
}

impl Project<Placed> for Rows {
    async fn project(
        &self,
        event: &Recorded<Placed>,
        db: &mut PgConnection,
    ) -> std::result::Result<(), sqlx::Error> {
        let position = event.position.get().cast_signed();
        let insert = sqlx::query("insert into orders values ($1, $2, $3)");
        insert.bind(position).bind(event.stream.key()).bind(event.event.cents).execute(db).await.map(|_| ())
    }
}

/// Does nothing.
#[derive(Projection)]
#[projection(name = "nothing", events(Placed), model = PgConnection, error = sqlx::Error)]
struct Nothing;

impl Project<Placed> for Nothing {
    async fn project(
        &self,
        event: &Recorded<Placed>,
        _: &mut PgConnection,
    ) -> std::result::Result<(), sqlx::Error> {
        std::hint::black_box(event.event.cents);
        Ok(())
    }
}

/// A server that is started on first use.
#[derive(Default)]
pub(crate) struct Postgres {
    server: OnceCell<(Option<Cluster>, String)>,
}

impl Postgres {
    async fn url(&self) -> Result<&str> {
        let started = self.server.get_or_try_init(|| async {
            if let Ok(url) = std::env::var("DATABASE_URL") {
                return Result::Ok((None, url));
            }
            let cluster = Cluster::persistent("target/bench-postgres").start().await?;
            let url = cluster.url().to_owned();
            Ok((Some(cluster), url))
        });
        Ok(&started.await?.1)
    }

    async fn connect(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(self.url().await?).await?)
    }

    async fn clear(&self) -> Result<()> {
        let mut db = self.connect().await?;
        let found = "select nspname::text from pg_namespace where nspname like 'bench\\_messaging%'";
        let schemas: Vec<String> = sqlx::query_scalar(found).fetch_all(&mut db).await?;
        for schema in schemas {
            sqlx::raw_sql(AssertSqlSafe(format!("drop schema {schema} cascade"))).execute(&mut db).await?;
        }
        Ok(())
    }

    async fn rate_of<P: Projection<Model = PgConnection>>(
        &self,
        (store, projection): (&PostgresStore, P),
        events: u64,
    ) -> Result<f64> {
        let projector = Projector::new(store.clone(), projection);
        projector.prepare().await?;
        let start = Instant::now();
        projector.catch_up().await?;
        Ok(rate(events, start))
    }
}

impl Stores for Postgres {
    type Store = PostgresStore;
    const NAME: &'static str = "postgres";

    async fn empty(&self) -> Result<PostgresStore> {
        self.clear().await?;
        Ok(PostgresStore::options(self.url().await?).schema(SCHEMA).connections(16).migrate().await?)
    }

    async fn filled(&self, _: &PostgresStore) -> Result<()> {
        let vacuum = format!("vacuum analyze {SCHEMA}.events, {SCHEMA}.streams");
        sqlx::raw_sql(AssertSqlSafe(vacuum)).execute(&mut self.connect().await?).await?;
        Ok(())
    }

    async fn write_rows(&self, store: &PostgresStore, events: u64) -> Result<f64> {
        self.rate_of((store, Rows), events).await
    }

    async fn read(&self, store: &PostgresStore, events: u64) -> Result<f64> {
        self.rate_of((store, Nothing), events).await
    }

    async fn update_rows(&self, rows: u64, a_transaction: u64) -> Result<f64> {
        let mut db = self.connect().await?;
        sqlx::raw_sql(ROWS).execute(&mut db).await?;
        let fill = "insert into bench_rows.timers select n, now(), null from generate_series(0, $1 - 1) as n";
        sqlx::query(fill).bind(rows.cast_signed()).execute(&mut db).await?;
        sqlx::raw_sql("vacuum analyze bench_rows.timers").execute(&mut db).await?;
        let start = Instant::now();
        for first in (0..rows).step_by(usize::try_from(a_transaction)?) {
            let mut tx = db.begin().await?;
            for id in first..rows.min(first + a_transaction) {
                let update = sqlx::query("update bench_rows.timers set fired = now() where id = $1");
                update.bind(id.cast_signed()).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        }
        let done = rate(rows, start);
        sqlx::raw_sql("drop schema bench_rows cascade").execute(&mut db).await?;
        Ok(done)
    }

    async fn drop(&self, store: PostgresStore) -> Result<()> {
        store.close().await;
        self.clear().await
    }
}
