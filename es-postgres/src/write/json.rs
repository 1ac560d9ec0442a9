//! JSON text that is sent unchanged, without parsing it. The columns have type `json`, which stores the text
//! byte for byte.

use std::borrow::Cow;

use sqlx::Type;
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, Postgres};

/// A payload for which the driver panics, for tests.
#[cfg(test)]
pub(crate) const UNENCODABLE: &[u8] = br#""cannot be encoded""#;

/// A `json` parameter.
#[derive(Debug, Clone)]
pub(crate) struct Json<'a>(pub(crate) Cow<'a, [u8]>);

impl Type<Postgres> for Json<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(114))
    }
}

impl PgHasArrayType for Json<'_> {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(199))
    }
}

impl<'q> Encode<'q, Postgres> for Json<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        #[cfg(test)]
        assert_ne!(*self.0, *UNENCODABLE, "the driver panics for this value");
        buffer.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
}
