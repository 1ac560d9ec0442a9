//! Which store, and how it is reached.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use es_core::store::{ExportStore, ListStreams};
use es_core::{EventStore, MemoryStore, Repository};
use es_postgres::{ConnectError, PostgresStore};
use es_sqlite::SqliteStore;

use super::args::{Kept, StoreKind};
use super::failure::Failure;
use super::note::note;
use crate::generations::Generation;
use crate::import::{Import, Source};
use crate::read_models::ReadModels;

/// The file of the events where no other store is named, in cargo's target folder.
const FILE: &str = "loans.db";

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

/// An open store, and where it is.
pub(super) enum Opened {
    File(SqliteStore, PathBuf),
    Database(PostgresStore, String),
    Memory(MemoryStore),
}

/// What a store is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Writing. The tables are made if they are not there.
    Write,
    /// Reading what is there.
    Read,
}

impl StoreKind {
    /// The store that is asked for, else that of `DATABASE_URL`, else a file in the target folder.
    pub(super) fn of(asked: Option<Self>, purpose: Purpose) -> Result<Self, Failure> {
        if let Some(asked) = asked {
            return Ok(asked);
        }
        match env::var("DATABASE_URL") {
            Ok(url) => Ok(Self::Database(url)),
            Err(env::VarError::NotUnicode(_)) => Err(Failure::unable("DATABASE_URL is not valid UTF-8")),
            Err(env::VarError::NotPresent) => Ok(Self::File(default_file(purpose)?)),
        }
    }
}

impl Opened {
    /// Opens a store that is there, or one to write to.
    pub(super) async fn open(kind: StoreKind, purpose: Purpose, connections: usize) -> Result<Self, Failure> {
        let connections = u32::try_from(connections).unwrap_or(u32::MAX);
        match kind {
            StoreKind::File(file) => Self::file(file, purpose, connections).await,
            StoreKind::Database(url) => Self::database(url, purpose, connections).await,
            StoreKind::Memory if purpose == Purpose::Write => Ok(Self::Memory(MemoryStore::new())),
            StoreKind::Memory => Err(Failure::unable(
                "nothing is kept in memory from one run to the next; name the file of a log with `--from`",
            )),
        }
    }

    async fn file(file: PathBuf, purpose: Purpose, readers: u32) -> Result<Self, Failure> {
        if purpose == Purpose::Read && !file.exists() {
            let file = file.display();
            return Err(Failure::unable(format!(
                "there is no {file} yet; run `import` first, which makes it"
            )));
        }
        let options = SqliteStore::options(&file).readers(readers).read_only(purpose == Purpose::Read);
        Ok(Self::File(options.open().await.map_err(Failure::unable)?, file))
    }

    async fn database(url: String, purpose: Purpose, connections: u32) -> Result<Self, Failure> {
        let options = PostgresStore::options(&url).connections(connections);
        let store = match purpose {
            Purpose::Write => options.migrate().await?,
            Purpose::Read => options.connect().await?,
        };
        Ok(Self::Database(store, url))
    }

    /// The store to read: this log in memory, or where the events are.
    pub(super) async fn for_reading<A: Generation>(
        from: Option<PathBuf>,
        kept: Kept,
        connections: usize,
    ) -> Result<Self, Failure> {
        let Some(file) = from else { return Self::kept(kept, Purpose::Read, connections).await };
        let store = MemoryStore::new();
        let import = Import::new(Repository::<A, _>::new(store.clone()));
        import.run(&Source::from(file), Arc::default(), std::future::pending()).await?;
        Ok(Self::Memory(store))
    }

    /// Where events are that stay from one run to the next.
    pub(super) async fn kept(kept: Kept, purpose: Purpose, connections: usize) -> Result<Self, Failure> {
        Self::open(StoreKind::of(kept.store, purpose)?, purpose, connections).await
    }

    pub(super) fn store(&self) -> Store {
        match self {
            Self::File(store, _) => Arc::new(store.clone()),
            Self::Database(store, _) => Arc::new(store.clone()),
            Self::Memory(store) => Arc::new(store.clone()),
        }
    }

    /// The read models beside the events.
    pub(super) fn read_models(&self) -> Result<ReadModels, Failure> {
        match self {
            Self::File(store, file) => Ok(ReadModels::in_files(store, file)),
            Self::Database(store, url) => Ok(ReadModels::in_database(store, url)?),
            Self::Memory(_) => Err(Failure::unable(
                "read models are kept beside the events, and nothing is kept in memory from one run to the next",
            )),
        }
    }
}

/// The file in the target folder, which is created for writers.
fn default_file(purpose: Purpose) -> Result<PathBuf, Failure> {
    let folder = target();
    let file = folder.join(FILE);
    if purpose == Purpose::Write {
        fs::create_dir_all(&folder)
            .map_err(|error| Failure::unable(format!("cannot make {}: {error}", folder.display())))?;
        note(&format!("DATABASE_URL is not set: keeping the events in {}", file.display()));
    }
    Ok(file)
}

/// Cargo's target folder, which holds this program; `target` in the working folder if it is elsewhere.
fn target() -> PathBuf {
    let is_target = |folder: &&Path| folder.join("CACHEDIR.TAG").exists();
    let program = env::current_exe().ok();
    let Some(target) = program.as_deref().and_then(|program| program.ancestors().find(is_target)) else {
        return PathBuf::from("target");
    };
    let here = env::current_dir().ok();
    let below = here.as_deref().and_then(|here| target.strip_prefix(here).ok());
    below.unwrap_or(target).to_owned()
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
pub(super) fn repository<A: Generation>(opened: &Opened) -> Repository<A, Store> {
    Repository::new(opened.store()).with_cache(KEPT)
}
