//! SQLite: files in a folder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;

use es_core::Recorded;
use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::uuid::Uuid;
use es_sqlite::{Projector, SqliteStore};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::domain::Placed;
use crate::stores::Stores;
use crate::{Result, rate};

const FILL: &str =
    "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1 - 1)
    INSERT INTO timers SELECT n, 0, NULL FROM numbers";

/// Writes a row for each event.
#[derive(Projection)]
#[projection(name = "rows", events(Placed), model = SqliteConnection, error = sqlx::Error, setup)]
struct Rows;

impl ProjectSetup for Rows {
    async fn setup(&self, db: &mut SqliteConnection) -> std::result::Result<(), sqlx::Error> {
        let make = "CREATE TABLE orders (position INTEGER PRIMARY KEY, id TEXT, cents INTEGER) STRICT";
        sqlx::query(make).execute(db).await.map(|_| ())
    }
}

impl Project<Placed> for Rows {
    async fn project(
        &self,
        event: &Recorded<Placed>,
        db: &mut SqliteConnection,
    ) -> std::result::Result<(), sqlx::Error> {
        let position = event.position.get().cast_signed();
        let insert = sqlx::query("INSERT INTO orders VALUES (?1, ?2, ?3)");
        insert.bind(position).bind(event.stream.key()).bind(event.event.cents).execute(db).await.map(|_| ())
    }
}

/// Does nothing.
#[derive(Projection)]
#[projection(name = "nothing", events(Placed), model = SqliteConnection, error = sqlx::Error)]
struct Nothing;

impl Project<Placed> for Nothing {
    async fn project(
        &self,
        event: &Recorded<Placed>,
        _: &mut SqliteConnection,
    ) -> std::result::Result<(), sqlx::Error> {
        std::hint::black_box(event.event.cents);
        Ok(())
    }
}

/// A folder of this run alone, which is removed with this value.
pub(crate) struct Sqlite {
    folder: PathBuf,
}

impl Sqlite {
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let folder = folder.join(Uuid::now_v7().simple().to_string());
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// Removes all files; the last connection to a read model, which closes asynchronously, removes some of
    /// them.
    fn clear(&self) -> Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            match std::fs::remove_file(entry?.path()) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        Ok(())
    }

    async fn rate_of<P: Projection<Model = SqliteConnection>>(
        (store, projection): (&SqliteStore, P),
        events: u64,
    ) -> Result<f64> {
        let projector = Projector::new(store.clone(), projection);
        projector.prepare().await?;
        let start = Instant::now();
        projector.catch_up().await?;
        Ok(rate(events, start))
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // An error does not matter: what is left can be removed manually.
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

impl Stores for Sqlite {
    type Store = SqliteStore;
    const NAME: &'static str = "sqlite";

    async fn empty(&self) -> Result<SqliteStore> {
        Ok(SqliteStore::open(self.folder.join("events.db")).await?)
    }

    async fn filled(&self, _: &SqliteStore) -> Result<()> {
        Ok(())
    }

    async fn write_rows(&self, store: &SqliteStore, events: u64) -> Result<f64> {
        Self::rate_of((store, Rows), events).await
    }

    async fn read(&self, store: &SqliteStore, events: u64) -> Result<f64> {
        Self::rate_of((store, Nothing), events).await
    }

    async fn update_rows(&self, rows: u64, a_transaction: u64) -> Result<f64> {
        let options = SqliteConnectOptions::new()
            .filename(self.folder.join("timers.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut db = options.connect().await?;
        let make = "DROP TABLE IF EXISTS timers; CREATE TABLE timers (id INTEGER PRIMARY KEY, due INTEGER, fired INTEGER)";
        sqlx::raw_sql(make).execute(&mut db).await?;
        sqlx::query(FILL).bind(rows.cast_signed()).execute(&mut db).await?;
        let start = Instant::now();
        for first in (0..rows).step_by(usize::try_from(a_transaction)?) {
            let mut tx = db.begin_with("BEGIN IMMEDIATE").await?;
            for id in first..rows.min(first + a_transaction) {
                let update = sqlx::query("UPDATE timers SET fired = ?2 WHERE id = ?1");
                update.bind(id.cast_signed()).bind(1).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        }
        let done = rate(rows, start);
        db.close().await?;
        Ok(done)
    }

    async fn drop(&self, store: SqliteStore) -> Result<()> {
        store.close().await?;
        self.clear()
    }
}
