//! JSON that is sent as it is, without a detour over a value.

use std::borrow::Cow;

use sqlx::Type;
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, Postgres};

/// A `jsonb` parameter.
#[derive(Debug, Clone)]
pub(crate) struct Jsonb<'a>(pub(crate) Cow<'a, [u8]>);

/// A `json` parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainJson<'a>(pub(crate) &'a [u8]);

/// What stands before the text of a `jsonb` value in the binary protocol.
const JSONB_VERSION: u8 = 1;

impl Type<Postgres> for Jsonb<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(3802))
    }
}

impl PgHasArrayType for Jsonb<'_> {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(3807))
    }
}

impl<'q> Encode<'q, Postgres> for Jsonb<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.push(JSONB_VERSION);
        buffer.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
}

impl Type<Postgres> for PlainJson<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(114))
    }
}

impl<'q> Encode<'q, Postgres> for PlainJson<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(self.0);
        Ok(IsNull::No)
    }
}

/// The text of a `jsonb` value of the binary protocol.
pub(crate) fn jsonb_text(value: &[u8]) -> Option<&[u8]> {
    match value.split_first() {
        Some((&JSONB_VERSION, text)) => Some(text),
        _ => None,
    }
}
