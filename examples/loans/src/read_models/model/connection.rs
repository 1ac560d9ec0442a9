//! The connection, as the read models see it.

use std::fmt;
use std::future::Future;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Error, FromRow};

use super::query::Query;

/// A connection on which the statements of the read models run, in the SQL of its store.
pub trait Model: Connection + fmt::Debug + Send + 'static {
    /// Begins a transaction in which all statements see the same rows.
    const ONE_MOMENT: &'static str;

    /// Runs statements that take no parameters, such as those that make tables.
    ///
    /// # Errors
    ///
    /// What the store says.
    fn make(&mut self, query: Query<'_>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Changes rows, and returns how many.
    ///
    /// # Errors
    ///
    /// What the store says.
    fn change(&mut self, query: Query<'_>) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Reads rows.
    ///
    /// # Errors
    ///
    /// What the store says.
    fn rows<R: Row>(&mut self, query: Query<'_>) -> impl Future<Output = Result<Vec<R>, Error>> + Send;
}

/// What a row of either store becomes.
pub trait Row: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

impl<R> Row for R where R: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}
