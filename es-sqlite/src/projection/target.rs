//! The files in which read models are stored.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Duration;

use es_core::projection::Projection;

use crate::store::SqliteStore;

/// Stores the read model of a projection in a file of `SQLite`, with its checkpoints and dead letters.
///
/// [`Projector::new`](crate::Projector) puts it next to the events, and [`file`](Self::file) anywhere else.
/// Each build has its own file: next to `shop.db`, build 1 of `balances` is in `shop.db.balances.1`, and
/// `shop.db.balances` contains which build readers see. [`live_file`](Self::live_file) and
/// [`read`](Self::read) use it.
///
/// The model is a [`SqliteConnection`](sqlx::SqliteConnection) in the transaction that moves the checkpoint.
/// Handlers execute their SQL on it, with any table names that do not begin with `es_`. `connection.begin()`
/// nests with a savepoint. If a handler executes COMMIT or ROLLBACK, nothing is written, and the projector
/// stops with [`SqliteTargetError::TransactionEnded`](crate::SqliteTargetError::TransactionEnded).
///
/// `SQLite` lets one transaction at a time write to a file: the partitions of a projection take turns.
///
/// ```
/// use es_core::projection::{Project, ProjectSetup, Projection};
/// use es_core::{Recorded, event};
/// use es_sqlite::{Projector, SqliteStore};
/// use sqlx::{Executor, SqliteConnection};
///
/// #[event(name = "account.deposited")]
/// pub struct Deposited { pub cents: i64 }
///
/// #[derive(Projection)]
/// #[projection(name = "balances", events(Deposited), model = SqliteConnection, error = sqlx::Error, setup)]
/// struct Balances;
///
/// impl ProjectSetup for Balances {
///     async fn setup(&self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
///         db.execute("CREATE TABLE balances (account TEXT PRIMARY KEY, cents INTEGER) STRICT").await?;
///         Ok(())
///     }
/// }
///
/// impl Project<Deposited> for Balances {
///     async fn project(
///         &self, event: &Recorded<Deposited>, db: &mut SqliteConnection,
///     ) -> Result<(), sqlx::Error> {
///         sqlx::query(
///             "INSERT INTO balances VALUES (?1, ?2)
///              ON CONFLICT (account) DO UPDATE SET cents = cents + excluded.cents",
///         )
///         .bind(event.stream.key())
///         .bind(event.event.cents)
///         .execute(db)
///         .await?;
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let balances = Projector::new(SqliteStore::in_memory().await?, Balances);
/// balances.catch_up().await?;
/// let mut db = balances.model_target().read().await?;
/// let accounts: i64 = sqlx::query_scalar("SELECT count(*) FROM balances").fetch_one(&mut db).await?;
/// assert_eq!(accounts, 0);
/// # Ok(()) }
/// ```
pub struct SqliteTarget<P> {
    /// The file that contains which build readers see; the files of builds are named after it.
    pub(super) pointer: PathBuf,
    pub(super) busy_timeout: Duration,
    /// Nothing outlives the process, so nothing is ever synced.
    pub(super) temporary: bool,
    pub(super) allow_network_file_system: bool,
    /// Keeps the temporary folder of an in-memory store alive.
    store: Option<SqliteStore>,
    projection: PhantomData<fn() -> P>,
}

impl<P> Clone for SqliteTarget<P> {
    fn clone(&self) -> Self {
        Self {
            pointer: self.pointer.clone(),
            busy_timeout: self.busy_timeout,
            temporary: self.temporary,
            allow_network_file_system: self.allow_network_file_system,
            store: self.store.clone(),
            projection: PhantomData,
        }
    }
}

impl<P: Projection> SqliteTarget<P> {
    /// Stores the model in files that begin with this path: the path itself, and `PATH.1` for build 1. For a
    /// model that is not next to its events: `projector.into_target(SqliteTarget::file("balances.db"))`. Only
    /// one projection may use them.
    ///
    /// ```
    /// # use es_core::projection::{Project, Projection};
    /// # use es_core::{Recorded, event};
    /// # #[event(name = "account.deposited")] pub struct Deposited { pub cents: i64 }
    /// # #[derive(Projection)]
    /// # #[projection(
    /// #     name = "balances", events(Deposited), model = sqlx::SqliteConnection, error = sqlx::Error
    /// # )]
    /// # struct Balances;
    /// # impl Project<Deposited> for Balances {
    /// #     async fn project(
    /// #         &self, _: &Recorded<Deposited>, _: &mut sqlx::SqliteConnection,
    /// #     ) -> Result<(), sqlx::Error> { Ok(()) }
    /// # }
    /// use es_sqlite::SqliteTarget;
    ///
    /// let target = SqliteTarget::<Balances>::file("balances.db");
    /// assert_eq!(target.file_of(2), std::path::Path::new("balances.db.2"));
    /// ```
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self {
            pointer: path.as_ref().to_owned(),
            busy_timeout: Duration::from_secs(5),
            temporary: false,
            allow_network_file_system: false,
            store: None,
            projection: PhantomData,
        }
    }

    /// Next to the file of a store.
    pub(super) fn beside(store: &SqliteStore) -> Self {
        let opener = &store.parts.readers.opener;
        let mut pointer = opener.path.clone().into_os_string();
        pointer.push(".");
        pointer.push(P::NAME);
        Self {
            pointer: pointer.into(),
            busy_timeout: opener.options.busy_timeout,
            temporary: opener.options.temporary,
            allow_network_file_system: opener.options.allow_network_file_system,
            store: Some(store.clone()),
            projection: PhantomData,
        }
    }

    /// How long a batch waits for another one that writes to the same file. Defaults to the store's value, or
    /// 5 seconds without a store.
    #[must_use]
    pub const fn busy_timeout(mut self, longest: Duration) -> Self {
        self.busy_timeout = longest;
        self
    }

    /// Allows a model on a network file system, where locks between hosts are not reliable: for a single
    /// program on a single host. Defaults to the store's value, or `false` without a store, which fails with
    /// [`SqliteTargetError::NetworkFileSystem`](crate::SqliteTargetError::NetworkFileSystem).
    #[must_use]
    pub const fn allow_network_file_system(mut self, allow: bool) -> Self {
        self.allow_network_file_system = allow;
        self
    }

    /// The file of a build, whether or not it exists.
    #[must_use]
    pub fn file_of(&self, build: u32) -> PathBuf {
        let mut path = self.pointer.clone().into_os_string();
        path.push(format!(".{build}"));
        path.into()
    }

    /// The file of the projection's own build.
    pub(super) fn own(&self) -> PathBuf {
        self.file_of(P::BUILD)
    }
}

impl<P> fmt::Debug for SqliteTarget<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTarget").field("file", &self.pointer).finish_non_exhaustive()
    }
}
