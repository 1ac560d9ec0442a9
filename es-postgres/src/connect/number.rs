//! Conversion of numbers for the database.

use es_core::Revision;

/// A revision as a `bigint`, capped at its largest value.
pub(crate) fn bigint(revision: Revision) -> i64 {
    i64::try_from(revision.get()).unwrap_or(i64::MAX)
}
