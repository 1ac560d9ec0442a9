//! One server: created, started and stopped with PostgreSQL's own programs, as a user other than root.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::TestDatabaseError;
use super::binaries;
use super::error::at;

/// The longest path of a socket that every system accepts, minus the name of the socket itself.
const LONGEST_SOCKET_FOLDER: usize = 80;

/// How long a start is retried.
const LONGEST_START: Duration = Duration::from_secs(120);

/// Errors of the server while processes of an earlier one still exist.
const REMAINS: [&str; 2] = ["is still in use", "lock file \""];

/// How long a killed process may take to be reaped by its parent.
const REAPED: Duration = Duration::from_secs(10);

/// Whether new files of a cluster are synced to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Files {
    Synced,
    Lost,
}

/// The user that the server runs as.
#[derive(Debug, Clone)]
pub(super) struct RunAs {
    pub(super) name: String,
    /// User and group, if this program is root and has to switch.
    switch: Option<(u32, u32)>,
}

impl RunAs {
    pub(super) fn find() -> Result<Self, TestDatabaseError> {
        let name = id(&["-un"]).unwrap_or_default();
        if id(&["-u"]).as_deref() != Some("0") {
            return Ok(Self { name, switch: None });
        }
        for user in ["postgres", "nobody"] {
            let number = |flag| id(&[flag, user]).and_then(|number| number.parse().ok());
            if let (Some(uid), Some(gid)) = (number("-u"), number("-g")) {
                return Ok(Self { name: user.to_owned(), switch: Some((uid, gid)) });
            }
        }
        Err(TestDatabaseError::NoUserToRunAs)
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir("/").stdin(Stdio::null()).env_remove("PGDATA");
        if let Some((uid, gid)) = self.switch {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Creates a folder that belongs to this user alone.
    pub(super) fn folder(&self, folder: &Path) -> Result<(), TestDatabaseError> {
        if !folder.exists() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
        }
        if let Some((uid, gid)) = self.switch {
            chown(folder, Some(uid), Some(gid)).map_err(at(folder))?;
        }
        let reached = self.command("/bin/sh").args(["-c", "cd \"$0\" && test -w ."]).arg(folder).output();
        match reached {
            Ok(output) if output.status.success() => Ok(()),
            _ => Err(TestDatabaseError::Unreachable { user: self.name.clone(), folder: folder.to_owned() }),
        }
    }
}

/// The output of `id`.
pub(super) fn id(arguments: &[&str]) -> Option<String> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// A server in a folder: `data`, `log` and, if the path is short enough, the socket.
#[derive(Debug, Clone)]
pub(super) struct Server {
    folder: PathBuf,
    socket: PathBuf,
    binaries: PathBuf,
    run_as: RunAs,
}

impl Server {
    /// `elsewhere` is a short folder for the socket, for when `folder` is too long.
    pub(super) fn new(folder: &Path, elsewhere: &Path) -> Result<Self, TestDatabaseError> {
        let long = folder.as_os_str().len() > LONGEST_SOCKET_FOLDER;
        let socket = if long { elsewhere.to_owned() } else { folder.to_owned() };
        let binaries = binaries::folder().ok_or(TestDatabaseError::NotInstalled)?;
        Ok(Self { folder: folder.to_owned(), socket, binaries, run_as: RunAs::find()? })
    }

    pub(super) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost:5432/{database}?host={}", percent_encoded(&self.socket))
    }

    pub(super) fn pg_ctl(&self) -> PathBuf {
        self.binaries.join("pg_ctl")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Whether the server is running and listens. The file with its process id may outlive it.
    pub(super) fn is_running(&self) -> bool {
        let status = self.run_as.command(self.pg_ctl()).arg("status").arg("-D").arg(self.data()).output();
        status.is_ok_and(|output| output.status.success())
            && UnixStream::connect(self.socket.join(".s.PGSQL.5432")).is_ok()
    }

    /// Creates the cluster, unless it exists. `settings` are lines of postgresql.conf.
    pub(super) fn init(&self, settings: &str, files: Files) -> Result<(), TestDatabaseError> {
        self.run_as.folder(&self.folder)?;
        self.run_as.folder(&self.socket)?;
        let data = self.data();
        // PG_VERSION is created early; this file of ours marks the end of initdb.
        let complete = data.join("es-complete");
        if complete.exists() {
            return Ok(());
        }
        if data.exists() {
            fs::remove_dir_all(&data).map_err(at(&data))?;
        }
        let mut initdb = self.run_as.command(self.binaries.join("initdb"));
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        if files == Files::Lost {
            initdb.arg("--no-sync");
        }
        run(initdb.arg("-D").arg(&data))?;
        let config = data.join("postgresql.conf");
        let mut file = fs::OpenOptions::new().append(true).open(&config).map_err(at(&config))?;
        let socket = self.socket.display();
        write!(
            file,
            "\nport = 5432\nlisten_addresses = ''\nunix_socket_directories = '{socket}'\n{settings}\n"
        )
        .map_err(at(&config))?;
        fs::write(&complete, "").map_err(at(&complete))
    }

    /// Copies the data of a running server, which this one follows once it is started.
    pub(super) fn copy(&self, primary: &Self) -> Result<(), TestDatabaseError> {
        self.run_as.folder(&self.folder)?;
        self.run_as.folder(&self.socket)?;
        let data = self.data();
        let mut copy = self.run_as.command(self.binaries.join("pg_basebackup"));
        copy.arg("--checkpoint=fast").arg("-D").arg(&data);
        run(copy.arg("-d").arg(primary.url("postgres")))?;
        // The configuration written by pg_basebackup itself names options of its own libpq, which the
        // server's may not know.
        let signal = data.join("standby.signal");
        fs::write(&signal, "").map_err(at(&signal))?;
        // The copy includes the primary's settings; of two lines for one setting the last one counts.
        let config = data.join("postgresql.conf");
        let mut file = fs::OpenOptions::new().append(true).open(&config).map_err(at(&config))?;
        let (own, followed) = (self.socket.display(), primary.socket.display());
        write!(
            file,
            "\nunix_socket_directories = '{own}'\n\
             primary_conninfo = 'host=''{followed}'' port=5432 user=postgres'\n"
        )
        .map_err(at(&config))
    }

    /// Promotes a standby.
    pub(super) fn promote(&self) -> Result<(), TestDatabaseError> {
        let mut promote = self.run_as.command(self.pg_ctl());
        run(promote.args(["promote", "-w", "-t", "120", "-D"]).arg(self.data()))
    }

    /// Starts the server and waits until it answers. Processes of a server that was killed here may still be
    /// ending.
    pub(super) fn start(&self) -> Result<(), TestDatabaseError> {
        let deadline = Instant::now() + LONGEST_START;
        loop {
            match self.try_start() {
                Err(TestDatabaseError::Command { output, .. })
                    if Instant::now() < deadline && REMAINS.iter().any(|remain| output.contains(remain)) =>
                {
                    sleep(Duration::from_millis(20));
                }
                done => return done,
            }
        }
    }

    fn try_start(&self) -> Result<(), TestDatabaseError> {
        let mut start = self.run_as.command(self.pg_ctl());
        start.args(["start", "-w", "-t", "120", "-D"]).arg(self.data()).arg("-l").arg(self.log());
        run(&mut start).map_err(|error| match error {
            TestDatabaseError::Command { command, output } => {
                TestDatabaseError::Command { command, output: format!("{output}\n{}", self.end_of_log()) }
            }
            other => other,
        })
    }

    /// The id of the server's main process.
    pub(super) fn process_id(&self) -> Result<u32, TestDatabaseError> {
        let file = self.data().join("postmaster.pid");
        let text = fs::read_to_string(&file).map_err(at(&file))?;
        let id = text.lines().next().and_then(|line| line.parse().ok());
        id.ok_or_else(|| at(&file)(io::Error::other("it contains no process id")))
    }

    /// Kills the server's main process, and waits until it is gone. The others end by themselves.
    pub(super) fn crash(&self) -> Result<(), TestDatabaseError> {
        let process = self.process_id()?.to_string();
        run(Command::new("kill").args(["-9", &process]))?;
        // The lock files of a process that has not been reaped yet look like those of a running one.
        let is_there = || run(Command::new("kill").args(["-0", &process])).is_ok();
        let killed = Instant::now();
        while is_there() && killed.elapsed() < REAPED {
            sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Stops the server; clients lose their connections.
    pub(super) fn stop(&self) -> Result<(), TestDatabaseError> {
        let mut stop = self.run_as.command(self.pg_ctl());
        run(stop.args(["stop", "-w", "-m", "fast", "-D"]).arg(self.data()))
    }

    fn end_of_log(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(10).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// Runs a command to its end. Its output goes to temporary files, never to a pipe that a server it starts
/// would hold open.
fn run(command: &mut Command) -> Result<(), TestDatabaseError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |output: String| TestDatabaseError::Command { command: name.clone(), output };
    let output = std::env::temp_dir().join(format!("es-postgres-{}", uuid::Uuid::now_v7()));
    let file = fs::File::create_new(&output).map_err(at(&output))?;
    let errors = file.try_clone().map_err(at(&output))?;
    let status = command.stdout(file).stderr(errors).status();
    let printed = fs::read_to_string(&output).unwrap_or_default();
    fs::remove_file(&output).map_err(at(&output))?;
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("{status}: {}", printed.trim()))),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// A path, encoded for the query of a URL.
pub(super) fn percent_encoded(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.');
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    bytes.map(|&b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Whether a folder belongs to this program's user.
pub(super) fn is_ours(folder: &Path) -> Result<bool, TestDatabaseError> {
    let owner = fs::metadata(folder).map_err(at(folder))?.uid().to_string();
    Ok(id(&["-u"]) == Some(owner))
}
