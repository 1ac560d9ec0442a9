//! The suite that every target must pass: next to the store of the events, and elsewhere.

use es_core::conformance::targets::{Row, Tally, TargetHarness};
use es_core::projection::{ModelStore, Projection};
use es_core::record::BoxError;
use es_core::store::ReadAll;
use es_core::{EventStore, MemoryStore};
use es_sqlite::{SqliteStore, SqliteTarget};
use sqlx::{Connection as _, SqliteConnection};

use crate::support::Folder;

async fn make(db: &mut SqliteConnection) -> Result<(), BoxError> {
    sqlx::raw_sql("CREATE TABLE rows (stream TEXT NOT NULL, revision INTEGER NOT NULL)").execute(db).await?;
    Ok(())
}

async fn insert(db: &mut SqliteConnection, (stream, revision): &Row) -> Result<(), BoxError> {
    let insert = sqlx::query("INSERT INTO rows VALUES (?, ?)").bind(stream);
    insert.bind(i64::try_from(*revision)?).execute(db).await?;
    Ok(())
}

async fn read(file: std::path::PathBuf) -> Vec<Row> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut db = SqliteConnection::connect_with(&options).await.expect("the file of a build");
    let rows = sqlx::query_as("SELECT stream, revision FROM rows").fetch_all(&mut db).await;
    let rows: Vec<(String, i64)> = rows.expect("rows");
    rows.into_iter().map(|(stream, revision)| (stream, revision.unsigned_abs())).collect()
}

/// A store, and where its models are stored.
struct Files<S> {
    source: S,
    folder: Folder,
}

/// Where the target of a harness is.
trait Place: EventStore + ReadAll + Clone + 'static {
    fn place<P: Projection<Model = SqliteConnection>>(&self, folder: &Folder) -> SqliteTarget<P>;
}

impl Place for SqliteStore {
    fn place<P: Projection<Model = SqliteConnection>>(&self, _: &Folder) -> SqliteTarget<P> {
        self.model_target()
    }
}

impl Place for MemoryStore {
    fn place<P: Projection<Model = SqliteConnection>>(&self, folder: &Folder) -> SqliteTarget<P> {
        SqliteTarget::file(folder.file())
    }
}

impl<S: Place> TargetHarness for Files<S> {
    type Source = S;
    type Model = SqliteConnection;
    type Target<P: Projection<Model = SqliteConnection>> = SqliteTarget<P>;

    fn source(&self) -> S {
        self.source.clone()
    }

    fn target<P: Projection<Model = SqliteConnection>>(&self) -> SqliteTarget<P> {
        self.source.place(&self.folder)
    }

    async fn set_up(db: &mut SqliteConnection) -> Result<(), BoxError> {
        make(db).await
    }

    async fn write(db: &mut SqliteConnection, row: &Row) -> Result<(), BoxError> {
        insert(db, row).await
    }

    async fn rows(&self, build: u32) -> Vec<Row> {
        read(self.target::<Tally<Self, 1>>().file_of(build)).await
    }

    async fn published(&self) -> Vec<Row> {
        read(self.target::<Tally<Self, 1>>().live_file().await.expect("a build")).await
    }
}

mod beside_the_events {
    use super::{Files, Folder};

    es_core::target_conformance!(async {
        let folder = Folder::new();
        Files { source: folder.store().await, folder }
    });
}

mod away_from_the_events {
    use super::{Files, Folder, MemoryStore};

    es_core::target_conformance!(async { Files { source: MemoryStore::new(), folder: Folder::new() } });
}
