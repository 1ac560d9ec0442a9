//! Appends in a transaction of the caller's.

use async_trait::async_trait;

use super::{Append, AppendOutcome, Decision, EventStore, Load, LoadSink, Remembered, StreamHead};
use crate::error::StoreError;

/// Appends within a transaction that the caller has begun and will commit: events and the caller's own rows
/// are written together or not at all. [`Repository::execute_in`](crate::Repository::execute_in) asks for it.
///
/// End a transaction as it was begun: by the driver, or by a statement. A driver takes its transaction for
/// open after a `COMMIT` or `ROLLBACK` that was sent as a statement; `es-postgres` relies on the driver, and
/// cannot refuse such a connection.
///
/// One implementation a store, for the connection type of its transactions.
///
/// ```
/// use es_core::store::{Append, AppendIn, AppendOutcome};
/// use es_core::StoreError;
///
/// async fn append_beside_own_rows<Tx, S: AppendIn<Tx>>(
///     store: &S,
///     tx: &mut Tx,
///     append: Append<'_>,
/// ) -> Result<AppendOutcome, StoreError> {
///     // Whatever else is written on `tx` is committed together with the events, by the caller.
///     store.append_in(tx, append).await
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot append in a transaction of `{Tx}`",
    label = "no `AppendIn<{Tx}>`",
    note = "a store that has transactions implements `AppendIn` for its connections: `PostgresStore` for `sqlx::PgConnection`, to which a transaction derefs (`&mut *tx`)"
)]
#[async_trait]
pub trait AppendIn<Tx: ?Sized>: EventStore {
    /// As [`EventStore::append`], in the caller's transaction.
    ///
    /// # Errors
    ///
    /// As [`EventStore::append`]; also [`StoreError::IsolationLevel`], and [`StoreError::NoTransaction`] on a
    /// connection on which no transaction is open; nothing is written then. After
    /// [`StoreError::Unavailable`] the caller's transaction is lost with its connection, which is to be
    /// dropped: an answer may still be under way on it, for which the next statement would wait.
    async fn append_in(&self, tx: &mut Tx, append: Append<'_>) -> Result<AppendOutcome, StoreError>;

    /// As [`EventStore::load`], in the caller's transaction.
    ///
    /// # Errors
    ///
    /// As [`EventStore::load`]; also [`StoreError::NoTransaction`].
    async fn load_in(
        &self,
        tx: &mut Tx,
        load: Load<'_>,
        sink: LoadSink<'_>,
    ) -> Result<StreamHead, StoreError>;

    /// As [`EventStore::remember`], in the caller's transaction: what is rolled back is not remembered.
    ///
    /// # Errors
    ///
    /// As [`EventStore::remember`]; also [`StoreError::IsolationLevel`] and [`StoreError::NoTransaction`].
    async fn remember_in(&self, tx: &mut Tx, decision: Decision<'_>) -> Result<Remembered, StoreError>;
}
