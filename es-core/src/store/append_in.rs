//! Appends in the caller's transaction.

use async_trait::async_trait;

use super::{Append, AppendOutcome, Decision, EventStore, Load, LoadSink, Remembered, StreamHead};
use crate::error::StoreError;

/// Appends within a transaction that the caller has begun and will commit: events and the caller's own rows
/// are written together or not at all. [`Repository::execute_in`](crate::Repository::execute_in) asks for it.
///
/// End a transaction the way it was begun: through the driver, or by a statement. A driver still considers
/// its transaction open after a `COMMIT` or `ROLLBACK` sent as a statement; `es-postgres` relies on the
/// driver, and cannot reject such a connection.
///
/// One implementation per store, for the connection type of its transactions.
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
    note = "a store that has transactions implements `AppendIn` for its connections: `PostgresStore` for \
            `sqlx::PgConnection`, to which a transaction derefs (`&mut *tx`)"
)]
#[async_trait]
pub trait AppendIn<Tx: ?Sized>: EventStore {
    /// As [`EventStore::append`], in the caller's transaction.
    ///
    /// # Errors
    ///
    /// As [`EventStore::append`]; also [`StoreError::IsolationLevel`], and [`StoreError::NoTransaction`] on a
    /// connection without an open transaction; nothing is written then. After [`StoreError::Unavailable`] the
    /// caller's transaction is lost, and its connection must be dropped: a response may still be pending on
    /// it, which the next statement would wait for.
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
