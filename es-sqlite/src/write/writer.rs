//! The writer: one transaction after another, on one connection.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use es_core::store::Bell;
use sqlx::{Connection as _, Row as _, SqliteConnection};
use tokio::sync::Mutex as Turns;
use uuid::Uuid;

use super::known::Known;
use super::standing::{Question, Standings};
use super::turn::{Turn, settle};
use crate::error::{Failure, Meaning};
use crate::latch::hold;
use crate::open::connect::{Opener, Use};
use crate::sql;

/// Event types under former names, as registered by this program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Former(Arc<Mutex<HashSet<(&'static str, u32)>>>);

impl Former {
    pub(crate) fn add(&self, name: &'static str, version: u32) {
        hold(&self.0).insert((name, version));
    }

    pub(crate) fn has(&self, name: &'static str, version: u32) -> bool {
        hold(&self.0).contains(&(name, version))
    }
}

pub(crate) struct Writer {
    pub(crate) opener: Arc<Opener>,
    /// Lent to callers for their own transactions.
    pub(crate) connection: Arc<Turns<SqliteConnection>>,
    pub(crate) known: Known,
    pub(crate) former: Former,
    pub(crate) bell: Bell,
    /// The `data_version` of the last poll for writes of others.
    pub(crate) seen: Option<i64>,
    /// Something is open or broken on the connection that could not be rolled back.
    pub(crate) broken: bool,
}

impl Writer {
    /// The connection, once no caller has it.
    pub(crate) async fn turn(&self) -> Turn {
        Arc::clone(&self.connection).lock_owned().await
    }

    /// The same, without an open transaction.
    pub(crate) async fn connection(&mut self) -> Result<Turn, Failure> {
        let mut connection = self.turn().await;
        if settle(&mut connection).await.is_err() {
            self.broken = true;
        }
        if self.broken {
            *connection = self.opener.connect(Use::Write).await?;
            self.known.forget();
            self.broken = false;
        }
        self.opener.check()?;
        Ok(connection)
    }

    /// Begins a write transaction, and reads the state of streams. Names are current as of it.
    pub(crate) async fn begin(
        &mut self,
        connection: &mut SqliteConnection,
        ask: impl Fn(&Known) -> Question,
    ) -> Result<Standings, Failure> {
        let question = ask(&self.known);
        // BEGIN, the version and the state are one round trip to the driver's thread.
        let mut rows =
            sqlx::query(sql::BEGIN).bind(question.argument()).fetch_all(&mut *connection).await?.into_iter();
        let version = rows.next().ok_or_else(|| Failure::damaged("the file has no version"))?;
        let version: i64 = version.try_get(0)?;
        if self.known.is_as_of(version) {
            return question.answer(rows.as_slice());
        }
        self.known.read(connection, version).await?;
        ask(&self.known).fetch(connection).await
    }

    /// Rolls back a transaction, and invalidates the cached names.
    pub(crate) async fn undo(&mut self, connection: &mut SqliteConnection, failure: &Failure) {
        // After some errors no transaction is open any more, and ROLLBACK fails.
        let undone = sqlx::query("ROLLBACK").execute(connection).await;
        self.known.forget();
        let lost = matches!(failure.meaning(), Meaning::Io | Meaning::Damaged | Meaning::Other);
        self.broken |= lost || undone.is_err() && failure.meaning() != Meaning::Busy;
    }

    /// Closes the connection. Closing the last one checkpoints the log into the file.
    pub(crate) async fn close(self) {
        if let Some(connection) = Arc::into_inner(self.connection) {
            drop(connection.into_inner().close().await);
        }
    }

    /// Finds out whether a transaction whose commit failed is in the file, by this event, one of its own. It
    /// commits successfully in place of the failed transaction in the log, so that nothing of that can appear
    /// later.
    pub(crate) async fn is_written(
        &mut self,
        connection: &mut SqliteConnection,
        (position, id): (i64, Uuid),
    ) -> Result<bool, Failure> {
        *connection = self.opener.connect(Use::Write).await?;
        self.known.forget();
        // Until it is known that no transaction is open on it.
        self.broken = true;
        let found = sqlx::query(sql::SETTLE).bind(position).fetch_all(connection).await;
        let rows = found?;
        self.broken = false;
        let found: Option<Uuid> = match rows.first() {
            Some(row) => row.try_get(0)?,
            None => None,
        };
        Ok(found == Some(id))
    }

    /// Rings the bell if somebody else has written since the last poll.
    pub(crate) async fn look(&mut self) {
        let Ok(mut connection) = Arc::clone(&self.connection).try_lock_owned() else { return };
        if let Ok(version) = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *connection).await
            && self.seen.replace(version).is_some_and(|seen| seen != version)
        {
            self.bell.ring();
        }
    }
}
