//! Privileges of roles in a store.

use std::sync::Arc;

use es_core::StoreError;

use crate::connect::call::rows_kept;
use crate::connect::failure::unexpected;
use crate::connect::pool::Pool;
use crate::connect::statements::Statement;

pub(crate) async fn grant(pool: &Arc<Pool>, grant: &Statement, role: &str) -> Result<(), StoreError> {
    if role.contains('\0') {
        // The server would reject it as a parameter.
        return Err(unexpected(format!("there is no role {role:?}")));
    }
    rows_kept(pool, grant.call().bind(role)).await.map(|_| ())
}
