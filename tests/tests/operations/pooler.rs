//! Behind a pooler that is configured as in `docs/operations.md`.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use es_core::Repository;
use es_postgres::{ConnectError, PostgresStore, Projector};
use es_tests::operations::bank::{Account, Balances, Deposit};
use es_tests::operations::block;

use crate::support::Server;

/// Ends it.
struct Pooler(Child);

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

async fn start(server: &Server) -> Pooler {
    let folder = server.shell.folder();
    let socket = server.shell.run("printf '%s' \"$PGHOST\"");
    let here = format!("auth_type = any\nlisten_port = 6432\nunix_socket_dir = {}\n", folder.display());
    let configuration = block("pooler").replace("/var/run/postgresql", &format!("{socket} user=postgres"));
    fs::write(folder.join("pgbouncer.ini"), configuration + &here).expect("written");
    let log = File::create(folder.join("pgbouncer.log")).expect("a log");
    let installed =
        if Path::new("/usr/sbin/pgbouncer").exists() { "/usr/sbin/pgbouncer" } else { "pgbouncer" };
    let mut command = server.shell.command(installed);
    command.arg("pgbouncer.ini").stdout(log.try_clone().expect("a log")).stderr(log);
    let process = command.spawn().unwrap_or_else(|error| {
        panic!(
            "pgbouncer cannot be started ({error}); `cargo xtask setup` installs it on Debian and Ubuntu (apt-get install pgbouncer)"
        )
    });
    let pooler = Pooler(process);
    let listens = async {
        while UnixStream::connect(folder.join(".s.PGSQL.6432")).is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), listens).await;
    waited.unwrap_or_else(|_| {
        panic!("{}", fs::read_to_string(folder.join("pgbouncer.log")).unwrap_or_default())
    });
    pooler
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_works_behind_the_pooler_of_the_page() {
    let server = Server::start("").await;
    server.store().await.close().await;
    let _pooler = start(&server).await;
    let folder = server.shell.folder().display().to_string().replace('/', "%2F");
    let url = format!("postgres://postgres@localhost:6432/shop?host={folder}");
    let refused = PostgresStore::connect(&url).await.expect_err("not declared");
    assert!(matches!(refused, ConnectError::Pooler), "{refused}");
    let options = PostgresStore::options(&url).transaction_pooler(true).direct_url(&server.url("shop"));
    let store = options.connect().await.expect("a store");
    let accounts = Repository::<Account, _>::new(store.clone());
    for _ in 0..5 {
        accounts.execute(&1, Deposit(5)).await.expect("a deposit");
    }
    Projector::new(store.clone(), Balances).catch_up().await.expect("projected");
    assert_eq!(server.shell.psql("shop", "SELECT cents FROM es_balances.balances"), "25");
    store.close().await;
}
