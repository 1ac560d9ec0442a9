//! Migrates a schema: forward only, each migration once, one program at a time.

use std::time::Duration;

use sqlx::postgres::{PgRow, Postgres};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, Transaction, raw_sql};
use tokio::time::sleep;

use crate::connect::check::{self, Backend};
use crate::connect::columns::{ONLY, migrations_applied, migrations_known};
use crate::connect::error::ConnectError;
use crate::connect::failure::{Failure, Opening};
use crate::connect::migrations::{MIGRATIONS, Migration, NEWEST};
use crate::connect::schema_owner::SchemaOwner;
use crate::connect::settings::{Settings, milliseconds};
use crate::connect::silence;
use crate::connect::statements::{Statements, in_schema};

/// The interval at which to check whether another program has migrated.
const MIGRATION_POLL: Duration = Duration::from_millis(50);

const BOOKKEEPING: &str = "CREATE TABLE :schema.migrations (
    id         integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)";

/// How often a migration is repeated after a deadlock.
const DEADLOCKS: u32 = 10;

/// Runs the missing migrations, all in one transaction. It leaves no prepared statement behind, so it works
/// through a transaction pooler.
pub(crate) async fn run(settings: &Settings) -> Result<(), ConnectError> {
    let mut connection = settings.dial(settings.longest_lock_wait).await?;
    check::server(connection.server_version_num())?;
    let opening = settings.opening();
    let mut ended = 0;
    loop {
        match catch_up(&mut connection, settings, &opening).await {
            // Nothing was changed, and the other transaction of the deadlock proceeds.
            Err(Stop::Sql(failure)) if failure.is_deadlock() && ended < DEADLOCKS => ended += 1,
            done => break done.map_err(|stop| stop.into_error(&opening))?,
        }
    }
    // The transaction is committed; a failure to close the connection changes nothing.
    let _gone = settings.answered(connection.close()).await;
    Ok(())
}

/// Why a migration stopped.
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
    settings: &Settings,
    opening: &Opening<'_>,
) -> Result<(), Stop> {
    let statements = &settings.statements();
    let mut transaction = settings.answered(connection.begin()).await?;
    // At any other isolation level, changes made while this waits for the lock would not be visible. Notices
    // such as "already exists, skipping" are suppressed. The timeouts keep a migration that stands still, or
    // waits for a lock itself, from holding up others.
    let told = format!(
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL client_min_messages = warning;
         SET LOCAL idle_in_transaction_session_timeout = {}; SET LOCAL lock_timeout = {}",
        milliseconds(settings.answer_within),
        milliseconds(settings.longest_lock_wait),
    );
    settings.answered(raw_sql(AssertSqlSafe(told)).execute(&mut *transaction)).await?;
    // Looking changes nothing, and needs no more privileges than any user of the store has.
    let look = Applied::look(&mut transaction, opening, statements);
    if settings.answered::<_, Stop>(look).await?.missing(opening.schema)?.is_empty() {
        return Ok(settings.answered(transaction.commit()).await?);
    }
    let backend = settings.answered(Backend::of(&mut transaction, statements)).await?;
    let change = change(transaction, settings, opening, statements);
    silence::watched_unchecked(settings, statements, backend, change).await?
}

/// Runs the missing migrations while no other program does. Statements have no time limit.
async fn change(
    mut transaction: Transaction<'_, Postgres>,
    settings: &Settings,
    opening: &Opening<'_>,
    statements: &Statements,
) -> Result<(), Stop> {
    let schema = opening.schema;
    lock(&mut transaction, settings, statements).await?;
    let found = Applied::look(&mut transaction, opening, statements).await?;
    match SchemaOwner::find(&mut transaction, statements, schema).await? {
        Some(SchemaOwner { trusted: false, owner, .. }) => {
            let (schema, role) = (schema.to_owned(), opening.user.to_owned());
            return Err(Stop::Refused(ConnectError::ForeignSchema { schema, owner, role }));
        }
        Some(_) => {}
        // This needs a privilege that not every owner of a schema has.
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

/// Waits while another program migrates the same schema. The server ends that session if it is idle for too
/// long.
async fn lock(
    transaction: &mut PgConnection,
    settings: &Settings,
    statements: &Statements,
) -> Result<(), Stop> {
    let mut waits = false;
    loop {
        let call = statements.migrations_lock.call().bind(&settings.schema);
        let row = settings.answered(call.fetch_one(&mut *transaction)).await?;
        if row.try_get(ONLY)? {
            return Ok(());
        }
        if !std::mem::replace(&mut waits, true) {
            tracing::info!(
                schema = settings.schema,
                "another program is migrating the schema; waiting for it"
            );
        }
        sleep(MIGRATION_POLL).await;
    }
}

async fn run_sql(connection: &mut PgConnection, sql: &str, schema: &str) -> Result<(), sqlx::Error> {
    raw_sql(AssertSqlSafe(in_schema(sql, schema))).execute(connection).await?;
    Ok(())
}

/// The applied migrations, by number and checksum, and the checksums of this program's migrations.
struct Applied {
    /// `None` if the table does not exist.
    applied: Option<Vec<(i32, String)>>,
    checksums: Vec<String>,
}

impl Applied {
    async fn look(
        connection: &mut PgConnection,
        opening: &Opening<'_>,
        statements: &Statements,
    ) -> Result<Self, Stop> {
        let call = statements.migrations_known.call().bind(opening.schema);
        let row = call.fetch_one(&mut *connection).await?;
        // Another encoding may not even be able to store the text of the files.
        check::encoding(row.try_get(migrations_known::ENCODING)?, opening.database).map_err(Stop::Refused)?;
        let files: Vec<&str> = MIGRATIONS.iter().map(|migration| migration.sql).collect();
        let call = statements.migrations_checksums.call().bind(files);
        let checksums = call.fetch_one(&mut *connection).await?.try_get(ONLY)?;
        let mut applied = None;
        if row.try_get(migrations_known::FOUND)? {
            let rows = statements.migrations_applied.call().fetch_all(connection).await?;
            let row = |row: &PgRow| {
                Ok((row.try_get(migrations_applied::ID)?, row.try_get(migrations_applied::CHECKSUM)?))
            };
            applied = Some(rows.iter().map(row).collect::<Result<_, sqlx::Error>>()?);
        }
        Ok(Self { applied, checksums })
    }

    /// The migrations that were not run yet, with checksums.
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
