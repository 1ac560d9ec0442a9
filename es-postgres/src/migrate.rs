//! Brings a schema up to date: forward only, once each, one program at a time.

use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};

use crate::ConnectError;
use crate::check;
use crate::error::{Failure, Opening};
use crate::options::Settings;
use crate::statements::in_schema;

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
];

/// The migration that this program needs.
pub(crate) const NEWEST: i32 = MIGRATIONS[MIGRATIONS.len() - 1].id;

const BOOKKEEPING: &str = "
CREATE SCHEMA IF NOT EXISTS :schema;
CREATE TABLE IF NOT EXISTS :schema.migrations (
    id         integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)";

/// Runs what was not run yet, all in one transaction. It leaves no prepared statement behind, so it may go
/// through a transaction pooler.
pub(crate) async fn run(settings: &Settings) -> Result<(), ConnectError> {
    let mut connection = settings.dial().await?;
    check::server(connection.server_version_num())?;
    let opening = settings.opening(true);
    catch_up(&mut connection, &opening).await.map_err(|stop| stop.into_error(&opening))?;
    // The transaction is committed; a goodbye that fails changes nothing.
    let _gone = connection.close().await;
    Ok(())
}

/// Why it went no further.
enum Stop {
    Sql(Failure),
    Refused(ConnectError),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
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

async fn catch_up(connection: &mut PgConnection, opening: &Opening<'_>) -> Result<(), Stop> {
    let schema = opening.schema;
    let mut transaction = connection.begin().await?;
    // "Already exists, skipping" is of no interest.
    raw_sql("SET LOCAL client_min_messages = warning").execute(&mut *transaction).await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('es migrations of ' || $1, 0))")
        .persistent(false)
        .bind(schema)
        .execute(&mut *transaction)
        .await?;
    raw_sql(AssertSqlSafe(in_schema(BOOKKEEPING, schema))).execute(&mut *transaction).await?;

    let sql = in_schema("SELECT id, checksum FROM :schema.migrations ORDER BY id", schema);
    let applied: Vec<(i32, String)> =
        sqlx::query_as(AssertSqlSafe(sql)).persistent(false).fetch_all(&mut *transaction).await?;
    let found = applied.last().map_or(0, |(id, _)| *id);
    if found > NEWEST {
        return Err(Stop::Refused(ConnectError::SchemaTooNew {
            schema: schema.to_owned(),
            found,
            known: NEWEST,
        }));
    }
    for migration in MIGRATIONS {
        let Migration { id, name, sql } = *migration;
        let checksum: String = sqlx::query_scalar("SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')")
            .persistent(false)
            .bind(sql)
            .fetch_one(&mut *transaction)
            .await?;
        match applied.iter().find(|(applied, _)| *applied == id) {
            Some((_, earlier)) if *earlier == checksum => {}
            Some(_) => {
                let (schema, name) = (schema.to_owned(), name.to_owned());
                return Err(Stop::Refused(ConnectError::MigrationChanged { schema, id, name }));
            }
            None => {
                raw_sql(AssertSqlSafe(in_schema(sql, schema))).execute(&mut *transaction).await?;
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
        }
    }
    transaction.commit().await?;
    Ok(())
}

/// Differs for each set of migrations; names the database that tests copy.
#[cfg(feature = "testing")]
pub(crate) fn fingerprint() -> es_core::Fingerprint {
    MIGRATIONS
        .iter()
        .fold(es_core::Fingerprint::EMPTY, |fingerprint, migration| fingerprint.with(migration.sql))
}
