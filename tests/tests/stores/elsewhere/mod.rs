//! Read models in a PostgreSQL database for events stored elsewhere: the suite that every target must pass,
//! with events in another database, in a file and in memory. The database of the models is the store of
//! another service, with streams of the same names.

use std::sync::Arc;

use es_core::conformance::targets::{Row, TargetHarness};
use es_core::projection::Projection;
use es_core::record::{BoxError, NewEvent};
use es_core::store::{Append, AppendOutcome, ReadAll};
use es_core::{EventStore, MemoryStore, Metadata, Revision, StreamId};
use es_postgres::testing::TestDatabase;
use es_postgres::{PostgresStore, PostgresTarget};
use es_sqlite::SqliteStore;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// A store, and the open database of its models.
struct Apart<S> {
    source: S,
    models: PostgresStore,
    database: TestDatabase,
    /// The database of the source, if it has one.
    _events: Option<TestDatabase>,
}

impl<S: Send + Sync> Apart<S> {
    async fn new(source: S, events: Option<TestDatabase>) -> Self {
        let database = TestDatabase::new().await.expect("a test database");
        let models = database.store().await.expect("a migrated store");
        for key in ["a", "b", "c"] {
            append_others(&models, key).await;
        }
        Self { source, models, database, _events: events }
    }

    async fn read(&self, schema: &str) -> Vec<Row> {
        let mut db = PgConnection::connect(self.database.url()).await.expect("a connection");
        let rows = format!("SELECT stream, revision FROM {schema}.rows");
        let rows: Vec<(String, i64)> =
            sqlx::query_as(AssertSqlSafe(rows)).fetch_all(&mut db).await.expect("rows");
        rows.into_iter().map(|(stream, revision)| (stream, revision.unsigned_abs())).collect()
    }
}

/// Events of another service, which are not those of the models.
async fn append_others(store: &PostgresStore, key: &str) {
    let stream = StreamId::new("tally", key).expect("a stream id");
    let metadata = Arc::new(Metadata::new());
    let event = || NewEvent::new("tally.counted", 1, br#""good""#.to_vec(), Arc::clone(&metadata));
    let events = [event(), event(), event()];
    let done = store.append(Append::new(&stream, Revision::EMPTY, &events)).await.expect("an outcome");
    assert!(matches!(done, AppendOutcome::Appended(_)), "{done:?}");
}

impl<S: EventStore + ReadAll + Clone + 'static> TargetHarness for Apart<S> {
    type Source = S;
    type Model = PgConnection;
    type Target<P: Projection<Model = PgConnection>> = PostgresTarget<P>;

    fn source(&self) -> S {
        self.source.clone()
    }

    fn target<P: Projection<Model = PgConnection>>(&self) -> PostgresTarget<P> {
        PostgresTarget::new(self.models.clone())
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

mod events_in_another_database {
    use super::{Apart, TestDatabase};

    es_core::target_conformance!(async {
        let events = TestDatabase::new().await.expect("a test database");
        Apart::new(events.store().await.expect("a migrated store"), Some(events)).await
    });
}

mod events_in_a_file {
    use super::{Apart, SqliteStore};

    es_core::target_conformance!(async {
        Apart::new(SqliteStore::in_memory().await.expect("a store"), None).await
    });
}

mod events_in_memory {
    use super::{Apart, MemoryStore};

    es_core::target_conformance!(async { Apart::new(MemoryStore::new(), None).await });
}
