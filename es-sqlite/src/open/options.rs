//! Options for opening a file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use es_core::store::Limits;

/// When an append is acknowledged.
///
/// ```
/// use es_sqlite::Durability;
///
/// assert_eq!(Durability::default(), Durability::Full);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Once the disk has it (`synchronous = FULL`): an acknowledged event survives a power failure.
    #[default]
    Full,
    /// Once the operating system has it (`synchronous = NORMAL`): an acknowledged event survives the process,
    /// however it ends. A power failure, or a crash of the system, can lose the latest ones.
    Process,
}

/// Options that are set before a file is opened: [`SqliteStore::options`](crate::SqliteStore::options).
///
/// ```no_run
/// use es_sqlite::{Durability, SqliteStore};
/// use std::time::Duration;
///
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let store = SqliteStore::options("bank.db")
///     .durability(Durability::Process)
///     .busy_timeout(Duration::from_secs(1))
///     .open()
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is opened until `open`"]
pub struct SqliteOptions {
    pub(crate) path: PathBuf,
    pub(crate) durability: Durability,
    pub(crate) busy_timeout: Duration,
    pub(crate) readers: u32,
    pub(crate) cache_bytes: u32,
    pub(crate) waiting: usize,
    pub(crate) poll_interval: Duration,
    pub(crate) limits: Limits,
    pub(crate) read_only: bool,
    pub(crate) allow_network_file_system: bool,
    /// Nothing outlives the process, so nothing is ever synced.
    pub(crate) temporary: bool,
}

impl SqliteOptions {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            durability: Durability::Full,
            busy_timeout: Duration::from_secs(5),
            readers: 4,
            cache_bytes: 8 << 20,
            waiting: 1024,
            poll_interval: Duration::from_millis(50),
            limits: Limits::default(),
            read_only: false,
            allow_network_file_system: false,
            temporary: false,
        }
    }

    /// When an append is acknowledged. Defaults to [`Durability::Full`].
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How long a call waits: for a writer in another process, for a
    /// [transaction](crate::SqliteStore::begin), for a reader. Then it fails with
    /// [`StoreError::Unavailable`](es_core::StoreError::Unavailable). Defaults to 5 seconds.
    pub const fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// How many calls can read at once; each reads on its own connection. At least 1. Defaults to 4.
    pub const fn readers(mut self, count: u32) -> Self {
        self.readers = if count == 0 { 1 } else { count };
        self
    }

    /// How much of the file each connection caches in memory, in bytes. Defaults to 8 MiB.
    pub const fn cache_bytes(mut self, bytes: u32) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// How many writes may wait in the queue; more wait for a place in it, for up to
    /// [`busy_timeout`](Self::busy_timeout). At least 1. Defaults to 1,024.
    pub const fn waiting(mut self, count: usize) -> Self {
        self.waiting = if count == 0 { 1 } else { count };
        self
    }

    /// How often the store polls for appends of other processes while somebody
    /// [listens](es_core::store::ReadAll::listen). Defaults to 50 milliseconds.
    pub const fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// The limits on what the store accepts.
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Opens an existing file, and rejects every write with
    /// [`StoreError::ReadOnly`](es_core::StoreError::ReadOnly). Defaults to `false`.
    pub const fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Opens a file on a network file system, where locks between hosts are not reliable: for a single
    /// program on a single host. Defaults to `false`, which fails with
    /// [`OpenError::NetworkFileSystem`](crate::OpenError::NetworkFileSystem).
    pub const fn allow_network_file_system(mut self, allow: bool) -> Self {
        self.allow_network_file_system = allow;
        self
    }
}
