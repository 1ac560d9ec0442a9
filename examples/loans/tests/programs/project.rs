//! `project`, `status` and `recount` as processes, as a user meets them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use crate::common::place::{Folder, Kind, Place, on_both_stores};
use crate::common::{command, said, sample};
use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome, ListQuery, Load};
use es_core::{Metadata, StreamId};
use es_postgres::testing::TestDatabase;
use loans::domain::Application;
use loans::read_models::ReadModels;

const TODAY: &str = env!("CARGO_BIN_EXE_loans");
const IN_2011: &str = env!("CARGO_BIN_EXE_loans-2011");

on_both_stores! {
    the_read_models_follow_the_store_until_ctrl_c_and_the_status_says_how_far_they_are,
    a_read_model_that_differs_from_the_events_is_said_with_both,
    an_event_that_only_a_newer_program_reads_stops_the_read_models_that_need_it_and_no_others,
}

async fn output(mut command: Command) -> (i32, String, String) {
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    said(output.expect("it is waited for").expect("the program starts"))
}

async fn run(place: &Place, args: &[&str]) -> (i32, String, String) {
    output(place.command(TODAY, args)).await
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

async fn until_caught_up(read_models: &ReadModels) {
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

async fn the_read_models_follow_the_store_until_ctrl_c_and_the_status_says_how_far_they_are(kind: Kind) {
    let place = Place::new(kind).await;

    let (code, out, err) = run(&place, &["status"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.lines().skip(1).all(|line| line.ends_with("never run; `loans project` runs it")), "{out}");
    let (code, _, err) = run(&place, &["recount"]).await;
    let none = "error: there are no read models of this store yet; run `loans project`, which makes them\n";
    assert_eq!((code, err.as_str()), (2, none));

    let mut project = place.command(TODAY, &["project"]).spawn().expect("it starts");
    let mut rest = until_said(&mut project, "caught up at position 0; following until Ctrl-C");
    place.import::<Application>(&sample()).await;
    until_caught_up(&place.read_models()).await;

    let (code, out, err) = run(&place, &["status"]).await;
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
    let head = place.store().end().await.expect("an answer").position().to_string();
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

    let (code, out, err) = run(&place, &["project", "--stop-when-caught-up"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with(&format!("4 read models caught up at position {head} (")), "{out}");
    let (code, out, err) = run(&place, &["recount"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("2011-03         12         3         4          3\n"), "{out}");
    assert!(out.trim_end().ends_with(" numbers, and the events say the same"), "{out}");
    let streams = place.store().list_streams(ListQuery::category("loan").limit(100)).await;
    assert_eq!(streams.expect("a listing").len(), 12);
}

async fn a_read_model_that_differs_from_the_events_is_said_with_both(kind: Kind) {
    let place = Place::new(kind).await;
    place.import::<Application>(&sample()).await;
    assert_eq!(run(&place, &["project", "--stop-when-caught-up"]).await.0, 0);
    place.change("UPDATE es_outcomes_1.outcomes_by_month SET approved = 4").await;
    let (code, _, err) = run(&place, &["recount"]).await;
    assert_eq!(code, 2);
    assert_eq!(
        err,
        "error: 1 row of the read models is not what the events say\noutcomes: the read model says OutcomeMonth { month: \
         2011-03-01, submitted: 12, approved: 4, declined: 4, cancelled: 3 }, the events say OutcomeMonth { month: \
         2011-03-01, submitted: 12, approved: 3, declined: 4, cancelled: 3 }\n"
    );
}

async fn an_event_that_only_a_newer_program_reads_stops_the_read_models_that_need_it_and_no_others(
    kind: Kind,
) {
    let place = Place::new(kind).await;
    place.import::<Application>(&sample()).await;
    let (store, stream) = (place.store(), StreamId::new("loan", "900101").expect("a stream id"));
    let revision = store.load(Load::all(&stream), &mut |_| Ok(())).await.expect("it is there").revision;
    let future = [NewEvent::new("loan.declined", 9, b"null".to_vec(), Arc::new(Metadata::new()))];
    let outcome = store.append(Append::new(&stream, revision, &future)).await.expect("an outcome");
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");

    let (code, out, err) = run(&place, &["project", "--stop-when-caught-up"]).await;
    assert_eq!((code, out.as_str()), (2, ""));
    let reason = "version 9 is newer than 1, the newest that this program knows";
    let last = err.lines().last().expect("an error");
    assert!(last.starts_with("error: projection `") && last.contains(reason), "{err}");
    assert!(
        err.lines().any(|line| line.starts_with("stopped: ") && line.ends_with("; the others continue")),
        "{err}"
    );
    let (code, out, _) = run(&place, &["status"]).await;
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
    let folder = Folder::new();
    let (missing, url) = (folder.file("none.db"), "postgres://localhost:1/loans");
    let run = async |url: &str, args: &[&str]| output(command(TODAY, url, args)).await;
    for name in ["status", "project", "dashboard", "recount"] {
        let (code, out, err) = run("", &[name, "--store", "memory"]).await;
        assert_eq!((code, out.as_str(), err.lines().count()), (2, "", 1), "{err}");
        assert!(err.contains("nothing is kept in memory from one run to the next"), "{err}");
        for (url, args) in [(url, vec![name]), ("", vec![name, "--store", url])] {
            let (code, out, err) = run(url, &args).await;
            assert_eq!((code, out.as_str(), err.lines().count()), (2, "", 1), "{err}");
            assert!(err.starts_with("error: no PostgreSQL answers at localhost:1"), "{err}");
        }
    }
    let database = TestDatabase::empty().await.expect("a test database");
    for name in ["status", "dashboard", "recount"] {
        for (args, makes) in [(vec![name], "them"), (vec![name, "--store", &missing], "it")] {
            let (code, out, err) = run(database.url(), &args).await;
            assert_eq!((code, out.as_str(), err.lines().count()), (2, "", 1), "{err}");
            assert!(err.ends_with(&format!("run `import` first, which makes {makes}\n")), "{err}");
        }
    }
    // The programs of earlier years know nothing of today's read models.
    let (code, _, err) = output(command(IN_2011, database.url(), &["project"])).await;
    assert_eq!(code, 2);
    assert!(err.starts_with("error: unrecognized subcommand 'project'"), "{err}");
}
