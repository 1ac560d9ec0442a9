//! The positions of the columns in the rows that the files under `sql/` return. A test prepares each
//! statement and compares.

/// The column of a statement that returns one.
pub(crate) const ONLY: usize = 0;

macro_rules! columns {
    (@first) => { 0 };
    (@first $before:ident) => { super::$before::END };
    (@places $at:expr,) => { pub(super) const END: usize = $at; };
    (@places $at:expr, $column:ident $($rest:ident)*) => {
        pub(crate) const $column: usize = $at;
        columns!(@places $column + 1, $($rest)*);
    };
    ($($(#[$about:meta])* $shape:ident in [$($statement:ident)+] $(after $before:ident)?:
        [$($column:ident)+])+) => {
        $(
            $(#[$about])*
            #[allow(dead_code, reason = "an unread column has a position too")]
            pub(crate) mod $shape {
                columns!(@places columns!(@first $($before)?), $($column)+);
            }
        )+

        /// Statements, the first column, and the columns.
        #[cfg(test)]
        const ALL: &[(&[&str], usize, &[&str])] = &[$((
            &[$(stringify!($statement)),+],
            $shape::END - [$(stringify!($column)),+].len(),
            &[$(stringify!($column)),+],
        )),+];
    };
}

columns! {
    /// An event, at the beginning of every row that holds one.
    event in [find_correlation find_event load load_command load_many
              read_all read_backward read_forward read_some]:
        [REVISION POSITION TYPE EVENT_ID RECORDED_AT OCCURRED_AT CORRELATION_ID CAUSATION_ID PAYLOAD METADATA]
    /// Version and name of its type, if the caller does not know them.
    noted in [find_correlation find_event load load_command load_many read_backward read_forward] after event:
        [NOTE]
    numbers in [load load_command load_many] after noted: [NUMBERS]
    found in [find_correlation find_event] after noted: [KEY CATEGORY CATEGORY_NAME]
    paged in [read_all read_some] after event: [STREAM MADE]
    backend in [backend]: [PID BACKEND_START]
    check in [check]: [
        MIGRATION SYNCHRONOUS_COMMIT ISOLATION ENCODING IN_RECOVERY READ_ONLY CACHE INCREMENT CYCLE DRAWN
        LAST_POSITION STREAMS_DRAWN LAST_STREAM WEAK_TRIGGERS MISSING PID BACKEND_START
    ]
    partitions in [checkpoint_lock checkpoint_partitions checkpoint_read]: [PARTITIONS]
    have in [checkpoint_partitions] after partitions: [TABLES VIEWS ELSEWHERE FIRST_EVENT_ID]
    checkpoint in [checkpoint_lock checkpoint_read] after partitions: [POSITION EVENT_ID]
    held in [checkpoint_lock] after checkpoint: [PROJECTED EPOCH ELSEWHERE FIRST_EVENT_ID]
    claimed in [checkpoint_claim]: [EPOCH REST]
    seen in [checkpoint_read] after checkpoint: [LIVE]
    command in [command_name decision]: [NAME]
    decision in [decision] after command: [REJECTED]
    export_closed in [export_closed]: [CATEGORY KEY]
    exported in [export_commands export_decisions]: [
        CATEGORY KEY COMMAND_ID FIRST COUNT REJECTED BODY_HASH RECORDED_AT NAME
    ]
    find_appended in [find_appended]: [EVENT_ID POSITION RECORDED_AT]
    head in [head]: [POSITION EVENT_ID]
    import_commands in [import_commands]: [ORDINAL NAME]
    import_events in [import_events]: [ORDINAL LAST REVISION]
    import_names in [import_names]: [NAME OTHER VERSION REGISTERED FOUND]
    letter_list in [letter_list letter_list_elsewhere]: [
        CATEGORY KEY REVISION POSITION EVENT EVENT_ID ATTEMPTS REASON PARKED_AT
    ]
    letter_list_of in [letter_list_of letter_list_of_elsewhere]: [REVISION POSITION EVENT_ID]
    letter_streams in [letter_streams letter_streams_elsewhere]: [CATEGORY KEY]
    list_snapshots in [list_snapshots]: [CATEGORY FINGERPRINT SNAPSHOTS BYTES NEWEST]
    list_streams in [list_streams]: [KEY REVISION CLOSED]
    lock_holders in [lock_holders]: [PID APPLICATION_NAME SECONDS]
    migrations_applied in [migrations_applied]: [ID CHECKSUM]
    migrations_known in [migrations_known]: [ENCODING FOUND]
    names in [names]: [KIND ID NAME VERSION FINGERPRINT ADDRESS]
    open_appends in [open_appends]: [PID PREPARED APPLICATION_NAME STATE SECONDS]
    projection_behind in [projection_behind]: [OWN LIVE]
    projection_status in [projection_status projection_status_elsewhere]: [
        PARTITION PARTITIONS POSITION OWNER UPDATED_AT PROJECTED PER_SECOND ERROR FAILED_AT LIVE HEAD SECONDS
        LETTERS
    ]
    register_events in [register_events]: [NAME VERSION REGISTERED FOUND]
    replayed in [replayed]: [LAST OLDEST NEXT IN_RECOVERY]
    schema_owner in [schema_owner]: [OWNER EMPTY TRUSTED]
    search_path in [search_path]: [PATH LOCK_TIMEOUT SET_PATH SET_TRANSACTION SET_LOCK_TIMEOUT]
    search_path_back in [search_path_back]: [SAME_TRANSACTION SET_PATH SET_LOCK_TIMEOUT]
    streams_of_ids in [streams_of_ids]: [ID CATEGORY KEY SINCE FILE]
    watermark in [watermark]: [DRAWN HOLDERS IN_DOUBT]
}

/// The first row that `load` and `load_command` return, and the first of each stream of `load_many`: the head
/// of the stream, in the columns of an event.
pub(crate) mod stream_head {
    use super::{event, noted};

    pub(crate) const REVISION: usize = event::POSITION;
    pub(crate) const EVENT_ID: usize = event::EVENT_ID;
    pub(crate) const CLOSED: usize = event::TYPE;
    pub(crate) const SNAPSHOT: usize = event::PAYLOAD;
    pub(crate) const COMMAND_NAME: usize = noted::NOTE;
}

/// The first row of a page, as `read_all` and `read_some` return it in the columns of an event.
pub(crate) mod page_header {
    use super::{event, paged};

    /// The position up to which events were looked at.
    pub(crate) const THROUGH: usize = event::REVISION;
    /// The position of the last event that was looked at.
    pub(crate) const POSITION: usize = event::POSITION;
    pub(crate) const EVENT_ID: usize = event::EVENT_ID;
    /// The id of the event after which the page begins.
    pub(crate) const PASSED: usize = event::CORRELATION_ID;
    pub(crate) const SINCE: usize = event::RECORDED_AT;
    pub(crate) const FILE: usize = event::PAYLOAD;
    /// Null if the caller's name ids belong to another history.
    pub(crate) const KNOWN: usize = paged::MADE;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sqlx::{AssertSqlSafe, Column, Executor, SqlSafeStr, Statement};

    use super::ALL;
    use crate::connect::statements::{Prepared, Statements};
    use crate::testing::TestDatabase;

    #[tokio::test]
    async fn each_column_is_at_the_position_where_its_statement_returns_it() {
        let database = TestDatabase::new().await.expect("a database");
        let store = database.store().await.expect("a store");
        let mut connection = store.connection().await.expect("a connection");
        let mut faults = Vec::new();
        for (name, statement) in Statements::new("es", Prepared::Once).all() {
            let prepared =
                connection.prepare(AssertSqlSafe(Arc::clone(&statement.text)).into_sql_str()).await;
            let prepared = prepared.unwrap_or_else(|error| panic!("{name}: {error}"));
            let found: Vec<_> = prepared.columns().iter().map(Column::name).collect();
            let mut told = 0;
            for (_, first, columns) in ALL.iter().filter(|(statements, ..)| statements.contains(&name)) {
                told = told.max(first + columns.len());
                let columns: Vec<_> = columns.iter().map(|column| column.to_lowercase()).collect();
                let there = found.get(*first..first + columns.len()).unwrap_or_default();
                if columns != there {
                    faults.push(format!("{name} returns {there:?} from column {first} on, not {columns:?}"));
                }
            }
            if told.max(1) < found.len() {
                faults
                    .push(format!("{name} returns columns that are not declared, from {told} on: {found:?}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn columns_are_those_of_statements() {
        let statements = Statements::new("es", Prepared::Once);
        let names: Vec<_> = statements.all().into_iter().map(|(name, _)| name).collect();
        let unknown: Vec<_> = ALL
            .iter()
            .flat_map(|(statements, ..)| *statements)
            .filter(|name| !names.contains(name))
            .collect();
        assert!(unknown.is_empty(), "no statement: {unknown:?}");
    }
}
