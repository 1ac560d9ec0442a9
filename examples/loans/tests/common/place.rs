//! A store that a test runs on, in a database or in a file, and its read models.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use es_core::EventStore;
use es_core::store::{ListStreams, ReadAll};
use es_core::uuid::Uuid;
use es_postgres::PostgresStore;
use es_postgres::testing::TestDatabase;
use es_sqlite::SqliteStore;
use loans::generations::Generation;
use loans::read_models::{ReadModels, Row, Until};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use super::import;

/// What tests ask of a store.
pub trait TestedStore: EventStore + ListStreams + ReadAll {}

impl<S: EventStore + ListStreams + ReadAll> TestedStore for S {}

/// Where a test keeps its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Database,
    File,
}

/// A store that nobody else uses. It is gone with this value.
pub enum Place {
    Database(Box<TestDatabase>, PostgresStore),
    File(Folder, SqliteStore),
}

/// A folder that is gone afterwards.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(Uuid::now_v7().simple().to_string());
        std::fs::create_dir(&folder).expect("the test folder takes folders");
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("test paths are text").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// The names of the read models.
const READ_MODELS: [&str; 4] = ["outcomes", "decision_times", "work_in_progress", "resource_load"];

impl Place {
    pub async fn new(kind: Kind) -> Self {
        match kind {
            Kind::Database => {
                let database = TestDatabase::new().await.expect("a test database");
                let store = database.store().await.expect("a store");
                Self::Database(Box::new(database), store)
            }
            Kind::File => {
                let folder = Folder::new();
                let store = SqliteStore::open(folder.file("loans.db")).await.expect("a store");
                Self::File(folder, store)
            }
        }
    }

    pub fn store(&self) -> Arc<dyn TestedStore> {
        match self {
            Self::Database(_, store) => Arc::new(store.clone()),
            Self::File(_, store) => Arc::new(store.clone()),
        }
    }

    /// What `--store` takes.
    pub fn named(&self) -> String {
        match self {
            Self::Database(database, _) => database.url().to_owned(),
            Self::File(folder, _) => folder.file("loans.db"),
        }
    }

    pub fn read_models(&self) -> ReadModels {
        match self {
            Self::Database(database, store) => ReadModels::in_database(store, database.url()).expect("a URL"),
            Self::File(folder, store) => ReadModels::in_files(store, &folder.path().join("loans.db")),
        }
    }

    /// A program with these arguments on this store, with pipes.
    pub fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = super::command(program, "postgres://localhost:1/not_this_one", args);
        command.args(["--store", &self.named()]);
        command
    }

    pub async fn import<A: Generation>(&self, path: &Path) -> (u64, u64) {
        import::<A>(self.store(), path).await
    }

    pub async fn catch_up(&self) {
        for done in self.read_models().start(Until::CaughtUp).join_all().await {
            done.expect("all events are projected");
        }
    }

    /// Takes the store away from its readers.
    pub async fn away(self) {
        if let Self::Database(_, store) = &self {
            store.close().await;
        }
    }

    /// Reads rows of read models, whose first revisions have the names that their schemas have.
    pub async fn rows<R: Row>(&self, sql: &str) -> Vec<R> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Database(database, _) => sqlx::query_as(sql).fetch_all(&mut connect(database).await).await,
            Self::File(folder, _) => sqlx::query_as(sql).fetch_all(&mut attached(folder).await).await,
        }
        .expect("an answer")
    }

    /// Changes rows of read models.
    pub async fn change(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Database(database, _) => {
                sqlx::query(sql).execute(&mut connect(database).await).await.map(|_| ())
            }
            Self::File(folder, _) => sqlx::query(sql).execute(&mut attached(folder).await).await.map(|_| ()),
        }
        .expect("it is changed");
    }
}

async fn connect(database: &TestDatabase) -> PgConnection {
    PgConnection::connect(database.url()).await.expect("a connection")
}

/// The files of the read models under the names that their schemas have in a database.
async fn attached(folder: &Folder) -> SqliteConnection {
    let mut db = SqliteConnection::connect(&folder.file("loans.db")).await.expect("a connection");
    for name in READ_MODELS {
        let file = folder.file(&format!("loans.db.{name}.1"));
        let attach = sqlx::query("ATTACH ?1 AS ?2").bind(file).bind(format!("es_{name}_1"));
        attach.execute(&mut db).await.expect("it is attached");
    }
    db
}

#[allow(unused_macros, reason = "each test file uses its part")]
/// Runs each of these cases on a database of PostgreSQL and on a file.
macro_rules! on_both_stores {
    ($($case:ident),* $(,)?) => {
        mod in_a_database {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::common::place::Kind::Database).await;
            })*
        }

        mod in_a_file {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::common::place::Kind::File).await;
            })*
        }
    };
}

pub(crate) use on_both_stores;
