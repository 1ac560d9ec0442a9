//! The names and versions of events by the numbers that they have in a file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::row::{column, get};
use crate::error::Failure;
use crate::sql;

/// The types that a file had when it was looked at last. They are numbered 1, 2, 3 … and never change; of one
/// that came later, the row itself says what it is. Should a number mean something else all the same, the
/// checksum of the event tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Types(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    types: Vec<(Box<str>, u32)>,
    /// Whether a row came whose type is not among them.
    lacking: AtomicBool,
}

impl Types {
    pub(crate) async fn read(connection: &mut SqliteConnection) -> Result<Self, Failure> {
        let mut types = Vec::new();
        for row in &sqlx::query(sql::TYPES).fetch_all(connection).await? {
            if usize::try_from(get::<i64>(row, 2)?) != Ok(types.len() + 1) {
                // Rows say by themselves what follows.
                break;
            }
            types.push((get::<&str>(row, 0)?.into(), get(row, 1)?));
        }
        Ok(Self(Arc::new(Known { types, lacking: AtomicBool::new(false) })))
    }

    /// The last one that is known.
    #[allow(clippy::cast_possible_wrap, reason = "a file has a few hundred")]
    pub(crate) fn last(&self) -> i64 {
        self.0.types.len() as i64
    }

    /// Whether there are others by now.
    pub(crate) fn are_lacking(&self) -> bool {
        self.0.types.is_empty() || self.0.lacking.load(Ordering::Relaxed)
    }

    /// The type of the event in a row: its number, or text that begins with a letter, which is no number.
    pub(super) fn of<'r>(&'r self, row: &'r SqliteRow) -> Result<(&'r str, u32), Failure> {
        let number: i64 = row.try_get_unchecked(column::TYPE)?;
        if let Some((name, version)) = usize::try_from(number - 1).ok().and_then(|at| self.0.types.get(at)) {
            return Ok((name, *version));
        }
        let missing = || Failure::damaged("the event has a type that is not in the file");
        let said: Option<&str> = row.try_get_unchecked(column::TYPE)?;
        let said = said.and_then(|said| said.strip_prefix('v')).ok_or_else(missing)?;
        let (version, name) = said.split_once(' ').ok_or_else(missing)?;
        self.0.lacking.store(true, Ordering::Relaxed);
        Ok((name, version.parse().map_err(|_| missing())?))
    }
}
