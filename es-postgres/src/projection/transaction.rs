//! Transactions in which the user's code runs, which may end them.

use es_core::projection::{Projection, ProjectorError};
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};
use uuid::Uuid;

use super::error::PostgresTargetError;
use super::target::PostgresTarget;
use crate::connect::failure::Failure;
use crate::connect::statements::in_schema;

/// A COMMIT that fails in a failed transaction.
pub(super) const COMMIT: &str = "SELECT; COMMIT";

/// A token of a transaction, which is gone when the transaction ends.
#[derive(Debug)]
pub(super) struct Token(String);

impl Token {
    pub(super) fn new() -> Self {
        Self(Uuid::now_v7().simple().to_string())
    }

    /// Begins a transaction, with settings such as `SET LOCAL …`, on a connection that is used only for such
    /// transactions.
    ///
    /// The driver counts nested transactions itself, so it has to know about this one: otherwise a handler's
    /// `connection.begin()` would be a BEGIN, and its `commit()` would end the whole transaction. The count
    /// stays at one for the life of the connection, as these transactions end in the same round trip as
    /// another statement, which the driver does not notice.
    pub(super) async fn begin(connection: &mut PgConnection, settings: &[&str]) -> Result<Self, Failure> {
        let token = Self::new();
        let settings = settings.join("; ");
        let begin =
            format!("BEGIN; SET LOCAL es.transaction = '{}'; {settings}; SAVEPOINT es_start", token.0);
        if connection.is_in_transaction() {
            raw_sql(AssertSqlSafe(begin)).execute(connection).await?;
        } else {
            // Dropping it would roll back.
            std::mem::forget(connection.begin_with(AssertSqlSafe(begin)).await?);
        }
        Ok(token)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    /// A statement of the store, as text.
    pub(super) fn text(&self, sql: &str) -> String {
        in_schema(sql, &self.store.pool().settings.schema)
    }

    /// A statement that fails in any other transaction, and in one that has failed.
    pub(super) fn check(&self, token: &Token) -> String {
        self.text(&format!("SELECT :schema.same_transaction('{}')", token.0))
    }

    /// Undoes what was done in a transaction.
    pub(super) async fn roll_back(&self, db: &mut PgConnection, token: &Token) -> Result<(), ProjectorError> {
        // Only after a rollback to this savepoint can a failed transaction check its token.
        let sql = format!("ROLLBACK TO SAVEPOINT es_start; {}; ROLLBACK", self.check(token));
        self.within(raw_sql(AssertSqlSafe(sql)).execute(db).await.map(drop))
    }

    /// Converts the failure of a statement whose transaction has ended.
    pub(super) fn within<T, E: Into<Failure>>(&self, done: Result<T, E>) -> Result<T, ProjectorError> {
        done.map_err(|error| {
            let failure = error.into();
            if failure.is_of_ended_transaction() { Self::ended().into() } else { failure.into() }
        })
    }

    /// The error of a transaction that the user's code has ended.
    pub(super) const fn ended() -> PostgresTargetError {
        PostgresTargetError::TransactionEnded { projection: P::NAME, build: P::BUILD }
    }
}

/// The statement that sets the idle timeout of a transaction.
pub(super) fn standstill<P>(target: &PostgresTarget<P>) -> String {
    let longest = target.longest_standstill().as_millis().clamp(1, i32::MAX.unsigned_abs().into());
    format!("SET LOCAL idle_in_transaction_session_timeout = {longest}")
}

/// Executes a statement that contains our own names.
pub(super) async fn sql(db: &mut PgConnection, text: String) -> Result<(), Failure> {
    raw_sql(AssertSqlSafe(text)).execute(db).await?;
    Ok(())
}
