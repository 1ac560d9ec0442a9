//! Names that rows bring along, because the caller does not know them.

use es_core::StoreError;
use sqlx::PgConnection;

use crate::connect::columns::noted;
use crate::connect::pool::Pool;
use crate::read::again::ReadError;
use crate::read::row::Columns;

/// Whether rows brought names along.
#[derive(Debug, Default)]
pub(crate) struct News(bool);

impl News {
    /// Looks for that of the event's type.
    pub(crate) fn look(&mut self, row: Columns<'_>) -> Result<(), StoreError> {
        self.0 |= !row.is_null(noted::NOTE)?;
        Ok(())
    }

    /// There is one.
    pub(crate) const fn found(&mut self) {
        self.0 = true;
    }

    /// Reads all names, if there is news of them.
    pub(crate) async fn learn(self, pool: &Pool, connection: &mut PgConnection) -> Result<(), ReadError> {
        if self.0 {
            let refresh = pool.names.refresh(connection, &pool.statements);
            pool.settings.answered(refresh).await.map_err(ReadError::Failed)?;
        }
        Ok(())
    }
}
