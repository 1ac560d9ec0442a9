//! Accounts and their balances, a server for fault injection, and programs that can be killed.

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::{Aggregate, Apply, Events, Handle, Recorded, Repository, emit, event};
use es_postgres::testing::{Cluster, TestDatabase};
use es_postgres::{PostgresOptions, PostgresProjector, PostgresStore, Projector};
pub(crate) use es_tests::processes::signal;
use es_tests::processes::with_children;
use sqlx::{Executor, PgConnection};

pub(crate) use crate::database::{LONG, MOMENT, connect, holds, number, sql, until};

#[event(name = "account.deposited")]
#[derive(Debug)]
pub(crate) struct Deposited {
    pub(crate) cents: i64,
}

#[derive(Aggregate, Debug, Default)]
#[aggregate(name = "account", id = String, events(Deposited))]
pub(crate) struct Account {
    pub(crate) cents: i64,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.cents += event.cents;
    }
}

pub(crate) struct Deposit(pub(crate) i64);

impl Handle<Deposit> for Account {
    type Error = Infallible;

    fn handle(&self, Deposit(cents): &Deposit) -> Result<Events<Self>, Infallible> {
        emit(Deposited { cents: *cents })
    }
}

/// One row for each account. Projecting an event twice changes the numbers.
#[derive(Projection)]
#[projection(name = "balances", events(Deposited), model = PgConnection, error = sqlx::Error, setup)]
pub(crate) struct Balances;

pub(crate) async fn make_balances(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let table =
        "CREATE TABLE balances (account text PRIMARY KEY, cents bigint NOT NULL, events bigint NOT NULL)";
    db.execute(table).await.map(drop)
}

pub(crate) async fn add(account: &str, cents: i64, db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let add = "INSERT INTO balances AS b VALUES ($1, $2, 1)
               ON CONFLICT (account) DO UPDATE SET cents = b.cents + $2, events = b.events + 1";
    sqlx::query(add).bind(account).bind(cents).execute(db).await.map(drop)
}

impl ProjectSetup for Balances {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        make_balances(db).await
    }
}

impl Project<Deposited> for Balances {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        add(event.stream.key(), event.event.cents, db).await
    }
}

/// The condition that the balances agree with the events.
pub(crate) const BALANCED: &str = "NOT EXISTS (
    SELECT FROM (
        SELECT key AS account, sum((payload->>'cents')::bigint)::bigint AS cents, count(*) AS events
        FROM es.event_log GROUP BY key) AS wanted
    FULL JOIN es_balances.balances AS found USING (account)
    WHERE (wanted.cents, wanted.events) IS DISTINCT FROM (found.cents, found.events))";

/// The condition that no stream has a gap, and that each ends at the revision in its row.
pub(crate) const CONTIGUOUS: &str = "NOT EXISTS (
    SELECT FROM es.streams s
    LEFT JOIN LATERAL (
        SELECT count(*) AS events, max(e.revision) AS last FROM es.events e WHERE e.stream = s.id) AS e ON true
    WHERE (e.events, e.last) IS DISTINCT FROM (s.revision, s.revision))";

pub(crate) type Accounts = Repository<Account, PostgresStore>;

pub(crate) fn accounts(store: &PostgresStore) -> Accounts {
    Accounts::new(store.clone())
}

/// A store with short deadlines.
pub(crate) fn impatient(url: &str) -> PostgresOptions {
    let options = PostgresStore::options(url).patience(MOMENT);
    options.answer_within(MOMENT / 2).longest_lock_wait(MOMENT)
}

/// A projector that polls often and waits briefly.
pub(crate) fn projector(store: &PostgresStore) -> Projector<Balances> {
    let projector = Projector::new(store.clone(), Balances).poll_every(Duration::from_millis(20));
    projector.standstill(MOMENT).take_over(Duration::from_millis(500))
}

pub(crate) async fn fresh() -> (TestDatabase, PostgresStore) {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a migrated store");
    (database, store)
}

/// Only processes are killed here, not machines, so nothing has to wait for the disk.
const SETTINGS: &str = "fsync = off";

/// A separate server, in a folder that is removed with it.
pub(crate) struct Host {
    pub(crate) folder: PathBuf,
    cluster: Option<Cluster>,
}

impl Host {
    pub(crate) async fn start(settings: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("es-faults-{}", es_core::uuid::Uuid::now_v7().simple()));
        fs::create_dir(&folder).expect("a folder");
        Self::start_in(folder, settings).await
    }

    pub(crate) async fn start_in(folder: PathBuf, settings: &str) -> Self {
        let cluster =
            Cluster::persistent(folder.join("host")).setting(SETTINGS).setting(settings).start().await;
        Self { folder, cluster: Some(cluster.expect("a server")) }
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        self.cluster.as_ref().expect("a server")
    }

    pub(crate) fn url(&self) -> &str {
        self.cluster().url()
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("host/server/data")
    }

    /// The path of its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("host/server/.s.PGSQL.5432")
    }

    /// Stops it as an administrator would.
    pub(crate) fn stop(&mut self) {
        self.cluster = None;
    }

    /// Starts it after it was stopped or has crashed.
    pub(crate) async fn start_again(&mut self) {
        let cluster = Cluster::persistent(self.folder.join("host")).start().await;
        self.cluster = Some(cluster.expect("it comes back"));
    }

    /// All of its processes.
    pub(crate) fn processes(&self) -> Vec<u32> {
        with_children(self.cluster().process_id().expect("it runs"))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
        // If it cannot be removed, it stays in the folder for temporary files.
        let _removed = fs::remove_dir_all(&self.folder);
    }
}

/// Runs a program of the system.
#[track_caller]
pub(crate) fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().expect(program);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Gives a folder to the user that the server runs as.
pub(crate) fn give_to_server(folder: &Path, host: &Host) {
    use std::os::unix::fs::{MetadataExt, chown};
    let owner = fs::metadata(host.data()).expect("data");
    chown(folder, Some(owner.uid()), Some(owner.gid())).expect("given");
}

/// Another program: a test of this binary that runs in a separate process, killed at the end of the test.
pub(crate) struct Program(Child);

impl Program {
    /// Runs the test with this name, with these environment variables.
    pub(crate) fn start(test: &str, told: &[(&str, &str)]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args([test, "--exact", "--ignored", "--nocapture"]).envs(told.iter().copied());
        // Shows why it ended, if it did.
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("a process"))
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.0.id());
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("SIGKILL");
        self.0.wait().expect("it is dead");
    }

    /// Waits until it has ended.
    pub(crate) fn end(mut self) {
        assert!(self.0.wait().expect("it ends").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _dead = self.0.kill();
        let _dead = self.0.wait();
    }
}
