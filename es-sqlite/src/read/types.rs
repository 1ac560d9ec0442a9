//! The names and versions of events by their numbers in a file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::SqliteConnection;

use super::packed::Packed;
use super::row::get;
use crate::error::Failure;
use crate::sql;

/// The types that a file had when they were last read. They are numbered 1, 2, 3 … and never change; for a
/// later type, the row itself contains name and version. If a number means something else nevertheless, the
/// checksum of the event detects it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Types(Arc<KnownTypes>);

#[derive(Debug, Default)]
struct KnownTypes {
    types: Vec<(Box<str>, u32)>,
    /// Whether a row came whose type is not among them.
    lacking: AtomicBool,
}

impl Types {
    pub(crate) async fn read(connection: &mut SqliteConnection) -> Result<Self, Failure> {
        let mut types = Vec::new();
        for row in &sqlx::query(sql::TYPES).fetch_all(connection).await? {
            if usize::try_from(get::<i64>(row, 2)?) != Ok(types.len() + 1) {
                // Rows contain the name and version of later types.
                break;
            }
            types.push((get::<&str>(row, 0)?.into(), get(row, 1)?));
        }
        Ok(Self(Arc::new(KnownTypes { types, lacking: AtomicBool::new(false) })))
    }

    /// The last known type.
    #[allow(clippy::cast_possible_wrap, reason = "a file has a few hundred")]
    pub(crate) fn last(&self) -> i64 {
        self.0.types.len() as i64
    }

    /// Whether there are others by now.
    pub(crate) fn are_lacking(&self) -> bool {
        self.0.types.is_empty() || self.0.lacking.load(Ordering::Relaxed)
    }

    /// The type in the next field of a row: its number, or a letter followed by version and name.
    pub(super) fn of<'r>(&'r self, row: &mut Packed<'r>) -> Result<(&'r str, u32), Failure> {
        let missing = || Failure::damaged("the event has a type that is not in the file");
        let field = row.text()?;
        if let Some(field) = field.strip_prefix('v') {
            let (version, name) = field.split_once(' ').ok_or_else(missing)?;
            self.0.lacking.store(true, Ordering::Relaxed);
            return Ok((name, version.parse().map_err(|_| missing())?));
        }
        let number: usize = field.parse().map_err(|_| missing())?;
        let (name, version) = self.0.types.get(number.wrapping_sub(1)).ok_or_else(missing)?;
        Ok((name, *version))
    }
}
