//! Brings a schema up to date: forward only, once each, one program at a time.

use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, raw_sql};

use crate::ConnectError;
use crate::check;
use crate::error::{Failure, Opening};
use crate::options::Settings;
use crate::schema_owner::SchemaOwner;
use crate::statements::{Statements, in_schema};

struct Migration {
    id: i32,
    name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($($id:literal $name:literal),* $(,)?) => {
        &[$(Migration { id: $id, name: $name, sql: include_str!(concat!("../migrations/", $name, ".sql")) }),*]
    };
}

/// In the order in which they run. A file that was released is never edited: a change is a new file.
const MIGRATIONS: &[Migration] = migrations![
    1 "0001_tables",
    2 "0002_append_only",
    3 "0003_names",
    4 "0004_append_one",
    5 "0005_append",
    6 "0006_append_all",
    7 "0007_append_batch",
    8 "0008_streams",
    9 "0009_roles",
    10 "0010_watermark",
    11 "0011_projections",
    12 "0012_decisions",
    13 "0013_registrations",
    14 "0014_publishing",
    15 "0015_transactions",
    16 "0016_privileges",
    17 "0017_readable_appends",
    18 "0018_readable_batches",
    19 "0019_protected_rows",
];

/// The migration that this program needs.
pub(crate) const NEWEST: i32 = MIGRATIONS[MIGRATIONS.len() - 1].id;

const BOOKKEEPING: &str = "CREATE TABLE :schema.migrations (
    id         integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)";

/// Runs what was not run yet, all in one transaction. It leaves no prepared statement behind, so it may go
/// through a transaction pooler.
pub(crate) async fn run(settings: &Settings) -> Result<(), ConnectError> {
    let mut connection = settings.dial(Duration::MAX).await?;
    check::server(connection.server_version_num())?;
    let opening = settings.opening();
    let statements = settings.statements();
    catch_up(&mut connection, &opening, &statements).await.map_err(|stop| stop.into_error(&opening))?;
    // The transaction is committed; a goodbye that fails changes nothing.
    let _gone = connection.close().await;
    Ok(())
}

/// Why it went no further.
enum Stop {
    Sql(Failure),
    Refused(ConnectError),
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Sql(error.into())
    }
}

impl Stop {
    fn into_error(self, opening: &Opening<'_>) -> ConnectError {
        match self {
            Self::Refused(error) => error,
            Self::Sql(failure) => failure.migrating(opening),
        }
    }
}

async fn catch_up(
    connection: &mut PgConnection,
    opening: &Opening<'_>,
    statements: &Statements,
) -> Result<(), Stop> {
    let schema = opening.schema;
    let mut transaction = connection.begin().await?;
    // Under any other level, what was done while this waits for the lock would not be seen. "Already exists,
    // skipping" is of no interest.
    raw_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL client_min_messages = warning")
        .execute(&mut *transaction)
        .await?;
    // Who looks changes nothing, and needs no more rights than any user of the store.
    if Found::look(&mut transaction, opening, statements).await?.missing(schema)?.is_empty() {
        return Ok(transaction.commit().await?);
    }
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('es migrations of ' || $1, 0))")
        .persistent(false)
        .bind(schema)
        .execute(&mut *transaction)
        .await?;
    let found = Found::look(&mut transaction, opening, statements).await?;
    match SchemaOwner::find(&mut transaction, statements, schema).await? {
        Some(SchemaOwner { trusted: false, owner, .. }) => {
            let (schema, role) = (schema.to_owned(), opening.user.to_owned());
            return Err(Stop::Refused(ConnectError::ForeignSchema { schema, owner, role }));
        }
        Some(_) => {}
        // This takes a right that not every owner of a schema has.
        None => run_sql(&mut transaction, "CREATE SCHEMA :schema", schema).await?,
    }
    if found.applied.is_none() {
        run_sql(&mut transaction, BOOKKEEPING, schema).await?;
    }
    for (migration, checksum) in found.missing(schema)? {
        let Migration { id, name, sql } = *migration;
        run_sql(&mut transaction, sql, schema).await?;
        let sql = "INSERT INTO :schema.migrations (id, name, checksum) VALUES ($1, $2, $3)";
        sqlx::query(AssertSqlSafe(in_schema(sql, schema)))
            .persistent(false)
            .bind(id)
            .bind(name)
            .bind(checksum)
            .execute(&mut *transaction)
            .await?;
        tracing::info!(schema, migration = name, "migrated");
    }
    transaction.commit().await?;
    Ok(())
}

async fn run_sql(connection: &mut PgConnection, sql: &str, schema: &str) -> Result<(), sqlx::Error> {
    raw_sql(AssertSqlSafe(in_schema(sql, schema))).execute(connection).await?;
    Ok(())
}

/// What has been run, by numbers and checksums, and the checksums of what this program has.
struct Found {
    /// `None` without the table.
    applied: Option<Vec<(i32, String)>>,
    checksums: Vec<String>,
}

impl Found {
    async fn look(
        connection: &mut PgConnection,
        opening: &Opening<'_>,
        statements: &Statements,
    ) -> Result<Self, Stop> {
        let call = statements.migrations_known.call().bind(opening.schema);
        let row = call.fetch_one(&mut *connection).await?;
        // Another encoding may not even take the text of the files.
        check::encoding(row.try_get("encoding")?, opening.database).map_err(Stop::Refused)?;
        let files: Vec<&str> = MIGRATIONS.iter().map(|migration| migration.sql).collect();
        let call = statements.migrations_checksums.call().bind(files);
        let checksums = call.fetch_one(&mut *connection).await?.try_get(0)?;
        let mut applied = None;
        if row.try_get("found")? {
            let rows = statements.migrations_applied.call().fetch_all(connection).await?;
            let row = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?));
            applied = Some(rows.iter().map(row).collect::<Result<_, sqlx::Error>>()?);
        }
        Ok(Self { applied, checksums })
    }

    /// What was not run yet, with checksums.
    fn missing(&self, schema: &str) -> Result<Vec<(&'static Migration, &str)>, Stop> {
        let applied = self.applied.as_deref().unwrap_or_default();
        let schema = || schema.to_owned();
        if let Some((found, _)) = applied.last().filter(|(id, _)| *id > NEWEST) {
            let (found, known) = (*found, NEWEST);
            return Err(Stop::Refused(ConnectError::SchemaTooNew { schema: schema(), found, known }));
        }
        let mut missing = Vec::new();
        for (migration, checksum) in MIGRATIONS.iter().zip(&self.checksums) {
            match applied.iter().find(|(id, _)| *id == migration.id) {
                Some((_, earlier)) if earlier == checksum => {}
                Some(_) => {
                    let (id, name) = (migration.id, migration.name.to_owned());
                    return Err(Stop::Refused(ConnectError::MigrationChanged { schema: schema(), id, name }));
                }
                None => missing.push((migration, &**checksum)),
            }
        }
        Ok(missing)
    }
}

/// Differs for each set of migrations; names the database that tests copy.
#[cfg(feature = "testing")]
pub(crate) fn fingerprint() -> es_core::Fingerprint {
    MIGRATIONS
        .iter()
        .fold(es_core::Fingerprint::EMPTY, |fingerprint, migration| fingerprint.with(migration.sql))
}
