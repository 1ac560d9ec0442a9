//! Names that rows include because the caller does not know them.

use es_core::StoreError;
use sqlx::PgConnection;

use crate::connect::columns::noted;
use crate::connect::pool::Pool;
use crate::read::again::ReadError;
use crate::read::row::Columns;

/// Whether rows included new names.
#[derive(Debug, Default)]
pub(crate) struct NewNames(bool);

impl NewNames {
    /// Looks for the name of the event's type.
    pub(crate) fn look(&mut self, row: Columns<'_>) -> Result<(), StoreError> {
        self.0 |= !row.is_null(noted::NOTE)?;
        Ok(())
    }

    /// Records that there was one.
    pub(crate) const fn found(&mut self) {
        self.0 = true;
    }

    /// Reads all names if there are new ones.
    pub(crate) async fn learn(self, pool: &Pool, connection: &mut PgConnection) -> Result<(), ReadError> {
        if self.0 {
            let refresh = pool.names.refresh(connection, &pool.statements);
            pool.settings.answered(refresh).await.map_err(ReadError::Failed)?;
        }
        Ok(())
    }
}
