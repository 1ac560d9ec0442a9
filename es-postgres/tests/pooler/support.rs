//! A `PgBouncer` in front of a database, as the distribution installs it.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use es_core::uuid::Uuid;
use es_postgres::testing::TestDatabase;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

pub(crate) struct PgBouncer {
    process: Child,
    folder: PathBuf,
    url: String,
    // Dropped last: it closes connections.
    _database: TestDatabase,
}

impl PgBouncer {
    /// In transaction mode, each transaction on a different server process than the previous one, and with
    /// more settings, each on a line.
    pub(crate) async fn before(database: TestDatabase, settings: &str) -> Self {
        let server = PgConnectOptions::from_str(database.url()).expect("a url");
        let folder =
            std::env::temp_dir().join(format!("es-pgb-{}", &Uuid::now_v7().simple().to_string()[16..]));
        fs::create_dir(&folder).expect("a folder");
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).expect("a folder for all");
        let host = match server.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => server.get_host().to_owned(),
        };
        let (authority, _) = database.url().rsplit_once('@').unwrap_or_default();
        let password =
            authority.rsplit_once("://").and_then(|(_, user)| user.split_once(':')).map(|(_, it)| it);
        let configuration = format!(
            "[databases]\n* = host={host} port={} user={}{}\n[pgbouncer]\npool_mode = transaction\nauth_type = any\n\
             listen_addr =\nlisten_port = 6432\nunix_socket_dir = {}\nserver_round_robin = 1\nmin_pool_size = 3\n{settings}\n",
            server.get_port(),
            server.get_username(),
            password.map(|it| format!(" password={it}")).unwrap_or_default(),
            folder.display(),
        );
        let file = folder.join("pgbouncer.ini");
        fs::write(&file, configuration).expect("a configuration");
        let log = File::create(folder.join("log")).expect("a log");
        let installed = Path::new("/usr/sbin/pgbouncer");
        let mut command = Command::new(if installed.exists() { installed } else { Path::new("pgbouncer") });
        // It does not run as root; as the server's user it can reach the server's socket.
        if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            command.args(["-u", &owner_of(Path::new(&host))]);
        }
        let process = command
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn();
        let process = process.unwrap_or_else(|error| {
            panic!("pgbouncer cannot be started ({error}); `cargo xtask setup` installs it on Debian and Ubuntu (apt-get install pgbouncer)")
        });
        let base = database.url().split('?').next().expect("a url");
        let (_, name) = base.rsplit_once('/').expect("a url with a database");
        let url = format!(
            "postgres://anybody@localhost:6432/{name}?host={}",
            folder.display().to_string().replace('/', "%2F")
        );
        let mut pooler = Self { process, folder, url, _database: database };
        pooler.wait().await;
        pooler
    }

    async fn wait(&mut self) {
        let started = Instant::now();
        while UnixStream::connect(self.folder.join(".s.PGSQL.6432")).is_err() {
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            if let Ok(Some(_)) = self.process.try_wait() {
                panic!("pgbouncer has exited: {}", log());
            }
            assert!(started.elapsed() < Duration::from_secs(60), "pgbouncer does not start: {}", log());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
        let _removed = fs::remove_dir_all(&self.folder);
    }
}

/// The owner of the directory of the server's socket, or the user that programs like this one run as.
fn owner_of(folder: &Path) -> String {
    let uid = fs::metadata(folder).map(|folder| folder.uid()).ok().filter(|uid| *uid != 0);
    let name = uid.and_then(|uid| {
        let output = Command::new("id").args(["-nu", &uid.to_string()]).output().ok()?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    });
    name.unwrap_or_else(|| String::from("postgres"))
}

/// One value in text, asked without a prepared statement.
pub(crate) async fn shown(connection: &mut PgConnection, sql: &str) -> String {
    let row =
        sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).persistent(false).fetch_one(connection).await;
    row.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    let options = PgConnectOptions::from_str(url).expect("a url").extra_float_digits(None);
    PgConnection::connect_with(&options).await.expect("a connection")
}
