//! Read models in tables of PostgreSQL.

use sqlx::postgres::PgArguments;
use sqlx::{Arguments, Error, PgConnection};

use super::connection::{Model, Row};
use super::query::{Column, Query};

impl Model for PgConnection {
    const ONE_MOMENT: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    async fn make(&mut self, query: Query<'_>) -> Result<(), Error> {
        sqlx::raw_sql(query.postgres).execute(self).await?;
        Ok(())
    }

    async fn change(&mut self, query: Query<'_>) -> Result<u64, Error> {
        let done = sqlx::query_with(query.postgres, arguments(&query)?).execute(self).await?;
        Ok(done.rows_affected())
    }

    async fn rows<R: Row>(&mut self, query: Query<'_>) -> Result<Vec<R>, Error> {
        sqlx::query_as_with(query.postgres, arguments(&query)?).fetch_all(self).await
    }
}

/// The position, and an array for each column.
fn arguments(query: &Query<'_>) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    if let Some(upto) = query.upto {
        arguments.add(upto).map_err(Error::Encode)?;
    }
    for column in &query.columns {
        match column {
            Column::Texts(texts) => arguments.add(texts),
            Column::Dates(dates) => arguments.add(dates),
            Column::Times(times) => arguments.add(times),
            Column::Counts(counts) => arguments.add(counts),
            Column::Hours(hours) => arguments.add(hours),
            Column::Flags(flags) => arguments.add(flags),
        }
        .map_err(Error::Encode)?;
    }
    Ok(arguments)
}
