//! The record that an append function returns, in the only column of its statement.

use es_core::StoreError;
use sqlx::postgres::PgRow;
use sqlx::postgres::types::PgRecordDecoder;
use sqlx::{Decode, Postgres, Row, Type};

use crate::connect::columns::ONLY;
use crate::connect::failure::unexpected;

/// Decodes its fields in order.
pub(super) struct Record<'r>(PgRecordDecoder<'r>);

impl<'r> Record<'r> {
    pub(super) fn of(row: &'r PgRow) -> Result<Self, StoreError> {
        PgRecordDecoder::new(row.try_get_raw(ONLY).map_err(unexpected)?).map(Self).map_err(unexpected)
    }

    pub(super) fn field<T>(&mut self) -> Result<T, StoreError>
    where
        T: for<'a> Decode<'a, Postgres> + Type<Postgres>,
    {
        self.0.try_decode().map_err(unexpected)
    }
}
