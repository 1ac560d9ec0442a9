//! `project`, `status` and `recount` as processes, as a user meets them.

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use common::{command, import, said, sample};
use es_core::{
    Append, AppendOutcome, EventStore, ListQuery, ListStreams, Load, Metadata, NewEvent, ReadAll, StreamId,
};
use es_postgres::PostgresStore;
use es_postgres::testing::TestDatabase;
use loans::domain::Application;
use loans::read_models::ReadModels;

const TODAY: &str = env!("CARGO_BIN_EXE_loans");
const IN_2011: &str = env!("CARGO_BIN_EXE_loans-2011");

async fn run(url: &str, args: &[&str]) -> (i32, String, String) {
    let mut command = command(TODAY, url, args);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    said(output.expect("it is waited for").expect("the program starts"))
}

/// Waits until a line of the standard error begins so.
fn until_said(child: &mut Child, beginning: &str) -> BufReader<std::process::ChildStderr> {
    let mut err = BufReader::new(child.stderr.take().expect("it was asked for"));
    let mut line = String::new();
    while !line.starts_with(beginning) {
        line.clear();
        assert!(err.read_line(&mut line).expect("it prints text") > 0, "it ended without {beginning:?}");
    }
    err
}

fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "no signal was sent");
}

async fn until_caught_up(store: &PostgresStore) {
    let read_models = ReadModels::new(store);
    let all = async {
        while read_models
            .standings()
            .await
            .expect("an answer")
            .iter()
            .any(|standing| standing.lag() != Some(0))
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), all).await.expect("they catch up");
}

/// The cells of a table without the spaces between them.
fn cells(table: &str) -> Vec<Vec<&str>> {
    fn row(line: &str) -> Vec<&str> {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
    }
    table.lines().map(row).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_read_models_follow_the_store_until_ctrl_c_and_the_status_says_how_far_they_are() {
    let database = TestDatabase::new().await.expect("a test database");
    let (url, store) = (database.url(), database.store().await.expect("a store"));

    let (code, out, err) = run(url, &["status"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.lines().skip(1).all(|line| line.ends_with("never run; `loans project` runs it")), "{out}");
    let (code, _, err) = run(url, &["recount"]).await;
    let none =
        "error: there are no read models in this database yet; run `loans project`, which makes them\n";
    assert_eq!((code, err.as_str()), (2, none));

    let mut project = command(TODAY, url, &["project"]).spawn().expect("it starts");
    let mut rest = until_said(&mut project, "caught up at position 0; following until Ctrl-C");
    import::<Application>(store.clone(), &sample()).await;
    until_caught_up(&store).await;

    let (code, out, err) = run(url, &["status"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    let rows = cells(&out);
    let heads = [
        "read model",
        "position",
        "head",
        "lag",
        "lag (s)",
        "events",
        "events/s",
        "dead letters",
        "owner",
        "last error",
    ];
    assert_eq!(rows[0], heads);
    let head = store.head().await.expect("an answer").position().to_string();
    let owner = format!("process {}", project.id());
    for (row, (name, events)) in rows[1..].iter().zip([
        ("outcomes", "22"),
        ("decision_times", "22"),
        ("work_in_progress", "78"),
        ("resource_load", "54"),
    ]) {
        assert_eq!(row[..6], [name, &head, &head, "0", "0.0", events], "{out}");
        assert_eq!(row[7..], ["0", &owner, "-"], "{out}");
    }

    signal(&project, "-INT");
    let ended = tokio::task::spawn_blocking(move || project.wait()).await;
    assert_eq!(ended.expect("it is waited for").expect("it ends").code(), Some(0));
    let mut last = String::new();
    rest.read_line(&mut last).expect("it prints text");
    assert_eq!(last, "");

    let (code, out, err) = run(url, &["project", "--stop-when-caught-up"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with(&format!("4 read models caught up at position {head} (")), "{out}");
    let (code, out, err) = run(url, &["recount"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("2011-03         12         3         4          3\n"), "{out}");
    assert!(out.trim_end().ends_with(" numbers, and the events say the same"), "{out}");
    assert_eq!(
        store.list_streams(ListQuery::category("loan").limit(100)).await.expect("a listing").len(),
        12
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_model_that_differs_from_the_events_is_said_with_both() {
    let database = TestDatabase::new().await.expect("a test database");
    let (url, store) = (database.url(), database.store().await.expect("a store"));
    import::<Application>(store, &sample()).await;
    assert_eq!(run(url, &["project", "--stop-when-caught-up"]).await.0, 0);
    let mut db = <sqlx::PgConnection as sqlx::Connection>::connect(url).await.expect("a connection");
    let change = "UPDATE es_outcomes_1.outcomes_by_month SET approved = 4";
    sqlx::query(change).execute(&mut db).await.expect("it is changed");
    let (code, _, err) = run(url, &["recount"]).await;
    assert_eq!(code, 2);
    assert_eq!(
        err,
        "error: 1 row of the read models is not what the events say\noutcomes: the read model says OutcomeMonth { month: \
         2011-03-01, submitted: 12, approved: 4, declined: 4, cancelled: 3 }, the events say OutcomeMonth { month: \
         2011-03-01, submitted: 12, approved: 3, declined: 4, cancelled: 3 }\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_only_a_newer_program_reads_stops_the_read_models_that_need_it_and_no_others() {
    let database = TestDatabase::new().await.expect("a test database");
    let (url, store) = (database.url(), database.store().await.expect("a store"));
    import::<Application>(store.clone(), &sample()).await;
    let stream = StreamId::new("loan", "900101").expect("a stream id");
    let revision = store.load(Load::all(&stream), &mut |_| Ok(())).await.expect("it is there").revision;
    let future = [NewEvent::new("loan.declined", 9, b"null".to_vec(), Arc::new(Metadata::new()))];
    let outcome = store.append(Append::new(&stream, revision, &future)).await.expect("an outcome");
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");

    let (code, out, err) = run(url, &["project", "--stop-when-caught-up"]).await;
    assert_eq!((code, out.as_str()), (2, ""));
    let reason = "version 9 is newer than 1, the newest that this program knows";
    let last = err.lines().last().expect("an error");
    assert!(last.starts_with("error: projection `") && last.contains(reason), "{err}");
    assert!(
        err.lines().any(|line| line.starts_with("stopped: ") && line.ends_with("; the others go on")),
        "{err}"
    );
    let (code, out, _) = run(url, &["status"]).await;
    assert_eq!(code, 0);
    let rows = cells(&out);
    for row in &rows[1..3] {
        assert!(row[9].contains(reason), "{out}");
        assert_eq!(row[5], "22");
    }
    for (row, events) in rows[3..].iter().zip(["78", "54"]) {
        assert_eq!((row[3], row[5], row[9]), ("0", events, "-"), "{out}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_work_is_said_in_one_sentence_with_exit_code_2() {
    for args in [["status"], ["project"], ["dashboard"], ["recount"]] {
        let (code, out, err) = run("", &[args[0], "--store", "memory"]).await;
        let sentence = "error: read models are tables in PostgreSQL, so there are none with `--store memory`; leave it out\n";
        assert_eq!((code, out.as_str(), err.as_str()), (2, "", sentence));
        let (code, out, err) = run("postgres://localhost:1/loans", &args).await;
        assert_eq!((code, out.as_str(), err.lines().count()), (2, "", 1), "{err}");
        assert!(err.starts_with("error: no PostgreSQL answers at localhost:1"), "{err}");
    }
    let database = TestDatabase::empty().await.expect("a test database");
    for args in [["status"], ["dashboard"], ["recount"]] {
        let (code, out, err) = run(database.url(), &args).await;
        assert_eq!((code, out.as_str(), err.lines().count()), (2, "", 1), "{err}");
        assert!(err.contains("run `import` first, which makes them"), "{err}");
    }
    // The programs of earlier years know nothing of today's read models.
    let output = command(IN_2011, database.url(), &["project"]).output().expect("the program starts");
    let (code, _, err) = said(output);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: unrecognized subcommand 'project'"), "{err}");
}
