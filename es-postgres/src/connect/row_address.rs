//! The address of a row in its table.

use sqlx::Type;
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, Postgres};

/// A `tid`: the block of a row and its number there. The row found there later may be another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowAddress {
    block: u32,
    number: u16,
}

impl RowAddress {
    /// Reads the server's text, such as `(0,1)`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (block, number) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
        Some(Self { block: block.parse().ok()?, number: number.parse().ok()? })
    }
}

impl Type<Postgres> for RowAddress {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(27))
    }
}

impl Encode<'_, Postgres> for RowAddress {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.block.to_be_bytes());
        buffer.extend_from_slice(&self.number.to_be_bytes());
        Ok(IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use super::RowAddress;

    #[test]
    fn the_text_of_the_server_is_read() {
        let last = RowAddress { block: u32::MAX, number: u16::MAX };
        assert_eq!(RowAddress::parse("(4294967295,65535)"), Some(last));
        for other in ["", "(1)", "(,)", "(1,2", "1,2", "(-1,2)", "(1,65536)"] {
            assert_eq!(RowAddress::parse(other), None, "{other}");
        }
    }
}
