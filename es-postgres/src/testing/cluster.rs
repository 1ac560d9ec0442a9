//! A server in a persistent folder, for trying out programs on a machine without a database.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use es_core::shape::Fingerprint;

use super::TestDatabaseError;
use super::database::blocking;
use super::error::at;
use super::server::{Files, Server};

/// The options of a [`Cluster`].
#[derive(Debug, Clone)]
#[must_use = "nothing is started before `start`"]
pub struct ClusterOptions {
    folder: PathBuf,
    settings: String,
}

/// A running PostgreSQL server, with fsync on, whose data is kept in a folder.
///
/// The server is stopped when the last program that uses it drops this value. After a crash of the program it
/// keeps running, and the next start finds it.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use es_postgres::{PostgresStore, testing::Cluster};
///
/// let cluster = Cluster::persistent("target/postgres").start().await?;
/// let store = PostgresStore::migrate(cluster.url()).await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    url: String,
    users: File,
}

impl Cluster {
    /// A server in this folder, which is created if it does not exist.
    pub fn persistent(folder: impl AsRef<Path>) -> ClusterOptions {
        ClusterOptions { folder: folder.as_ref().to_owned(), settings: String::new() }
    }

    /// The URL of its database `postgres`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The id of the server's main process (postmaster). The processes of its connections are its children.
    ///
    /// # Errors
    ///
    /// [`TestDatabaseError`] if the server is not running.
    pub fn process_id(&self) -> Result<u32, TestDatabaseError> {
        self.server.process_id()
    }

    /// Copies the server into a folder of its own, and starts it there as a standby that follows this one
    /// (streaming replication, asynchronous). [`promote`](Self::promote) makes it the primary.
    ///
    /// # Errors
    ///
    /// [`TestDatabaseError`], also if the folder contains a server already.
    pub async fn standby(&self, folder: impl AsRef<Path>) -> Result<Self, TestDatabaseError> {
        let (primary, options) = (self.server.clone(), Self::persistent(folder));
        blocking(move || options.start_as(|server| server.copy(&primary))).await
    }

    /// Promotes a [`standby`](Self::standby): it keeps what it has received, and accepts writes. Fence the
    /// old primary first, for example with [`crash`](Self::crash).
    ///
    /// # Errors
    ///
    /// [`TestDatabaseError`] if this is not a running standby.
    pub async fn promote(&self) -> Result<(), TestDatabaseError> {
        let server = self.server.clone();
        blocking(move || server.promote()).await
    }

    /// Kills the server with SIGKILL, as a crash of the machine would, and waits until it is gone.
    /// [`start`](ClusterOptions::start) it again in the same folder; it recovers then.
    ///
    /// # Errors
    ///
    /// [`TestDatabaseError`] if it is not running or cannot be killed.
    pub async fn crash(&self) -> Result<(), TestDatabaseError> {
        let server = self.server.clone();
        blocking(move || server.crash()).await
    }
}

impl ClusterOptions {
    /// Adds a line to `postgresql.conf` when the cluster is created.
    pub fn setting(mut self, line: &str) -> Self {
        self.settings.push_str(line);
        self.settings.push('\n');
        self
    }

    /// Starts the server, or finds it running.
    ///
    /// # Errors
    ///
    /// [`TestDatabaseError`] says what is missing and what to do.
    pub async fn start(self) -> Result<Cluster, TestDatabaseError> {
        blocking(move || self.start_blocking()).await
    }

    fn start_blocking(self) -> Result<Cluster, TestDatabaseError> {
        let settings = self.settings.clone();
        self.start_as(|server| server.init(&settings, Files::Synced))
    }

    /// Starts the server, and creates its data first if they do not exist.
    fn start_as(
        self,
        make: impl FnOnce(&Server) -> Result<(), TestDatabaseError>,
    ) -> Result<Cluster, TestDatabaseError> {
        fs::create_dir_all(&self.folder).map_err(at(&self.folder))?;
        let folder = fs::canonicalize(&self.folder).map_err(at(&self.folder))?;
        let name = Fingerprint::EMPTY.with(&folder.to_string_lossy());
        let socket = std::env::temp_dir().join(format!("es-postgres-{name}"));
        let server = Server::new(&folder.join("server"), &socket)?;
        let open = |name: &str| {
            let path = folder.join(name);
            File::options().create(true).append(true).open(&path).map_err(at(path))
        };
        let (starting, users) = (open("starting")?, open("users")?);
        starting.lock().map_err(at(&folder))?;
        users.lock_shared().map_err(at(&folder))?;
        if !server.is_running() {
            make(&server)?;
            server.start()?;
        }
        let url = server.url("postgres");
        Ok(Cluster { server, url, users })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The one that gets the exclusive lock is the last user.
        if self.users.unlock().is_ok()
            && self.users.try_lock().is_ok()
            && let Err(error) = self.server.stop()
        {
            tracing::warn!(%error, "the server was not stopped");
        }
    }
}
