//! The SQL statements of the store, with the schema name filled in once.

use std::sync::Arc;

use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use sqlx::{Arguments, AssertSqlSafe, RawSql, query_with, raw_sql};

/// One statement.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(super) text: Arc<str>,
    prepared: bool,
}

impl Statement {
    /// A call of this statement, to which its parameters are bound.
    pub(crate) fn call<'q>(&self) -> Query<'q, Postgres, PgArguments> {
        // Capacity for the parameters of one event, which would otherwise be reallocated as they grow.
        let mut arguments = PgArguments::default();
        arguments.reserve(16, 512);
        // The text is a constant, except for the schema name, which was validated.
        query_with(AssertSqlSafe(Arc::clone(&self.text)), arguments).persistent(self.prepared)
    }
}

impl Statement {
    /// As a simple query, for a statement without parameters that a session rarely repeats: it takes one
    /// round trip, and the first call of a prepared statement two.
    pub(crate) fn ask(&self) -> RawSql {
        raw_sql(AssertSqlSafe(Arc::clone(&self.text)))
    }
}

/// Whether statements are prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prepared {
    /// Once per session.
    Once,
    /// Never: behind a pooler, the next transaction may run in another session.
    Never,
}

/// Replaces `:schema` with the quoted schema name.
pub(crate) fn in_schema(sql: &str, schema: &str) -> String {
    sql.replace(":schema", &format!("\"{schema}\""))
}

macro_rules! statements {
    ($($name:ident),* $(,)?) => {
        /// All statements, one for each file under `sql/`.
        #[derive(Debug)]
        pub(crate) struct Statements {
            $(pub(crate) $name: Statement,)*
        }

        impl Statements {
            pub(crate) fn new(schema: &str, prepared: Prepared) -> Self {
                Self {
                    $($name: Statement {
                        text: in_schema(
                            include_str!(concat!("../sql/", stringify!($name), ".sql")),
                            schema,
                        )
                        .into(),
                        prepared: prepared == Prepared::Once,
                    },)*
                }
            }

            /// Each with its name.
            #[cfg(test)]
            pub(super) fn all(&self) -> Vec<(&'static str, &Statement)> {
                vec![$((stringify!($name), &self.$name)),*]
            }
        }
    };
}

statements! {
    append, append_all, append_batch, append_in, append_many, append_mixed, append_one, backend,
    backend_lives, backend_serves, check, checkpoint_claim, checkpoint_fail, checkpoint_forget,
    checkpoint_hold, checkpoint_inline, checkpoint_lock, checkpoint_make, checkpoint_partitions,
    checkpoint_read, checkpoint_release, close_stream, command_name, decision, drop_snapshots, end_backend,
    export_closed, export_commands, export_decisions, find_appended, find_correlation, find_event, gapless,
    grant_projector, grant_reader, grant_writer, has_event, head, import_closed, import_commands,
    import_events, import_names, keep_found, letter_count, letter_count_elsewhere, letter_failed,
    letter_list, letter_list_elsewhere, letter_list_of, letter_list_of_elsewhere, letter_park,
    letter_park_elsewhere, letter_remove, letter_streams, letter_streams_elsewhere, list_snapshots,
    list_streams, load, load_command, load_many, lock_holders, migrations_applied, migrations_checksums,
    migrations_known, migrations_lock, names, open_appends, projection_behind, projection_dependents,
    projection_forget, projection_handover, projection_hide, projection_lock, projection_open,
    projection_publish, projection_readable, projection_status, projection_status_elsewhere, prune_commands,
    read_all, read_backward, read_forward, read_some, register_events, register_names, remember,
    rename_category, replayed, save_snapshot, schema_owner, search_path, search_path_back, streams_of_ids,
    watermark,
}
