//! JSON that is sent as it is, without a detour over a value. Columns are of type `json`: the text is kept
//! byte for byte.

use std::borrow::Cow;

use sqlx::Type;
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, Postgres};

/// What tests take to make the driver panic.
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
        assert_ne!(*self.0, *UNENCODABLE, "stands for a value over which the driver panics");
        buffer.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
}
