//! The programs on PostgreSQL, as processes: killed, interrupted, cut off from the server, and one after the
//! other.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::common::{SAMPLE, SAMPLE_REPORT, command, events, file, report, said, sample, sample_lines};
use es_core::Repository;
use es_core::store::{ListQuery, ListStreams};
use es_postgres::PostgresStore;
use es_postgres::testing::{Cluster, TestDatabase};
use loans::domain::{Application, ApplicationId, Outcome};
use loans::generations::in_2011::Application2011;

const TODAY: &str = env!("CARGO_BIN_EXE_loans");
const IN_2011: &str = env!("CARGO_BIN_EXE_loans-2011");

/// Runs a program to its end, off the threads of the test.
async fn run(program: impl AsRef<Path>, url: &str, args: &[&str]) -> (i32, String, String) {
    let mut command = command(program, url, args);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    said(output.expect("it is waited for").expect("the program starts"))
}

/// Imports a file; gives how many records were written and how many were there.
async fn import(program: impl AsRef<Path>, url: &str, path: &Path) -> (u64, u64) {
    let (code, out, err) = run(program, url, &["import", path.to_str().expect("text")]).await;
    assert_eq!(code, 0, "{err}");
    let number = |word: &str| word.replace(',', "").parse::<u64>().expect("a number");
    let words: Vec<&str> = out.split_whitespace().collect();
    (number(words[0]), number(words[3]))
}

/// An import that reads from a pipe, which stays open.
struct Piped {
    import: Child,
    writer: JoinHandle<ChildStdin>,
}

impl Piped {
    /// Starts an import and writes these lines to it.
    fn start(url: &str, lines: &[String]) -> Self {
        let mut import =
            command(TODAY, url, &["import", "-"]).stdin(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = import.stdin.take().expect("it was asked for");
        let text = lines.join("\n") + "\n";
        let writer = std::thread::spawn(move || {
            // The other end may be killed before all is read.
            let _ = stdin.write_all(text.as_bytes());
            stdin
        });
        Self { import, writer }
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.import.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "no signal was sent");
    }

    fn killed(mut self) -> ExitStatus {
        self.import.kill().expect("it runs");
        self.import.wait().expect("it ends")
    }

    /// Waits for its end. The pipe stays open, unless these last lines are written to it.
    async fn ended(self, last: Option<&[String]>) -> (i32, String, String) {
        let Self { import, writer } = self;
        let mut stdin = Some(writer.join().expect("the lines are written"));
        if let (Some(lines), Some(mut stdin)) = (last, stdin.take_if(|_| last.is_some())) {
            stdin.write_all((lines.join("\n") + "\n").as_bytes()).expect("it reads");
        }
        let output = tokio::task::spawn_blocking(|| import.wait_with_output()).await;
        drop(stdin);
        said(output.expect("it is waited for").expect("it ends"))
    }
}

/// How many events there are.
async fn stored(store: &PostgresStore) -> u64 {
    let streams = store.list_streams(ListQuery::category("loan").limit(100_000)).await.expect("a listing");
    streams.iter().map(|stream| stream.revision.get()).sum()
}

/// Waits until there are this many events, or more.
async fn until_stored(store: &PostgresStore, events: u64) {
    while stored(store).await < events {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The sample many times over, under other numbers, in the order of time.
fn many(times: u64) -> Vec<String> {
    let copies = |line: String| {
        (0..times).map(move |copy| line.replace("\"case\":\"9", &format!("\"case\":\"{copy}-9")))
    };
    sample_lines().into_iter().flat_map(copies).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_killed_goes_on_as_if_nothing_had_happened() {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a store");
    let lines = many(30);
    let total = 30 * SAMPLE;
    // Without its last line it cannot come to its end before it is killed.
    let import_of_most = Piped::start(database.url(), &lines[..lines.len() - 1]);
    until_stored(&store, 1_000).await;
    assert_eq!(import_of_most.killed().code(), None, "a signal ended it");

    // What was in flight may arrive until the server has seen that the program is gone; then the numbers
    // stand.
    let path = file("many.jsonl", lines.join("\n"));
    let (written, present) = import(TODAY, database.url(), &path).await;
    assert_eq!(written + present, total);
    assert!((1_000..total).contains(&present), "{present} were there");
    assert_eq!((stored(&store).await, import(TODAY, database.url(), &path).await), (total, (0, total)));

    let expected = loans::report::Report::of(&Repository::<Application, _>::new(store), 4).await;
    let expected = expected.expect("everything decodes");
    assert_eq!((expected.total().applications, expected.total().requested.0), (12 * 30, 30 * 20_300_000));
    assert_eq!(expected.outcomes[Outcome::Approved as usize].applications, 3 * 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_ctrl_c_the_next_run_goes_on() {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a store");
    let first = Piped::start(database.url(), &sample_lines()[..90]);
    until_stored(&store, 90).await;
    first.signal("-INT");
    let (code, out, err) = first.ended(None).await;
    assert_eq!((code, out.as_str()), (130, ""));
    assert!(err.contains("interrupted: 90 records imported, 0 were there before ("), "{err}");
    assert!(err.ends_with("; run the same command again to continue\n"), "{err}");
    assert_eq!(import(TODAY, database.url(), &sample()).await, (SAMPLE - 90, 90));
    assert_eq!(report::<Application>(store).await, SAMPLE_REPORT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn today_reads_what_2011_stored_and_goes_on_with_it() {
    let database = TestDatabase::new().await.expect("a test database");
    let (url, store) = (database.url(), database.store().await.expect("a store"));
    let first = file("until-2011.jsonl", sample_lines()[..100].join("\n"));
    assert_eq!(import(IN_2011, url, &first).await, (100, 0));
    for program in [IN_2011, TODAY] {
        let (code, out, _) = run(program, url, &["report"]).await;
        assert_eq!((code, out.lines().last()), (0, Some("100 events")));
    }
    let (_, shown, _) = run(TODAY, url, &["show", "900102", "--at", "1"]).await;
    assert!(shown.contains("  loan.submitted  v1 read as v3  web  cents 550000, currency EUR\n"), "{shown}");

    let before = events(&store).await;
    assert_eq!(import(TODAY, url, &sample()).await, (SAMPLE - 100, 100));
    let (code, out, _) = run(TODAY, url, &["report"]).await;
    assert_eq!((code, out.trim_end()), (0, SAMPLE_REPORT));
    let after = events(&store).await;
    assert!(before.iter().all(|event| after.contains(event)), "what 2011 stored is untouched");

    let (code, out, err) = run(IN_2011, url, &["report"]).await;
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("the newest that this program knows; deploy the program that knows it"), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_of_2011_is_not_taken_for_one_of_today() {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a store");
    // One application with more events than a snapshot covers.
    let record = |seq: u64, activity: &str, lifecycle: &str, rest: &str| {
        let time = "2011-03-01T09:00:00Z";
        format!(
            r#"{{"case":"7","seq":{seq},"time":"{time}","activity":"{activity}","lifecycle":"{lifecycle}"{rest}}}"#
        )
    };
    let mut lines = vec![
        record(0, "A_SUBMITTED", "COMPLETE", r#","amount":100"#),
        record(1, "A_PARTLYSUBMITTED", "COMPLETE", ""),
        record(2, "W_Beoordelen fraude", "SCHEDULE", ""),
    ];
    for seq in 3..120 {
        let lifecycle = if seq % 2 == 1 { "START" } else { "COMPLETE" };
        lines.push(record(seq, "W_Beoordelen fraude", lifecycle, ""));
    }
    let first = file("long-2011.jsonl", lines[..80].join("\n"));
    assert_eq!(import(IN_2011, database.url(), &first).await, (80, 0));
    let whole = file("long.jsonl", lines.join("\n"));
    assert_eq!(import(TODAY, database.url(), &whole).await, (40, 80));
    let id = ApplicationId("7".into());
    let now = Repository::<Application, _>::new(store.clone()).load(&id).await.expect("it decodes");
    assert_eq!((now.revision.get(), now.state.desk.completed, now.state.requested.0), (120, 58, 10_000));
    let then = Repository::<Application2011, _>::new(store).load_at(&id, 79).await.expect("it decodes");
    assert_eq!(then.revision.get(), 79);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_used_is_said_in_one_sentence_with_exit_code_2() {
    let database = TestDatabase::empty().await.expect("a test database");
    let refused = async |url: &str, expected: &str| {
        let (code, out, err) = run(TODAY, url, &["report"]).await;
        assert_eq!((code, out.as_str(), err.lines().count()), (2, "", 1), "{err}");
        assert!(err.starts_with("error: ") && err.contains(expected), "{err} does not say {expected}");
    };
    let migrate =
        "the database has no tables for loans yet (schema \"es\"); run `import` first, which makes them";
    refused(database.url(), migrate).await;
    refused("postgres://localhost:1/loans", "no PostgreSQL answers at localhost:1").await;
    refused("nonsense", "the database URL cannot be read").await;
    let (with_name, query) = database.url().split_once('?').unwrap_or((database.url(), ""));
    let server = with_name.rsplit_once('/').map_or(with_name, |(server, _)| server);
    let elsewhere = format!("{server}/no_such_database?{query}");
    refused(&elsewhere, "the server has no database \"no_such_database\"").await;
    assert_eq!(import(TODAY, database.url(), &sample()).await, (SAMPLE, 0));
}

/// A folder of this test run, passable for the user that a server runs as.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the test folder takes folders");
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_is_one_sentence_and_the_next_run_goes_on() {
    let folder = folder("goes-away");
    let rules = folder.join("hba");
    fs::write(&rules, "local all postgres trust\nlocal all all scram-sha-256\n")
        .expect("the folder takes files");
    let start = || {
        let cluster = Cluster::persistent(folder.join("server"));
        cluster.setting(&format!("hba_file = '{}'", rules.display())).start()
    };
    let server = start().await.expect("a server");
    let url = server.url().to_owned();

    let stranger = url.replace("postgres@", "eve:wrong@");
    let (code, out, err) = run(TODAY, &stranger, &["report"]).await;
    assert_eq!((code, out.as_str(), err.lines().count()), (2, "", 1), "{err}");
    assert!(err.starts_with("error: the server refuses user \"eve\": "), "{err}");

    let store = PostgresStore::migrate(&url).await.expect("a store");
    let lines = sample_lines();
    let cut_off = Piped::start(&url, &lines[..90]);
    until_stored(&store, 90).await;
    store.close().await;
    drop(server);
    let (code, out, err) = cut_off.ended(Some(&lines[90..])).await;
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    let (stopped, error) = err.split_once('\n').expect("two lines");
    assert!(stopped.starts_with("stopped: 90 records imported, 0 were there before ("), "{err}");
    assert!(stopped.ends_with("; the next run resumes"), "{err}");
    assert!(error.starts_with("error: the store is not available: ") && error.lines().count() == 1, "{err}");

    let _server = start().await.expect("a server");
    assert_eq!(import(TODAY, &url, &sample()).await, (SAMPLE - 90, 90));
    let (code, out, _) = run(TODAY, &url, &["report"]).await;
    assert_eq!((code, out.trim_end()), (0, SAMPLE_REPORT));
    drop(fs::remove_dir_all(folder));
}
