//! A statement in the SQL of each store, and what it is run with.

use es_core::time::OffsetDateTime;
use time::Date;

/// A statement, in the SQL of each store.
#[derive(Debug)]
pub struct Query<'a> {
    pub(super) postgres: &'static str,
    pub(super) sqlite: &'static str,
    pub(super) upto: Option<i64>,
    pub(super) columns: Vec<Column<'a>>,
}

/// A column of the rows that a statement takes. PostgreSQL takes each as an array, and SQLite all of them
/// together as rows, in JSON.
#[derive(Debug)]
pub enum Column<'a> {
    /// Names.
    Texts(Vec<&'a str>),
    /// Days, or the first days of months.
    Dates(Vec<Date>),
    /// Points in time.
    Times(Vec<OffsetDateTime>),
    /// Counts, or by how much they change.
    Counts(Vec<i64>),
    /// Spans of time.
    Hours(Vec<f64>),
    /// Whether something holds.
    Flags(Vec<bool>),
}

impl<'a> Query<'a> {
    pub(crate) const fn new(postgres: &'static str, sqlite: &'static str) -> Self {
        Self { postgres, sqlite, upto: None, columns: Vec::new() }
    }

    /// From the events up to this position, which is the first parameter.
    pub(crate) const fn upto(mut self, position: i64) -> Self {
        self.upto = Some(position);
        self
    }

    /// With rows of these columns, all of one length.
    pub(crate) fn columns(mut self, columns: impl Into<Vec<Column<'a>>>) -> Self {
        self.columns = columns.into();
        self
    }
}

/// The statement of a name: a file of `sql/postgres`, and one of `sql/sqlite`.
macro_rules! query {
    ($name:literal) => {
        crate::read_models::Query::new(
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/postgres/", $name, ".sql")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/sqlite/", $name, ".sql")),
        )
    };
}

pub(crate) use query;
