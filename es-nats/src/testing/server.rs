//! A server as a child process.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::binary::{self, NatsServerMissing};

/// How long a server may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Why a server is not running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NatsServerError {
    /// `nats-server` was not found.
    #[error(transparent)]
    Missing(#[from] NatsServerMissing),
    /// The operating system returned an error.
    #[error("cannot run nats-server: {0}")]
    Io(#[from] io::Error),
    /// The server exited; with its log.
    #[error("nats-server exited; its log:\n{0}")]
    Ended(String),
    /// The server was started, but does not respond; with its log.
    #[error("nats-server does not respond; its log:\n{0}")]
    Silent(String),
}

/// A server with JetStream, in a temporary folder. Dropping it kills the server and deletes the folder.
#[derive(Debug)]
pub struct NatsServer {
    folder: PathBuf,
    port: u16,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl NatsServer {
    /// Starts a server on a free port of the local machine, and waits until it responds.
    ///
    /// # Errors
    ///
    /// [`NatsServerError`] when it does not start.
    pub async fn start() -> Result<Self, NatsServerError> {
        Self::with(&[]).await
    }

    /// As [`start`](Self::start), with more command-line arguments, such as `--name`: see
    /// `nats-server --help`.
    ///
    /// # Errors
    ///
    /// [`NatsServerError`] when it does not start.
    pub async fn with(arguments: &[&str]) -> Result<Self, NatsServerError> {
        let server = Self::on(free_port()?, arguments.iter().map(|&argument| argument.to_owned()).collect())?;
        server.started().await
    }

    pub(super) fn on(port: u16, arguments: Vec<String>) -> Result<Self, NatsServerError> {
        let name = format!("es-nats-{}-{port}-{:016x}", std::process::id(), fastrand::u64(..));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, port, arguments, child: None })
    }

    pub(super) async fn started(mut self) -> Result<Self, NatsServerError> {
        self.restart().await?;
        Ok(self)
    }

    /// The URL for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port for clients.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder with the server's files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Kills the server with SIGKILL, as in a crash.
    ///
    /// # Errors
    ///
    /// [`NatsServerError::Io`] when it cannot be killed.
    pub async fn kill(&mut self) -> Result<(), NatsServerError> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Starts the server again with the same files, and waits until it responds.
    ///
    /// # Errors
    ///
    /// [`NatsServerError`] when it does not start.
    pub async fn restart(&mut self) -> Result<(), NatsServerError> {
        self.spawn()?;
        self.wait_until_ready().await
    }

    pub(super) async fn wait_until_ready(&mut self) -> Result<(), NatsServerError> {
        let until = Instant::now() + START_TIMEOUT;
        loop {
            if let Some(child) = &mut self.child
                && child.try_wait()?.is_some()
            {
                return Err(NatsServerError::Ended(self.log()));
            }
            if let Ok(client) = async_nats::connect(self.url()).await
                && client.flush().await.is_ok()
            {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(NatsServerError::Silent(self.log()));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) fn spawn(&mut self) -> Result<(), NatsServerError> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log"))?;
        let mut command = Command::new(binary::find()?);
        command.args(["--addr", "127.0.0.1", "--port"]).arg(self.port.to_string());
        command.args(["--jetstream", "--store_dir"]).arg(self.folder.join("jetstream")).args(&self.arguments);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        self.child = Some(command.spawn()?);
        Ok(())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // The server may have exited already.
            let _ = child.start_kill();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A port that no program listens on.
pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
