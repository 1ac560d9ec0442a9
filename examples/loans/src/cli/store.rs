//! Which store, and how it is reached.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use es_core::{EventStore, ExportStore, ListStreams, MemoryStore, Repository};
use es_postgres::testing::Cluster;
use es_postgres::{ConnectError, PostgresStore};
use es_sqlite::SqliteStore;

use super::args::{Kept, StoreKind};
use super::failure::Failure;
use super::note::note;
use crate::generation::Generation;
use crate::import::{Import, Source};

/// The folder of the server that is started where no other is named, under cargo's target folder.
const FOLDER: &str = "loans-postgres";

/// How many applications are replayed at a time.
pub(super) const REPLAYED_AT_ONCE: usize = 16;

/// How many applications are kept in memory after a command: more than are being worked on at a time in a
/// bank of this size, which takes about 100 a day and decides most within a month.
const KEPT: usize = 10_000;

/// What this program asks of a store: commands, which applications there are, and copies.
pub(super) trait LoanStore: EventStore + ListStreams + ExportStore {}

impl<S: EventStore + ListStreams + ExportStore> LoanStore for S {}

/// Any store.
pub(super) type Store = Arc<dyn LoanStore>;

/// A store, and the server that runs for it, if this program has started one.
pub(super) struct Chosen {
    store: Store,
    _server: Option<Cluster>,
}

/// A store in PostgreSQL, with the URL of its database.
pub(super) struct Postgres {
    pub(super) store: PostgresStore,
    pub(super) url: String,
    server: Option<Cluster>,
}

/// What a store is wanted for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// Writing. The tables are made if they are not there.
    Write,
    /// Reading what is there.
    Read,
}

impl Chosen {
    pub(super) fn store(&self) -> Store {
        Arc::clone(&self.store)
    }

    pub(super) fn memory() -> Self {
        Self { store: Arc::new(MemoryStore::new()), _server: None }
    }

    /// The store to read: this log in memory, or where the events are.
    pub(super) async fn for_reading<A: Generation>(
        from: Option<PathBuf>,
        kept: &Kept,
        connections: usize,
    ) -> Result<Self, Failure> {
        let Some(file) = from else { return Self::kept(kept, connections).await };
        let chosen = Self::memory();
        let repository = Repository::<A, _>::new(chosen.store());
        Import::new(repository).run(&Source::from(file), Arc::default(), std::future::pending()).await?;
        Ok(chosen)
    }

    /// Where events are that are there already.
    pub(super) async fn kept(kept: &Kept, connections: usize) -> Result<Self, Failure> {
        match &kept.store {
            StoreKind::Postgres => Self::postgres(Purpose::Read, connections).await,
            StoreKind::File(file) => Self::file(file, Purpose::Read).await,
            StoreKind::Memory => Err(Failure::unable(
                "nothing is kept in memory from one run to the next; name the file of a log with `--from`",
            )),
        }
    }

    pub(super) async fn file(file: &Path, purpose: Purpose) -> Result<Self, Failure> {
        let options = SqliteStore::options(file);
        let store = match purpose {
            Purpose::Write => options.open().await,
            Purpose::Read => options.read_only(true).open().await,
        };
        Ok(Self { store: Arc::new(store.map_err(Failure::unable)?), _server: None })
    }

    pub(super) async fn postgres(purpose: Purpose, connections: usize) -> Result<Self, Failure> {
        let Postgres { store, server, .. } = Postgres::open(purpose, connections).await?;
        Ok(Self { store: Arc::new(store), _server: server })
    }
}

impl Postgres {
    /// The server that `DATABASE_URL` names, else the one of this machine.
    pub(super) async fn open(purpose: Purpose, connections: usize) -> Result<Self, Failure> {
        let (url, server) = match env::var("DATABASE_URL") {
            Ok(url) => (url, None),
            Err(env::VarError::NotUnicode(_)) => {
                return Err(Failure::unable("DATABASE_URL is no text in UTF-8"));
            }
            Err(env::VarError::NotPresent) => {
                let server = start_server().await?;
                (server.url().to_owned(), Some(server))
            }
        };
        let connections = u32::try_from(connections).unwrap_or(u32::MAX);
        let options = PostgresStore::options(&url).connections(connections);
        let store = match purpose {
            Purpose::Write => options.migrate().await?,
            Purpose::Read => options.connect().await?,
        };
        Ok(Self { store, url, server })
    }
}

async fn start_server() -> Result<Cluster, Failure> {
    let folder = target().join(FOLDER);
    note(&format!(
        "DATABASE_URL is not set: using this machine's PostgreSQL with its data in {}, fsync on",
        folder.display()
    ));
    Cluster::persistent(folder).start().await.map_err(Failure::unable)
}

/// Cargo's target folder, in which this program lies; `target` in the working folder if it lies elsewhere.
fn target() -> PathBuf {
    let is_target = |folder: &&Path| folder.join("CACHEDIR.TAG").exists();
    let program = env::current_exe().ok();
    let target = program.as_deref().and_then(|program| program.ancestors().find(is_target));
    target.map_or_else(|| PathBuf::from("target"), Path::to_owned)
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::NotMigrated { schema, found: 0, .. } => Self::unable(format!(
                "the database has no tables for loans yet (schema {schema:?}); run `import` first, which makes them"
            )),
            other => Self::unable(other),
        }
    }
}

/// The applications in a store.
pub(super) fn repository<A: Generation>(chosen: &Chosen) -> Repository<A, Store> {
    Repository::new(chosen.store()).with_cache(KEPT)
}
