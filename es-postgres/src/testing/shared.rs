//! The temporary server that all test processes of a user share.
//!
//! Each process holds a shared lock on the file `users` while it runs; the system releases it however the
//! process ends. A small shell script waits for the exclusive lock on that file, which it gets when no
//! process uses the server any more; then it stops the server and removes its files.

use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use super::TestDatabaseError;
use super::error::at;
use super::server::{Files, Server, id, is_ours};

use crate::latch::hold;

/// The data need not outlive the tests, so nothing waits for the disk.
const SETTINGS: &str = "\
fsync = off
synchronous_commit = on
full_page_writes = off
max_connections = 400
shared_buffers = 64MB
max_wal_size = 256MB
autovacuum_naptime = 10min";

/// Waits until there are no users, holding `watching` so that there is only one, and then a little longer:
/// usually the next test binary follows at once. `flock` is part of every Linux; elsewhere perl makes the
/// same system call.
const WATCHDOG: &str = r#"
cd "$1" || exit 1
lock() {
    if command -v flock >/dev/null; then flock "$2" "$1"
    else perl -e 'open(F, ">&=", $ARGV[0]) && flock(F, $ARGV[1]) || exit 1' "$1" "$3"; fi
}
exec 8>>watching 9>>users
lock 8 -n 6 || exit 0
while :; do
    lock 9 -x 2
    lock 9 -u 8
    sleep 5
    lock 9 -xn 6 && break
done
if [ -d server/data ]; then
    owner=$(ls -ld server/data | awk '{ print $3 }')
    stop="'$2' stop -w -m immediate -D '$1/server/data'"
    if [ "$(id -un)" = "$owner" ]; then sh -c "$stop"; else su -s /bin/sh "$owner" -c "cd / && $stop"; fi
fi
rm -rf server
"#;

/// Kept for the life of the process.
static JOINED: Mutex<Option<(File, String)>> = Mutex::new(None);

/// The URL of the server's database `postgres`; starts the server if it is not running.
pub(super) fn url() -> Result<String, TestDatabaseError> {
    // A panic while the lock was held cannot have left it inconsistent.
    let mut joined = hold(&JOINED);
    if let Some((_, url)) = &*joined {
        return Ok(url.clone());
    }
    let folder = folder()?;
    let open = |name: &str| {
        let path = folder.join(name);
        File::options().create(true).append(true).open(&path).map_err(at(path))
    };
    let (starting, users, watching) = (open("starting")?, open("users")?, open("watching")?);
    starting.lock().map_err(at(&folder))?;
    users.lock_shared().map_err(at(&folder))?;
    let server = Server::new(&folder.join("server"), &folder)?;
    if !server.is_running() {
        let remains = folder.join("server");
        if remains.exists() {
            fs::remove_dir_all(&remains).map_err(at(remains))?;
        }
        server.init(SETTINGS, Files::Lost)?;
        server.start()?;
    }
    if watching.try_lock().is_ok() {
        watching.unlock().map_err(at(&folder))?;
        watch(&folder, &server)?;
    }
    let url = server.url("postgres");
    *joined = Some((users, url.clone()));
    Ok(url)
}

fn folder() -> Result<PathBuf, TestDatabaseError> {
    let user = id(&["-u"]).unwrap_or_default();
    let folder = std::env::temp_dir().join(format!("es-postgres-tests-{user}"));
    if !folder.exists() {
        fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder).map_err(at(&folder))?;
    }
    if is_ours(&folder)? { Ok(folder) } else { Err(TestDatabaseError::NotOurs { folder }) }
}

/// Starts the script in a process group of its own, so that Ctrl-C in the terminal does not end it.
fn watch(folder: &Path, server: &Server) -> Result<(), TestDatabaseError> {
    let mut script = Command::new("/bin/sh");
    script.args(["-c", WATCHDOG, "es-postgres-tests"]).arg(folder).arg(server.pg_ctl());
    script.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    script.spawn().map(drop).map_err(at("/bin/sh"))
}
