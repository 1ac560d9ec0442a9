//! Numbers as the database has them.

use es_core::Revision;

/// A revision as the database has it; none is beyond the largest number there.
pub(crate) fn bigint(revision: Revision) -> i64 {
    i64::try_from(revision.get()).unwrap_or(i64::MAX)
}
