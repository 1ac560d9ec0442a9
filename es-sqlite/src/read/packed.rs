//! Rows of a single value, as the statements of this folder return them: the driver copies each value of a
//! row on its thread and frees it on the reader's, which costs more than parsing one.
//!
//! Fields are text that ends at a NUL, as numbers, names and keys contain none. An event is its position, its
//! stream if several are read, revision, type, time, checksum and the optional fields; then, in binary, its
//! id, those of correlation, causation and metadata that are present, and the payload up to the end of the
//! value. In a damaged value, fields may start elsewhere; the checksum of the event detects this.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::error::Failure;

/// The rest of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed<'r>(&'r [u8]);

/// What a row contains.
#[derive(Debug)]
pub(crate) enum Kind<'r> {
    First(Packed<'r>),
    Second(Packed<'r>),
    Event(Packed<'r>),
}

impl<'r> Kind<'r> {
    /// Rows without an event begin with a letter, those of events with a number.
    pub(crate) fn of(row: &'r SqliteRow) -> Result<Self, Failure> {
        Ok(match row.try_get_unchecked::<&[u8], _>(0)? {
            [b'a', 0, rest @ ..] => Self::First(Packed(rest)),
            [b'b', 0, rest @ ..] => Self::Second(Packed(rest)),
            rest => Self::Event(Packed(rest)),
        })
    }
}

impl<'r> Packed<'r> {
    pub(crate) fn of(row: &'r SqliteRow) -> Result<Self, Failure> {
        Ok(Self(row.try_get_unchecked(0)?))
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next field.
    pub(crate) fn text(&mut self) -> Result<&'r str, Failure> {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        str::from_utf8(text).map_err(|_| broken())
    }

    /// The next field, a number.
    pub(crate) fn number(&mut self) -> Result<i64, Failure> {
        self.optional()?.ok_or_else(broken)
    }

    /// The next field, a number or nothing.
    pub(crate) fn optional(&mut self) -> Result<Option<i64>, Failure> {
        let negative = self.0.first() == Some(&b'-');
        let digits = self.0.get(usize::from(negative)..).unwrap_or_default();
        let (mut value, mut count) = (0_i64, 0);
        for byte in digits.iter().take_while(|byte| **byte != 0) {
            let digit = byte.wrapping_sub(b'0');
            // Negative numbers go one further than positive ones.
            let next = value.checked_mul(10).and_then(|value| value.checked_sub(i64::from(digit)));
            value = next.filter(|_| digit < 10).ok_or_else(broken)?;
            count += 1;
        }
        self.0 = digits.get(count + 1..).unwrap_or_default();
        match (negative, count) {
            (false, 0) => Ok(None),
            (true, 0) => Err(broken()),
            (true, _) => Ok(Some(value)),
            (false, _) => value.checked_neg().map(Some).ok_or_else(broken),
        }
    }

    /// The next field, an id in hexadecimal or nothing.
    pub(crate) fn id(&mut self) -> Result<Option<Uuid>, Failure> {
        let text = self.text()?;
        if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| broken()) }
    }

    /// The binary id, if there is one, and the NUL after it.
    pub(crate) fn raw_id(&mut self, length: Option<i64>) -> Result<Option<Uuid>, Failure> {
        let Some(bytes) = self.bytes(length)? else { return Ok(None) };
        Uuid::from_slice(bytes).map(Some).map_err(|_| broken())
    }

    /// This many bytes, if any, and the NUL after them.
    pub(crate) fn bytes(&mut self, length: Option<i64>) -> Result<Option<&'r [u8]>, Failure> {
        let Some(length) = length else { return Ok(None) };
        let length = usize::try_from(length).map_err(|_| broken())?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(broken)?;
        self.0 = rest.strip_prefix(&[0]).ok_or_else(broken)?;
        Ok(Some(bytes))
    }

    /// The rest of the row.
    pub(crate) fn rest(self) -> Result<&'r str, Failure> {
        text(self.0)
    }
}

pub(crate) fn text(bytes: &[u8]) -> Result<&str, Failure> {
    str::from_utf8(bytes).map_err(|_| broken())
}

fn broken() -> Failure {
    Failure::damaged("the row is not what was written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_at_a_nul_and_the_last_one_where_the_value_does() {
        let mut row = Packed(b"7\0-9223372036854775808\0\0key\0\x00\x01\0{}");
        assert_eq!(row.number().expect("a number"), 7);
        assert_eq!(row.number().expect("a number"), i64::MIN);
        assert_eq!(row.optional().expect("nothing"), None);
        assert_eq!(row.text().expect("a text"), "key");
        assert_eq!(row.bytes(None).expect("nothing"), None);
        assert_eq!(row.bytes(Some(2)).expect("bytes"), Some(&b"\x00\x01"[..]));
        assert_eq!(row.rest().expect("the rest"), "{}");
    }

    #[test]
    fn an_invalid_number_or_a_wrong_length_is_damage() {
        for text in ["", "-", "x", "1x", "1.0", "9223372036854775808", "-9223372036854775809"] {
            Packed(text.as_bytes()).number().expect_err(text);
        }
        Packed(b"\xff\0").text().expect_err("not text");
        for length in [-1, 1, 3, 4] {
            Packed(b"ab\0").bytes(Some(length)).expect_err("a wrong length");
        }
        Packed(b"ab\0").raw_id(Some(2)).expect_err("not an id");
    }
}
