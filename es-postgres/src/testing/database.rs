//! A fresh database for each test.

use std::str::FromStr;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use uuid::Uuid;

use super::{TestDatabaseError, shared};
use crate::latch::hold;
use crate::options::PostgresOptions;
use crate::store::PostgresStore;

/// A migrated database for one test; the database is dropped with this value.
///
/// ```no_run
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// use es_postgres::testing::TestDatabase;
///
/// let database = TestDatabase::new().await?;
/// let store = database.store().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    server: PgConnectOptions,
    url: String,
    admin_url: String,
}

/// The contents of a fresh database.
enum Contents {
    Migrated,
    None,
}

impl TestDatabase {
    /// Creates a database, on the server in `ES_TEST_DATABASE_URL` or on the shared temporary one.
    ///
    /// # Errors
    ///
    /// [`TestDatabaseError`] says what is missing and what to install.
    pub async fn new() -> Result<Self, TestDatabaseError> {
        Self::make(Contents::Migrated).await
    }

    /// Creates a database without any table, for tests of migrations.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub async fn empty() -> Result<Self, TestDatabaseError> {
        Self::make(Contents::None).await
    }

    async fn make(tables: Contents) -> Result<Self, TestDatabaseError> {
        let admin_url = match std::env::var("ES_TEST_DATABASE_URL") {
            Ok(url) => url,
            Err(_) => blocking(shared::url).await?,
        };
        let invalid = |error: sqlx::Error| TestDatabaseError::Database { message: error.to_string() };
        let server = PgConnectOptions::from_str(&admin_url).map_err(invalid)?.disable_statement_logging();
        let mut admin = server.connect().await?;
        let name = new_name();
        let template = match tables {
            Contents::Migrated => template(&mut admin, &admin_url).await?,
            Contents::None => String::from("template1"),
        };
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
        admin.close().await?;
        let url = with_database(&admin_url, &name);
        Ok(Self { name, server, url, admin_url })
    }

    /// The URL of this database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the server's own database, as a superuser.
    #[must_use]
    pub fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// A store in this database.
    ///
    /// # Errors
    ///
    /// [`TestDatabaseError::Connect`].
    pub async fn store(&self) -> Result<PostgresStore, TestDatabaseError> {
        Ok(self.options().migrate().await?)
    }

    /// Options for a store in this database.
    pub fn options(&self) -> PostgresOptions {
        PostgresStore::options(&self.url)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, sql) =
            (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // A separate runtime, since this can run inside any other. If this fails, the database is removed
        // with the server, or as a leftover.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut admin = server.connect().await.ok()?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.ok()
            })
        });
        drop(dropped.join());
    }
}

/// Runs blocking code outside the threads of the runtime.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TestDatabaseError> + Send + 'static,
) -> Result<T, TestDatabaseError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(TestDatabaseError::Database { message: error.to_string() }))
}

/// A name with its creation time, so that leftovers of a crash can be recognized.
fn new_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    format!("es_test_{now}_{}", Uuid::now_v7().simple())
}

fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let authority = base.find("://").map_or(0, |at| at + 3);
    let end = base[authority..].find('/').map_or(base.len(), |slash| authority + slash);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{name}{query}", &base[..end])
}

/// The name of the migrated template database that the others are copied from; created by the first process
/// that needs it.
async fn template(admin: &mut PgConnection, admin_url: &str) -> Result<String, TestDatabaseError> {
    static KNOWN: Mutex<Option<String>> = Mutex::new(None);
    let known = || hold(&KNOWN);
    if let Some(name) = known().clone() {
        return Ok(name);
    }
    let name = format!("es_template_{}", crate::connect::migrations::fingerprint());
    let mut lock = admin.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(&name)
        .execute(&mut *lock)
        .await?;
    let complete: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut *lock)
        .await?;
    if !complete {
        // CREATE DATABASE cannot run in a transaction, so another connection does it while this one holds the
        // lock. The database is renamed last: a template of that name is complete.
        let draft = new_name();
        let mut maker = PgConnectOptions::from_str(admin_url)?.disable_statement_logging().connect().await?;
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {draft}"))).execute(&mut maker).await?;
        PostgresStore::migrate(&with_database(admin_url, &draft)).await?.close().await;
        wait_until_unused(&mut maker, &draft).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("ALTER DATABASE {draft} RENAME TO {name}")))
            .execute(&mut maker)
            .await?;
    }
    lock.commit().await?;
    sweep(admin).await?;
    *known() = Some(name.clone());
    Ok(name)
}

/// Drops databases of tests that crashed a day ago or earlier, on a permanent server.
async fn sweep(admin: &mut PgConnection) -> Result<(), TestDatabaseError> {
    let leftovers: Vec<String> = sqlx::query_scalar(
        "SELECT d.datname::text FROM pg_database d
         WHERE d.datname ~ '^es_test_[0-9]{1,12}_'
           AND split_part(d.datname, '_', 3)::bigint < extract(epoch FROM now()) - 86400
           AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)",
    )
    .fetch_all(&mut *admin)
    .await?;
    for name in leftovers {
        // Another process may be sweeping, too.
        let _gone = sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}")))
            .execute(&mut *admin)
            .await;
    }
    Ok(())
}

/// A backend needs a moment to end after its client has disconnected.
async fn wait_until_unused(admin: &mut PgConnection, database: &str) -> Result<(), TestDatabaseError> {
    loop {
        let used: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1)")
                .bind(database)
                .fetch_one(&mut *admin)
                .await?;
        if !used {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_of_a_url_is_replaced() {
        assert_eq!(with_database("postgres://u:p@h:1/a?host=/x/y", "b"), "postgres://u:p@h:1/b?host=/x/y");
        assert_eq!(with_database("postgres://h", "b"), "postgres://h/b");
        assert_eq!(with_database("postgres://h?sslmode=disable", "b"), "postgres://h/b?sslmode=disable");
    }
}
