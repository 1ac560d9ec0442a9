//! One server.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::binary::{self, NatsServerMissing};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NatsServerError {
    /// There is none to start.
    #[error(transparent)]
    Missing(#[from] NatsServerMissing),
    /// The operating system says no.
    #[error("nats-server: {0}")]
    Io(#[from] io::Error),
    /// It has ended by itself.
    #[error("nats-server has ended; it said:\n{0}")]
    Ended(String),
    /// It was started, and does not answer.
    #[error("nats-server does not answer; it said:\n{0}")]
    Silent(String),
}

/// A server with JetStream in a folder of its own. It ends, and its folder goes, when this is dropped.
#[derive(Debug)]
pub struct NatsServer {
    folder: PathBuf,
    port: u16,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl NatsServer {
    /// Starts one, on a free port of this machine.
    ///
    /// # Errors
    ///
    /// [`NatsServerError`].
    pub async fn start() -> Result<Self, NatsServerError> {
        Self::with(&[]).await
    }

    /// The same with more arguments, such as `--max_payload`. See `nats-server --help`.
    ///
    /// # Errors
    ///
    /// [`NatsServerError`].
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

    /// The URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder with its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Kills it, with what it has not flushed.
    ///
    /// # Errors
    ///
    /// [`NatsServerError::Io`].
    pub async fn kill(&mut self) -> Result<(), NatsServerError> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Starts it again, with the files of before, and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`NatsServerError`].
    pub async fn restart(&mut self) -> Result<(), NatsServerError> {
        self.spawn()?;
        self.answers().await
    }

    pub(super) async fn answers(&mut self) -> Result<(), NatsServerError> {
        let until = Instant::now() + START;
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
            // It may have ended by itself, and the folder may be gone.
            let _ = child.start_kill();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A port that nobody listens on.
pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
