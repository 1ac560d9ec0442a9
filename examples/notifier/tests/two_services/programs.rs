//! The processes of the services and the broker, and what they have stored.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use es_core::Repository;
use es_nats::async_nats::{self, jetstream};
use es_nats::testing::NatsServer;
use es_sqlite::SqliteStore;
use loans::domain::Application;
use loans::import::{Import, Source};
use loans::publishing::STREAM;
use notifier::{Figure, Notices};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

/// The environment variable with the arguments of the program `loans`, one on each line.
pub(crate) const ARGUMENTS: &str = "LOANS_ARGUMENTS";

/// How long nothing may happen before a test fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a test kills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    Publisher,
    Notifier,
    Broker,
}

/// Both services and the broker, in a folder that is deleted when this is dropped.
pub(crate) struct Services {
    folder: PathBuf,
    store: SqliteStore,
    broker: NatsServer,
    client: async_nats::Client,
    publisher: Child,
    notifier: Child,
    notices: Notices,
}

impl Services {
    pub(crate) async fn start() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("services-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the test folder takes folders");
        let store = SqliteStore::open(folder.join("loans.db")).await.expect("a store");
        let broker = NatsServer::start().await.expect("a broker");
        let client = async_nats::connect(broker.url()).await.expect("it answers");
        let publisher = publisher(&folder, &broker);
        let made = async {
            while messages(&client).await.is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, made).await.expect("the publisher makes the stream");
        let notifier = notifier(&folder, &broker);
        let notices = Notices::open(&folder.join("notifier.db")).await.expect("a file");
        Self { folder, store, broker, client, publisher, notifier, notices }
    }

    /// Imports these records, in a task.
    pub(crate) fn import(&self, lines: &[String]) -> tokio::task::JoinHandle<()> {
        let file = self.folder.join("log.jsonl");
        std::fs::write(&file, lines.join("\n")).expect("the folder takes files");
        let import = Import::new(Repository::<Application, _>::new(self.store.clone()));
        tokio::spawn(async move {
            let imported = import.run(&Source::from(file), Arc::default(), std::future::pending()).await;
            assert_eq!(imported.expect("nothing is wrong with it").problems.all(), 0);
        })
    }

    /// The number of public events that have passed the victim.
    pub(crate) async fn passed(&self, victim: Victim) -> u64 {
        match victim {
            Victim::Publisher => messages(&self.client).await.unwrap_or_default(),
            Victim::Notifier | Victim::Broker => self.noted().await,
        }
    }

    /// The number of submissions and decisions that the notifier has received, by its figures.
    async fn noted(&self) -> u64 {
        let figures = self.figures().await;
        let events = |figure: &Figure| figure.applications * if figure.outcome == "open" { 1 } else { 2 };
        figures.iter().map(events).sum::<i64>().unsigned_abs()
    }

    /// Waits until this number of public events has passed the victim; fails if a service exits meanwhile.
    pub(crate) async fn until_passed(&mut self, victim: Victim, count: u64) {
        let what = format!("{count} public events have passed the {victim:?}");
        let mut passed = self.passed(victim).await;
        let mut moved = tokio::time::Instant::now();
        while passed < count {
            self.all_run();
            let now = self.passed(victim).await;
            if now > passed {
                (passed, moved) = (now, tokio::time::Instant::now());
            }
            assert!(moved.elapsed() < PATIENCE, "timed out: {what}; so far {passed}\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn all_run(&mut self) {
        for (name, child) in [("publisher", &mut self.publisher), ("notifier", &mut self.notifier)] {
            let ended = child.try_wait().expect("it is a child");
            assert!(ended.is_none(), "the {name} has exited: {ended:?}\n{}", said(&self.folder));
        }
    }

    /// Kills the victim and restarts it.
    pub(crate) async fn kill(&mut self, victim: Victim) {
        self.all_run();
        match victim {
            Victim::Publisher => {
                killed(&mut self.publisher);
                self.publisher = publisher(&self.folder, &self.broker);
            }
            Victim::Notifier => {
                killed(&mut self.notifier);
                self.notifier = notifier(&self.folder, &self.broker);
            }
            Victim::Broker => {
                self.broker.kill().await.expect("it is killed");
                self.broker.restart().await.expect("it starts again");
            }
        }
    }

    /// Waits until the notifier has settled all messages.
    pub(crate) async fn settled(&self) {
        let settled = crate::demo::settled(self.client.clone());
        tokio::time::timeout(PATIENCE, settled).await.expect("the notifier settles all messages");
    }

    pub(crate) async fn figures(&self) -> Vec<Figure> {
        self.notices.figures().await.expect("an answer")
    }

    /// The figures, by SQL over the events of the first service.
    pub(crate) async fn recount(&self) -> Vec<Figure> {
        let mut db = self.open("loans.db").await;
        let recount = sqlx::query_as(include_str!("recount.sql")).fetch_all(&mut db).await;
        recount.expect("an answer")
    }

    /// The number of notices, and of dead letters.
    pub(crate) async fn notices(&self) -> (i64, i64) {
        let notices = "SELECT count(*) FROM notices";
        let notices = sqlx::query_scalar(notices).fetch_one(&mut self.open("notifier.db").await).await;
        let letters = "SELECT count(*) FROM events";
        let letters = sqlx::query_scalar(letters).fetch_one(&mut self.open("notifier.letters").await).await;
        (notices.expect("an answer"), letters.expect("an answer"))
    }

    /// The number of messages in the stream.
    pub(crate) async fn messages(&self) -> u64 {
        messages(&self.client).await.expect("the broker answers")
    }

    async fn open(&self, name: &str) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.folder.join(name)).connect().await.expect("it is there")
    }

    fn said(&self) -> String {
        said(&self.folder)
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        for child in [&mut self.publisher, &mut self.notifier] {
            // They may have exited.
            let _ = child.kill();
            let _ = child.wait();
        }
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Starts the first service: this test program, run as the test `loans`.
fn publisher(folder: &Path, broker: &NatsServer) -> Child {
    let store = folder.join("loans.db").display().to_string();
    let arguments = ["loans", "publish", "--nats", &broker.url(), "--store", &store].join("\n");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["loans", "--exact", "--ignored", "--nocapture"]).env(ARGUMENTS, arguments);
    spawned(command, folder, "publisher.log")
}

fn notifier(folder: &Path, broker: &NatsServer) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_notifier"));
    command.args(["--nats", &broker.url(), "--file"]).arg(folder.join("notifier.db"));
    spawned(command, folder, "notifier.log")
}

fn spawned(mut command: Command, folder: &Path, log: &str) -> Child {
    let log = File::options().create(true).append(true).open(folder.join(log)).expect("a log");
    command.stdin(Stdio::null()).stdout(log.try_clone().expect("a handle")).stderr(log);
    command.spawn().expect("it starts")
}

/// Kills a service with SIGKILL.
fn killed(child: &mut Child) {
    child.kill().expect("it is killed");
    child.wait().expect("it has ended");
}

fn said(folder: &Path) -> String {
    let log = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    format!("publisher: {}\nnotifier: {}", log("publisher.log"), log("notifier.log"))
}

async fn messages(client: &async_nats::Client) -> Option<u64> {
    let stream = jetstream::new(client.clone()).get_stream(STREAM).await.ok()?;
    Some(stream.cached_info().state.messages)
}
