//! The owner of a schema.

use sqlx::{PgConnection, Row};

use crate::connect::columns::schema_owner;
use crate::connect::failure::Failure;
use crate::connect::statements::Statements;

/// The owner of a schema, or of the store in it.
#[derive(Debug)]
pub(crate) struct SchemaOwner {
    pub(crate) owner: String,
    /// Whether the schema is empty.
    pub(crate) empty: bool,
    /// Whether the owner is trusted: it is one of the current role's own roles, or a superuser. Any other
    /// owner of a schema could replace our functions with its own.
    pub(crate) trusted: bool,
}

impl SchemaOwner {
    /// Returns `None` if there is no such schema.
    pub(crate) async fn find(
        connection: &mut PgConnection,
        statements: &Statements,
        schema: &str,
    ) -> Result<Option<Self>, Failure> {
        let row = statements.schema_owner.call().bind(schema).fetch_optional(connection).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Self {
            owner: row.try_get(schema_owner::OWNER)?,
            empty: row.try_get(schema_owner::EMPTY)?,
            trusted: row.try_get(schema_owner::TRUSTED)?,
        }))
    }
}
