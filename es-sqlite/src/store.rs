//! The store, and the operations that only a file has.

use std::path::Path;
use std::sync::Arc;

use es_core::StoreError;
use es_core::store::Bell;
use tokio::sync::Mutex;

use crate::error::Failure;
use crate::open::error::OpenError;
use crate::open::options::SqliteOptions;
use crate::open::{self};
use crate::read::readers::Readers;
use crate::temporary::Folder;
use crate::upkeep::checkpoint::Checkpointed;
use crate::upkeep::verify::Verified;
use crate::upkeep::{backup, verify};
use crate::write::job::{Done, Work};
use crate::write::known::Known;
use crate::write::lane::Lane;
use crate::write::turn::SqliteTransaction;
use crate::write::writer::{Former, Writer};

/// An event store in one file. Clones share it.
///
/// ```
/// use es_core::record::NewEvent;
/// use es_core::store::Append;
/// use es_core::{EventStore, Metadata, Revision, StreamId};
/// use es_sqlite::SqliteStore;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("es-sqlite-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("doors.db");
/// let store = SqliteStore::open(&path).await?;
/// let door = StreamId::new("door", "7")?;
/// let opened = [NewEvent::new("door.opened", 1, b"{}".to_vec(), Metadata::new().into())];
/// store.append(Append::new(&door, Revision::EMPTY, &opened)).await?;
/// # store.close().await?;
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(()) }
/// ```
///
/// # Several programs
///
/// Several programs on one host can open the file, and so can several stores in one program. A writer waits
/// for the others, for up to [`busy_timeout`](SqliteOptions::busy_timeout), and then fails with
/// [`StoreError::Unavailable`]. Readers never wait for writers.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pub(crate) parts: Arc<Parts>,
}

/// What clones share.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) lane: Lane,
    pub(crate) readers: Readers,
    pub(crate) bell: Bell,
    pub(crate) former: Former,
    /// Removed when the last clone is dropped, at once: the lane may not do so before the process ends.
    _folder: Option<Folder>,
}

impl SqliteStore {
    /// Opens a file, creating it if it does not exist, with the default [`SqliteOptions`].
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options(path).open().await
    }

    /// Options to set before a file is opened.
    pub fn options(path: impl AsRef<Path>) -> SqliteOptions {
        SqliteOptions::new(path.as_ref())
    }

    /// A store that is deleted with its last clone: for tests and experiments.
    ///
    /// # Errors
    ///
    /// [`OpenError`], if the system's folder for temporary files cannot be written.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), es_sqlite::OpenError> {
    /// let store = es_sqlite::SqliteStore::in_memory().await?;
    /// # drop(store);
    /// # Ok(()) }
    /// ```
    // A file that is never synced stays in the memory of the system. A database that SQLite keeps in memory
    // belongs to one connection; with a shared cache, or in its `memdb`, readers and writers block each
    // other, which they do not in a file.
    pub async fn in_memory() -> Result<Self, OpenError> {
        let folder =
            Folder::new().map_err(|source| OpenError::Folder { path: std::env::temp_dir(), source })?;
        let mut options = Self::options(folder.file());
        options.temporary = true;
        options.allow_network_file_system = true;
        Self::start(options, Some(folder)).await
    }

    async fn start(options: SqliteOptions, folder: Option<Folder>) -> Result<Self, OpenError> {
        let path = options.path.clone();
        let (opener, connection) = open::open(options).await?;
        let (opener, bell, former) = (Arc::new(opener), Bell::new(), Former::default());
        let writer = Writer {
            opener: Arc::clone(&opener),
            connection: Arc::new(Mutex::new(connection)),
            known: Known::default(),
            former: former.clone(),
            bell: bell.clone(),
            seen: None,
            broken: false,
        };
        let lane = Lane::start(writer).map_err(|source| OpenError::Folder { path, source })?;
        Ok(Self {
            parts: Arc::new(Parts { lane, readers: Readers::new(opener), bell, former, _folder: folder }),
        })
    }

    /// Begins a transaction on the single write connection, for events and the caller's own rows.
    ///
    /// While it is open, nobody else writes, including a [`Repository`](es_core::Repository) that registers
    /// its events before its first command: if the file is new, call its `register` first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if another connection writes for longer than
    /// [`busy_timeout`](SqliteOptions::busy_timeout), and [`StoreError::ReadOnly`].
    ///
    /// ```
    /// use es_core::record::NewEvent;
    /// use es_core::store::{Append, AppendIn};
    /// use es_core::{Metadata, Revision, StreamId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = es_sqlite::SqliteStore::in_memory().await?;
    /// # let door = StreamId::new("door", "7")?;
    /// # let opened = [NewEvent::new("door.opened", 1, b"{}".to_vec(), Metadata::new().into())];
    /// let mut transaction = store.begin().await?;
    /// sqlx::query("CREATE TABLE doors (key TEXT) STRICT").execute(&mut *transaction).await?;
    /// store.append_in(&mut *transaction, Append::new(&door, Revision::EMPTY, &opened)).await?;
    /// transaction.commit().await?;
    /// # Ok(()) }
    /// ```
    pub async fn begin(&self) -> Result<SqliteTransaction, StoreError> {
        match self.write(Work::Lend).await? {
            Done::Lent(turn) => {
                let begun = SqliteTransaction::begin(turn, self.parts.bell.clone()).await;
                Ok(begun.map_err(Failure::from)?)
            }
            _ => Err(Failure::Closed.into()),
        }
    }

    /// Checkpoints the write-ahead log into the file, and returns whether all of it was copied. SQLite does
    /// so automatically every thousand pages; a long-running reader prevents it, and the log grows.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    pub async fn checkpoint(&self) -> Result<Checkpointed, StoreError> {
        match self.write(Work::Checkpoint).await? {
            Done::Checkpointed(checkpointed) => Ok(checkpointed),
            _ => Err(Failure::Closed.into()),
        }
    }

    /// Copies the store into a new file, as of one moment, while it is in use. The copy is complete and on
    /// disk once it has its final name, and is opened like any store. It has the same history, so readers can
    /// continue with their checkpoints; write to only one of two files with the same history.
    ///
    /// # Errors
    ///
    /// [`StoreError::Setup`] if the file already exists or cannot be written; [`StoreError`] of the store.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = es_sqlite::SqliteStore::in_memory().await?;
    /// # let path = std::env::temp_dir().join(format!("es-sqlite-backup-{}.db", std::process::id()));
    /// store.backup(&path).await?;
    /// # std::fs::remove_file(&path)?;
    /// # Ok(()) }
    /// ```
    pub async fn backup(&self, to: impl AsRef<Path>) -> Result<(), StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        Ok(backup::backup(&mut reader.connection, to.as_ref()).await?)
    }

    /// Reads the whole file and reports what is damaged: pages and indexes (`integrity_check`), the checksum
    /// of every event, gaps in streams. The write-ahead log grows while it runs.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store; damage is not an error but a [problem](crate::Verified::problems).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = es_sqlite::SqliteStore::in_memory().await?;
    /// assert!(store.verify().await?.is_sound());
    /// # Ok(()) }
    /// ```
    pub async fn verify(&self) -> Result<Verified, StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        verify::verify(&mut reader.connection).await
    }

    /// Closes the store for all its clones: waiting writes are executed, and later calls fail with
    /// [`StoreError::Closed`]. Dropping the store does the same, without waiting for it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if it takes longer than [`busy_timeout`](SqliteOptions::busy_timeout).
    pub async fn close(&self) -> Result<(), StoreError> {
        self.parts.readers.close().await;
        match self.parts.lane.call(Work::End).await {
            Ok(_) | Err(StoreError::Closed) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The names in the file. Names that exist are not written again, so no writer is waited for.
    pub(crate) async fn known(&self) -> Result<Known, StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        let mut known = Known::default();
        known.read(&mut reader.connection, 0).await?;
        Ok(known)
    }

    /// Executes work in the lane, unless the file is open for reading only.
    pub(crate) async fn write(&self, work: Work) -> Result<Done, StoreError> {
        self.check_writable()?;
        self.parts.lane.call(work).await
    }

    pub(crate) fn check_writable(&self) -> Result<(), StoreError> {
        if self.parts.readers.opener.options.read_only { Err(Failure::ReadOnly.into()) } else { Ok(()) }
    }
}

impl SqliteOptions {
    /// Opens the file.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub async fn open(self) -> Result<SqliteStore, OpenError> {
        SqliteStore::start(self, None).await
    }
}
