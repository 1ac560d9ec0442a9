//! A shell on the machine of a server.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

/// Runs commands as the server's user, with PostgreSQL's programs on the path, and `PGHOST`, `PGPORT`,
/// `PGUSER` and `PGDATA` set.
#[derive(Debug, Clone)]
pub struct Shell {
    folder: PathBuf,
    owner: (u32, u32),
    variables: Vec<(String, OsString)>,
}

impl Shell {
    /// A shell for the server at this URL, in a new folder inside the given one.
    ///
    /// # Panics
    ///
    /// If the server does not answer, or is not on this machine.
    pub async fn beside(url: &str, folder: &Path) -> Self {
        let options: PgConnectOptions = url.parse().expect("a url");
        let mut connection = PgConnection::connect_with(&options).await.expect("a connection");
        let asked = "SELECT current_setting('data_directory'), (SELECT c.setting FROM pg_config() c WHERE c.name = 'BINDIR')";
        let (data, binaries): (String, String) =
            sqlx::query_as(asked).fetch_one(&mut connection).await.expect("an answer");
        connection.close().await.expect("closed");
        let owner = fs::metadata(&data).map(|data| (data.uid(), data.gid())).expect("the data folder");
        let folder = folder.join("shell");
        fs::create_dir_all(&folder).expect("a folder");
        chown(&folder, Some(owner.0), Some(owner.1)).expect("the folder is given away");
        let mut path = OsString::from(&binaries);
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let host =
            options.get_socket().map_or_else(|| options.get_host().into(), |it| it.display().to_string());
        let shell = Self { folder, owner, variables: vec![(String::from("PATH"), path)] };
        shell
            .with("PGHOST", host)
            .with("PGPORT", options.get_port().to_string())
            .with("PGUSER", options.get_username())
            .with("PGDATA", data)
            .with("BIN", binaries)
    }

    /// With a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// The working folder of commands.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A command of this shell, not started yet.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null()).env("HOME", &self.folder);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        // Only root can switch users, and only root has to.
        if fs::metadata("/proc/self").is_ok_and(|own| own.uid() != self.owner.0) {
            command.uid(self.owner.0).gid(self.owner.1);
        }
        command
    }

    /// Runs a script, which ends at the first command that fails, and returns what it printed.
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn run(&self, script: &str) -> String {
        // Through a file, not a pipe, which a started server would hold open.
        let output = self.folder.join("output");
        let file = File::create(&output).expect("a file");
        let mut bash = self.command("bash");
        bash.args(["-euo", "pipefail", "-c", script]);
        let errors = file.try_clone().expect("a file");
        let status = bash.stdout(file).stderr(errors).status().expect("bash");
        let printed = fs::read_to_string(&output).expect("what it printed");
        assert!(status.success(), "{script}\n{status}: {printed}");
        printed
    }

    /// Runs statements with psql in a database, as the page prints them.
    ///
    /// # Panics
    ///
    /// If one fails.
    #[track_caller]
    pub fn psql(&self, database: &str, statements: &str) -> String {
        let file = self.folder.join("statements.sql");
        fs::write(&file, statements).expect("written");
        let psql = "psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1";
        self.run(&format!("{psql} --dbname='{database}' --file=statements.sql")).trim().to_owned()
    }
}
