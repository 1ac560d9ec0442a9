//! Errors of servers and databases for tests.

use std::fmt;
use std::path::PathBuf;

use crate::connect::error::ConnectError;

/// Why a [`TestDatabase`](super::TestDatabase) or a [`Cluster`](super::Cluster) could not be created or
/// started.
///
/// `Debug` prints the message as well, for `expect`, `unwrap` and tests that return an error.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TestDatabaseError {
    /// No PostgreSQL is installed.
    #[error(
        "no PostgreSQL server was found; in a clone of this framework, `cargo xtask test` fetches one and \
         runs the tests; else install one (Debian and Ubuntu: apt install postgresql; Fedora: dnf install \
         postgresql-server; macOS: brew install postgresql), or set PG_BIN to the folder with initdb, or \
         ES_TEST_DATABASE_URL to a server's URL"
    )]
    NotInstalled,
    /// The server refuses to run as root, and there is no other user.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody; run as \
         another user, or set ES_TEST_DATABASE_URL to a server's URL"
    )]
    NoUserToRunAs,
    /// The user that the server runs as cannot reach the folder.
    #[error(
        "the server runs as user {user:?}, who cannot reach {folder}; choose a different folder, or make the \
         folders above it passable (chmod o+x)",
        folder = folder.display()
    )]
    Unreachable {
        /// The user.
        user: String,
        /// The folder.
        folder: PathBuf,
    },
    /// The folder belongs to another user.
    #[error(
        "{folder} belongs to another user; remove it, or set TMPDIR to a folder of your own",
        folder = folder.display()
    )]
    NotOurs {
        /// The folder.
        folder: PathBuf,
    },
    /// A command of PostgreSQL failed.
    #[error("{command} failed: {output}")]
    Command {
        /// The command.
        command: String,
        /// What it printed, and the end of the server's log.
        output: String,
    },
    /// A file or a folder could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The server is running, but cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server refused to create the database.
    #[error("the database for the test cannot be created: {message}")]
    Database {
        /// The server's error.
        message: String,
    },
}

impl fmt::Debug for TestDatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<sqlx::Error> for TestDatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database { message: error.to_string() }
    }
}

/// Adds the path to an error of the operating system.
pub(super) fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> TestDatabaseError {
    let path = path.into();
    move |source| TestDatabaseError::File { path, source }
}
