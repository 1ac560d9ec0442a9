//! Rewinding a store to an earlier state, like a failover that loses the newest transactions.

/// One transaction that deletes by these statements: the triggers that refuse it are disabled meanwhile, and
/// afterwards enabled as the store requires.
pub(crate) fn rewind(deletes: &str) -> String {
    format!(
        "BEGIN;
         ALTER TABLE es.events DISABLE TRIGGER USER;
         ALTER TABLE es.streams DISABLE TRIGGER USER;
         ALTER TABLE es.event_types DISABLE TRIGGER USER;
         ALTER TABLE es.categories DISABLE TRIGGER USER;
         ALTER TABLE es.registrations DISABLE TRIGGER USER;
         {deletes};
         ALTER TABLE es.events ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER never_truncated;
         ALTER TABLE es.streams ENABLE ALWAYS TRIGGER never_deleted, ENABLE ALWAYS TRIGGER never_truncated,
             ENABLE ALWAYS TRIGGER never_renamed;
         ALTER TABLE es.event_types ENABLE ALWAYS TRIGGER never_deleted, ENABLE ALWAYS TRIGGER never_truncated,
             ENABLE ALWAYS TRIGGER never_renamed, ENABLE TRIGGER registered;
         ALTER TABLE es.categories ENABLE ALWAYS TRIGGER never_deleted, ENABLE ALWAYS TRIGGER never_truncated,
             ENABLE ALWAYS TRIGGER never_renamed, ENABLE TRIGGER registered;
         ALTER TABLE es.registrations ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER never_truncated;
         COMMIT"
    )
}

/// The statements that delete all events after this position, and the streams that have none left.
pub(crate) fn events_after(position: u64) -> String {
    format!(
        "DELETE FROM es.events WHERE position > {position};
         DELETE FROM es.streams WHERE id NOT IN (SELECT stream FROM es.events)"
    )
}
