//! The SQL of the store, with the name of its schema filled in once.

use std::sync::Arc;

use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, query};

/// One statement.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    text: Arc<str>,
    prepared: bool,
}

impl Statement {
    /// A call of this statement, to which its parameters are bound.
    pub(crate) fn call<'q>(&self) -> Query<'q, Postgres, PgArguments> {
        // The text is ours but for the schema's name, which was checked.
        query(AssertSqlSafe(Arc::clone(&self.text))).persistent(self.prepared)
    }
}

/// Puts the schema's name in the place of `:schema`.
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
            pub(crate) fn new(schema: &str, prepared: bool) -> Self {
                Self {
                    $($name: Statement {
                        text: in_schema(include_str!(concat!("sql/", stringify!($name), ".sql")), schema).into(),
                        prepared,
                    },)*
                }
            }
        }
    };
}

statements! {
    append, append_all, append_one, backend_lives, check, close_stream, drop_snapshots, find_appended, find_correlation, find_event, grant_reader,
    grant_writer, head, list_snapshots, list_streams, load, names, open_appends, prune_commands, read_all, read_some,
    read_backward, read_forward, register_events, register_names, rename_category, save_snapshot, watermark,
}
