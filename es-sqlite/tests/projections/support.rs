//! A projection of balances that fails where a test wants it to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome, Load};
use es_core::{EventStore, Metadata, Recorded, StreamId, event};
use es_sqlite::SqliteStore;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use uuid::Uuid;

/// Removed at the end of the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("es-sqlite-models-{}", Uuid::now_v7().simple()));
        std::fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("bank.db")
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn model(&self, build: u32) -> PathBuf {
        self.0.join(format!("bank.db.balances.{build}"))
    }

    pub(crate) async fn store(&self) -> SqliteStore {
        SqliteStore::open(self.file()).await.expect("a store")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[event(name = "account.deposited")]
pub(crate) struct Deposited {
    pub(crate) cents: i64,
}

/// What a handler does with an event of this many cents.
pub(crate) const COMMITS: i64 = -1;
pub(crate) const ROLLS_BACK: i64 = -2;
pub(crate) const PANICS: i64 = -3;
pub(crate) const SWALLOWS: i64 = -4;
pub(crate) const LACKS: i64 = -5;
pub(crate) const REFUSED: i64 = -6;
pub(crate) const NESTS: i64 = -7;
pub(crate) const COMMITS_AND_BEGINS: i64 = -8;
pub(crate) const ORPHANS: i64 = -9;

#[derive(Projection, Debug)]
#[projection(name = "balances", events(Deposited), model = SqliteConnection, error = sqlx::Error, setup)]
pub(crate) struct Balances;

impl ProjectSetup for Balances {
    async fn setup(&self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        db.execute(TABLE).await?;
        Ok(())
    }
}

impl Project<Deposited> for Balances {
    async fn project(
        &self,
        event: &Recorded<Deposited>,
        db: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        add(event, db).await
    }
}

#[derive(Projection, Debug)]
#[projection(name = "balances", build = 2, events(Deposited), model = SqliteConnection, error = sqlx::Error, setup)]
pub(crate) struct Balances2;

impl ProjectSetup for Balances2 {
    async fn setup(&self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        db.execute(TABLE).await?;
        Ok(())
    }
}

impl Project<Deposited> for Balances2 {
    async fn project(
        &self,
        event: &Recorded<Deposited>,
        db: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        add(event, db).await
    }
}

const TABLE: &str = "CREATE TABLE balances (account TEXT PRIMARY KEY, cents INTEGER NOT NULL, events INTEGER NOT NULL) STRICT;
CREATE TABLE cards (account TEXT REFERENCES balances DEFERRABLE INITIALLY DEFERRED) STRICT;
CREATE TRIGGER refuse BEFORE INSERT ON balances WHEN new.cents = -6
    BEGIN SELECT RAISE(ABORT, 'it is refused'); END";

async fn add(event: &Recorded<Deposited>, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let cents = event.event.cents;
    put(event.stream.key(), cents, db).await?;
    match cents {
        COMMITS => db.execute("COMMIT").await.map(drop),
        COMMITS_AND_BEGINS => {
            drop(db.execute("COMMIT").await);
            drop(db.execute("BEGIN").await);
            put("beside", 1, db).await
        }
        ROLLS_BACK => db.execute("ROLLBACK").await.map(drop),
        PANICS => panic!("a panic"),
        SWALLOWS => {
            drop(db.execute("INSERT INTO balances VALUES (NULL, NULL, NULL)").await);
            Ok(())
        }
        LACKS => db.execute("INSERT INTO missing VALUES (1)").await.map(drop),
        ORPHANS => db.execute("INSERT INTO cards VALUES ('nobody')").await.map(drop),
        NESTS => {
            let mut inner = db.begin().await?;
            put("undone", 1, &mut inner).await?;
            inner.rollback().await?;
            let mut inner = db.begin().await?;
            put("nested", 1, &mut inner).await?;
            inner.commit().await?;
            let mut dropped = db.begin().await?;
            put("dropped", 1, &mut dropped).await
        }
        _ => Ok(()),
    }
}

async fn put(account: &str, cents: i64, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO balances VALUES (?1, ?2, 1)
         ON CONFLICT (account) DO UPDATE SET cents = cents + excluded.cents, events = events + 1",
    )
    .bind(account)
    .bind(cents)
    .execute(db)
    .await?;
    Ok(())
}

/// Appends one event to the end of its stream.
pub(crate) async fn deposit(store: &SqliteStore, account: &str, cents: i64) {
    let stream = StreamId::new("account", account).expect("a stream");
    let payload = format!("{{\"cents\":{cents}}}").into_bytes();
    let event = [NewEvent::new("account.deposited", 1, payload, Arc::new(Metadata::new()))];
    let head = store.load(Load::all(&stream), &mut |_| Ok(())).await.expect("a stream");
    let outcome = store.append(Append::new(&stream, head.revision, &event)).await.expect("an append");
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
}

/// Accounts with their cents and numbers of events, in order.
pub(crate) async fn balances(db: &mut SqliteConnection) -> Vec<(String, i64, i64)> {
    let select = "SELECT account, cents, events FROM balances ORDER BY account";
    sqlx::query_as(select).fetch_all(db).await.expect("a model")
}

pub(crate) async fn open(file: PathBuf) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.expect("a file")
}

pub(crate) fn row(account: &str, cents: i64, events: i64) -> (String, i64, i64) {
    (account.to_owned(), cents, events)
}

/// Waits for a condition.
pub(crate) async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let all = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.unwrap_or_else(|_| panic!("never: {what}"));
}
