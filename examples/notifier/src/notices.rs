//! The read model: a notice for each message, and a count of the applications by outcome.

use std::fmt;
use std::path::Path;

use es_core::Recorded;
use es_core::record::BoxError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, FromRow, SqliteConnection};
use tokio::sync::Mutex;

/// The outcome of an application that is not decided.
pub(crate) const OPEN: &str = "open";

/// The notices, in a file that only one program writes.
#[derive(Debug)]
pub struct Notices(Mutex<SqliteConnection>);

/// The number of applications with one outcome, and the sum that they requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// `approved`, `declined`, `cancelled` or `open`.
    pub outcome: String,
    /// How many applications.
    pub applications: i64,
    /// The sum that they requested, in cents.
    pub cents: i64,
}

impl Notices {
    /// Opens the file, and creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub async fn open(file: &Path) -> Result<Self, sqlx::Error> {
        // A message is acknowledged after this commit, so the commit must survive a power failure.
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let mut db = options.disable_statement_logging().connect().await?;
        sqlx::raw_sql(include_str!("../sql/make.sql")).execute(&mut db).await?;
        Ok(Self(Mutex::new(db)))
    }

    /// Stores a notice for a message, unless it has one already: the message's id is part of the key.
    /// `requested` is the amount of a submission; a decision takes the amount that was submitted.
    pub(crate) async fn note<E: Sync>(
        &self,
        event: &Recorded<E>,
        outcome: &str,
        requested: Option<u64>,
    ) -> Result<(), BoxError> {
        let application = event.stream.key();
        let mut db = self.0.lock().await;
        let mut batch = db.begin_with("BEGIN IMMEDIATE").await?;
        let cents = match requested {
            Some(cents) => i64::try_from(cents)?,
            None => sqlx::query_scalar(include_str!("../sql/requested_read.sql"))
                .bind(application)
                .fetch_optional(&mut *batch)
                .await?
                .ok_or_else(|| format!("application {application} is decided, and was never submitted"))?,
        };
        let add = sqlx::query(include_str!("../sql/notice_add.sql")).bind(application).bind(event.event_id);
        let add = add.bind(outcome).bind(cents).bind(event.occurred_at()).execute(&mut *batch).await?;
        if add.rows_affected() > 0 {
            count(&mut batch, outcome, 1, cents).await?;
            if requested.is_none() {
                count(&mut batch, OPEN, -1, -cents).await?;
            }
        }
        Ok(batch.commit().await?)
    }

    /// The applications by outcome.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub async fn figures(&self) -> Result<Vec<Figure>, sqlx::Error> {
        sqlx::query_as(include_str!("../sql/outcomes_read.sql")).fetch_all(&mut *self.0.lock().await).await
    }
}

async fn count(db: &mut SqliteConnection, outcome: &str, by: i64, cents: i64) -> Result<(), sqlx::Error> {
    let add = sqlx::query(include_str!("../sql/outcome_add.sql")).bind(outcome).bind(by).bind(cents);
    add.execute(db).await.map(|_| ())
}

impl<'r> FromRow<'r, SqliteRow> for Figure {
    fn from_row(row: &'r SqliteRow) -> Result<Self, sqlx::Error> {
        let (outcome, applications, cents) = FromRow::from_row(row)?;
        Ok(Self { outcome, applications, cents })
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { outcome, applications, cents } = self;
        write!(f, "{outcome:<10} {applications:>8} {:>14}.{:02} EUR", cents / 100, cents % 100)
    }
}
