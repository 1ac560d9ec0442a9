//! Read models in files of SQLite.

use es_core::time::OffsetDateTime;
use serde_json::Value;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Error, SqliteConnection};

use super::connection::{Model, Row};
use super::query::{Column, Query};

impl Model for SqliteConnection {
    /// A file is read as of the first statement that reads it.
    const ONE_MOMENT: &'static str = "BEGIN";

    async fn make(&mut self, query: Query<'_>) -> Result<(), Error> {
        sqlx::raw_sql(query.sqlite).execute(self).await?;
        Ok(())
    }

    async fn change(&mut self, query: Query<'_>) -> Result<u64, Error> {
        let done = sqlx::query_with(query.sqlite, arguments(&query)?).execute(self).await?;
        Ok(done.rows_affected())
    }

    async fn rows<R: Row>(&mut self, query: Query<'_>) -> Result<Vec<R>, Error> {
        sqlx::query_as_with(query.sqlite, arguments(&query)?).fetch_all(self).await
    }
}

/// The position, and the rows.
fn arguments(query: &Query<'_>) -> Result<SqliteArguments, Error> {
    let mut arguments = SqliteArguments::default();
    if let Some(upto) = query.upto {
        arguments.add(upto).map_err(Error::Encode)?;
    }
    if !query.columns.is_empty() {
        arguments.add(rows(&query.columns)).map_err(Error::Encode)?;
    }
    Ok(arguments)
}

/// The rows as an array of arrays, for `json_each`.
fn rows(columns: &[Column<'_>]) -> String {
    let length = columns.first().map_or(0, Column::length);
    let row = |row: usize| columns.iter().map(|column| column.value(row)).collect::<Value>();
    (0..length).map(row).collect::<Value>().to_string()
}

impl Column<'_> {
    const fn length(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Dates(dates) => dates.len(),
            Self::Times(times) => times.len(),
            Self::Counts(counts) => counts.len(),
            Self::Hours(hours) => hours.len(),
            Self::Flags(flags) => flags.len(),
        }
    }

    /// The value of a row. Days are text, and times are microseconds since 1970.
    fn value(&self, row: usize) -> Value {
        match self {
            Self::Texts(texts) => texts[row].into(),
            Self::Dates(dates) => dates[row].to_string().into(),
            Self::Times(times) => micros(times[row]).into(),
            Self::Counts(counts) => counts[row].into(),
            Self::Hours(hours) => hours[row].into(),
            Self::Flags(flags) => flags[row].into(),
        }
    }
}

fn micros(time: OffsetDateTime) -> i64 {
    time.unix_timestamp() * 1_000_000 + i64::from(time.microsecond())
}
