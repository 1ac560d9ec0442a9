//! A proxy that injects network faults.

mod carry;
mod messages;
mod shared;

use std::fmt;
use std::fs::{self, DirBuilder};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use self::shared::Fault;

use self::carry::{Socket, carry};
use self::shared::{Network, Shared};
use super::TestDatabaseError;
use super::error::at;
use super::server::percent_encoded;

/// A proxy between programs and a PostgreSQL server that injects network faults: it cuts, delays, holds,
/// drops and refuses connections, immediately or at a chosen answer, and counts round trips.
///
/// Dropping it ends the proxy and cuts its connections.
///
/// ```no_run
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// use es_postgres::PostgresStore;
/// use es_postgres::testing::{Fault, Proxy, TestDatabase};
///
/// let database = TestDatabase::new().await?;
/// let proxy = Proxy::before(database.url()).await?;
/// let store = PostgresStore::connect(proxy.url()).await?;
/// proxy.cut_at_answer(1);
/// // The answer of the next call is lost, and its connection with it.
/// proxy.set(Fault::Refuse);
/// // New connections fail.
/// # Ok(()) }
/// ```
pub struct Proxy {
    url: String,
    address: Option<SocketAddr>,
    folder: Option<PathBuf>,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

/// What clients connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Through {
    Socket,
    Tcp,
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Proxy {
    /// Listens on a Unix socket of its own, in front of the server of this URL.
    ///
    /// # Errors
    ///
    /// [`TestDatabaseError`] if the URL is invalid, or a socket cannot be created.
    pub async fn before(url: &str) -> Result<Self, TestDatabaseError> {
        Self::start(url, Through::Socket, None).await
    }

    /// Listens on a TCP port of 127.0.0.1, in front of the server of this URL.
    ///
    /// # Errors
    ///
    /// As [`before`](Self::before).
    pub async fn over_tcp(url: &str) -> Result<Self, TestDatabaseError> {
        Self::start(url, Through::Tcp, None).await
    }

    /// As [`before`](Self::before), but the server reports this version, such as `13.14`.
    ///
    /// # Errors
    ///
    /// As [`before`](Self::before).
    pub async fn of_version(url: &str, version: &str) -> Result<Self, TestDatabaseError> {
        Self::start(url, Through::Socket, Some(version.to_owned())).await
    }

    async fn start(url: &str, through: Through, version: Option<String>) -> Result<Self, TestDatabaseError> {
        let server = PgConnectOptions::from_str(url)?;
        let database = server.get_database().unwrap_or("postgres").to_owned();
        let network = Network { server, fault: Fault::None, cuts: 0, silences: 0 };
        let shared = Arc::new(Shared {
            network: watch::Sender::new(network),
            round_trips: AtomicU64::new(0),
            cut_at_answer: AtomicU64::new(0),
            silent_at_answer: AtomicU64::new(0),
            version,
        });
        let user = user_info(url);
        let (listener, address, folder, url) = if through == Through::Tcp {
            let listener = TcpListener::bind("127.0.0.1:0").await.map_err(at("127.0.0.1"))?;
            let address = listener.local_addr().map_err(at("127.0.0.1"))?;
            let url = format!("postgres://{user}{address}/{database}");
            (Listener::Tcp(listener), Some(address), None, url)
        } else {
            let folder = std::env::temp_dir().join(format!("es-proxy-{}", Uuid::now_v7().simple()));
            DirBuilder::new().mode(0o700).create(&folder).map_err(at(&folder))?;
            let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).map_err(at(&folder))?;
            let url = format!("postgres://{user}localhost:5432/{database}?host={}", percent_encoded(&folder));
            (Listener::Unix(listener), None, Some(folder), url)
        };
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self { url, address, folder, shared, listening })
    }

    /// The URL that leads through the proxy, to the same database as the same user.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that it listens on, if it was created by [`over_tcp`](Self::over_tcp).
    #[must_use]
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The number of requests so far that ask for an answer: one for each round trip.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.shared.round_trips.load(Ordering::SeqCst)
    }

    /// Sets the current fault, or [`Fault::None`].
    ///
    /// A connection that has lost bytes does not recover: [`cut`](Self::cut) it when the fault is over.
    pub fn set(&self, fault: Fault) {
        self.shared.network.send_modify(|network| network.fault = fault);
    }

    /// Cuts all connections now.
    pub fn cut(&self) {
        self.shared.network.send_modify(|network| network.cuts += 1);
    }

    /// The answer with this number, counted from now, never arrives, and its connection is cut; 1 is the next
    /// one, and 0 disables this.
    pub fn cut_at_answer(&self, number: u64) {
        self.shared.cut_at_answer.store(number, Ordering::SeqCst);
    }

    /// Silences the connections that are open now: nothing passes any more, and neither end is told until
    /// they are [cut](Self::cut).
    pub fn silence(&self) {
        self.shared.network.send_modify(|network| network.silences += 1);
    }

    /// The answer with this number, counted from now, never arrives, and its connection stays silent from
    /// then on; 1 is the next one, and 0 disables this.
    pub fn silence_at_answer(&self, number: u64) {
        self.shared.silent_at_answer.store(number, Ordering::SeqCst);
    }

    /// Leads to the server of another URL from now on, like an address that moves in a failover, and cuts the
    /// current connections.
    ///
    /// # Errors
    ///
    /// [`TestDatabaseError`] if the URL is invalid.
    pub fn turn_to(&self, url: &str) -> Result<(), TestDatabaseError> {
        let server = PgConnectOptions::from_str(url)?;
        self.shared.network.send_modify(|network| {
            network.server = server;
            network.cuts += 1;
        });
        Ok(())
    }
}

/// Without the URL, which can hold a password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = self.shared.network.borrow().fault;
        f.debug_struct("Proxy").field("fault", &fault).finish_non_exhaustive()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
        if let Some(folder) = &self.folder {
            // If it cannot be removed, it stays in the folder for temporary files.
            let _removed = fs::remove_dir_all(folder);
        }
    }
}

impl Listener {
    async fn accept(&self) -> io::Result<Box<dyn Socket>> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (client, _) = listener.accept().await?;
                // Small pieces are sent at once, as on a Unix socket.
                client.set_nodelay(true)?;
                Box::new(client)
            }
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

async fn listen(listener: Listener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok(client) if shared.network.borrow().fault != Fault::Refuse => {
                drop(tokio::spawn(carry(client, Arc::clone(&shared))));
            }
            Ok(_) => {}
            // The client has gone already, or this process has no file descriptor left.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// The user and the password in a URL, as written there, including the `@`.
fn user_info(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    &authority[..authority.rfind('@').map_or(0, |at| at + 1)]
}

#[cfg(test)]
mod tests {
    use super::user_info;

    #[test]
    fn user_and_password_of_a_url_are_kept() {
        assert_eq!(user_info("postgres://u:p@h:1/a?host=/x/y"), "u:p@");
        assert_eq!(user_info("postgres://h/a?application_name=a@b"), "");
        assert_eq!(user_info("postgres://u@localhost"), "u@");
    }
}
