//! The suite that every target must pass, each case in a database of its own.

use es_core::conformance::targets::{Row, TargetHarness};
use es_core::projection::{ModelStore, Projection};
use es_core::record::BoxError;
use es_postgres::testing::TestDatabase;
use es_postgres::{PostgresStore, PostgresTarget};
use sqlx::PgConnection;

use crate::support::connect;

struct Tables {
    store: PostgresStore,
    database: TestDatabase,
}

impl Tables {
    async fn fresh() -> Self {
        let database = TestDatabase::new().await.expect("a test database");
        let store = database.store().await.expect("a migrated store");
        Self { store, database }
    }

    async fn read(&self, schema: &str) -> Vec<Row> {
        let mut db = connect(self.database.url()).await;
        let rows = format!("SELECT stream, revision FROM {schema}.rows");
        let rows: Vec<(String, i64)> =
            sqlx::query_as(sqlx::AssertSqlSafe(rows)).fetch_all(&mut db).await.expect("rows");
        rows.into_iter().map(|(stream, revision)| (stream, revision.unsigned_abs())).collect()
    }
}

impl TargetHarness for Tables {
    type Source = PostgresStore;
    type Model = PgConnection;
    type Target<P: Projection<Model = PgConnection>> = PostgresTarget<P>;

    fn source(&self) -> PostgresStore {
        self.store.clone()
    }

    fn target<P: Projection<Model = PgConnection>>(&self) -> PostgresTarget<P> {
        self.store.model_target()
    }

    async fn set_up(db: &mut PgConnection) -> Result<(), BoxError> {
        sqlx::raw_sql("CREATE TABLE rows (stream text NOT NULL, revision bigint NOT NULL)")
            .execute(db)
            .await?;
        Ok(())
    }

    async fn write(db: &mut PgConnection, (stream, revision): &Row) -> Result<(), BoxError> {
        let insert = sqlx::query("INSERT INTO rows VALUES ($1, $2)").bind(stream);
        insert.bind(i64::try_from(*revision)?).execute(db).await?;
        Ok(())
    }

    async fn rows(&self, build: u32) -> Vec<Row> {
        self.read(&format!("es_tally_{build}")).await
    }

    async fn published(&self) -> Vec<Row> {
        self.read("es_tally").await
    }
}

es_core::target_conformance!(async { Tables::fresh().await });
