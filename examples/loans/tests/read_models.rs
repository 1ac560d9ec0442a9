//! The read models against the events, on both stores: every figure is computed again by SQL over them, and
//! compared number for number. With `LOANS_FILE` the first of these tests runs on that log, in place of an
//! invented history.

mod common;

use std::path::PathBuf;
use std::sync::Arc;

use common::place::{Kind, Place, on_both_stores};
use common::{file, long_history, sample, sample_lines};
use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::{Metadata, Revision, StreamId};
use loans::domain::Application;
use loans::generations::Generation;
use loans::generations::in_2011::Application2011;
use loans::generations::in_2012::switched::Application2012;
use loans::read_models::{Recount, Until};
use time::macros::date;

on_both_stores! {
    all_figures_of_a_log_are_those_of_its_events,
    the_figures_of_the_sample_are_these,
    work_waits_until_it_is_started_or_closed_and_is_in_progress_as_often_as_it_was_started,
    the_figures_are_the_same_whichever_programs_wrote_the_events,
    the_figures_are_exact_at_every_moment_of_an_import,
    a_read_model_that_is_wrong_is_found,
    what_is_decided_twice_or_was_never_submitted_stops_the_decision_times,
}

async fn import<A: Generation>(place: &Place, lines: &[String]) {
    place.import::<A>(&file("log.jsonl", lines.join("\n"))).await;
}

/// Catches up; gives the figures, which are those of the events.
async fn exact(place: &Place) -> Recount {
    place.catch_up().await;
    let recount = place.read_models().recount().await.expect("both answer");
    let differences: Vec<_> = recount.differences.iter().map(ToString::to_string).collect();
    assert_eq!(differences, [""; 0]);
    recount
}

async fn all_figures_of_a_log_are_those_of_its_events(kind: Kind) {
    let place = Place::new(kind).await;
    let given = std::env::var_os("LOANS_FILE").map(PathBuf::from);
    let log = given.clone().unwrap_or_else(|| file("long.jsonl", long_history(12).join("\n")));
    let (written, _) = place.import::<Application>(&log).await;
    let recount = exact(&place).await;
    let standings = place.read_models().standings().await.expect("an answer");
    assert!(standings.iter().all(|standing| standing.lag() == Some(0)), "{standings:?}");
    println!("{written} events, {} numbers: {:#?}", recount.numbers, recount.figures.decision_times);
    if given.is_none() {
        assert_eq!(written, 12 * 176);
        assert!(recount.numbers > 800, "{} numbers", recount.numbers);
        let months = recount.figures.outcomes.len();
        assert!(months >= 6, "{months} months");
    }
}

async fn the_figures_of_the_sample_are_these(kind: Kind) {
    let place = Place::new(kind).await;
    place.import::<Application>(&sample()).await;
    let figures = exact(&place).await.figures;
    let outcomes: Vec<_> = figures
        .outcomes
        .iter()
        .map(|row| (row.month, row.submitted, row.approved, row.declined, row.cancelled))
        .collect();
    assert_eq!(outcomes, [(date!(2011 - 03 - 01), 12, 3, 4, 3)]);
    let decided: Vec<_> =
        figures.decision_times.iter().map(|row| (row.outcome.as_deref(), row.applications)).collect();
    assert_eq!(decided, [(Some("approved"), 3), (Some("cancelled"), 3), (Some("declined"), 4), (None, 10)]);
    assert_eq!(figures.decided_within.iter().sum::<i64>(), 10);

    // The same by counting the lines of the file.
    let lines = sample_lines();
    let count = |activity: &str, lifecycle: &str| {
        let is = |line: &&String| line.contains(activity) && line.contains(lifecycle);
        i64::try_from(lines.iter().filter(is).count()).expect("few")
    };
    for (item, [scheduled, started, completed, ..]) in figures.work_by_item() {
        let known = loans::domain::WorkItem::ALL.into_iter().find(|known| known.name() == item);
        let dutch = format!("\"W_{}\"", known.expect("a work item").dutch());
        let expected = ["SCHEDULE", "START", "COMPLETE"].map(|lifecycle| count(&dutch, lifecycle));
        assert_eq!([scheduled, started, completed], expected, "{item}");
    }
    for (resource, [started, completed]) in figures.load_by_resource() {
        let by = |lifecycle: &str| {
            let is = |line: &&String| {
                let who = match resource.as_str() {
                    "" => !line.contains("\"resource\""),
                    who => line.contains(&format!("\"resource\":\"{who}\"")),
                };
                who && line.contains("\"W_") && line.contains(lifecycle)
            };
            i64::try_from(lines.iter().filter(is).count()).expect("few")
        };
        assert_eq!([started, completed], [by("START"), by("COMPLETE")], "{resource}");
    }
}

/// One application with work in each order that its desk allows.
async fn work_waits_until_it_is_started_or_closed_and_is_in_progress_as_often_as_it_was_started(kind: Kind) {
    let place = Place::new(kind).await;
    let mut lines = Vec::new();
    let mut record = |day: u32, activity: &str, lifecycle: &str| {
        let (seq, amount) = (lines.len(), if lines.is_empty() { r#","amount":5000"# } else { "" });
        lines.push(format!(
            r#"{{"case":"7","seq":{seq},"time":"2011-03-{day:02}T12:00:00Z","activity":"{activity}","lifecycle":"{lifecycle}"{amount}}}"#
        ));
    };
    let leads = "W_Afhandelen leads";
    let fraud = "W_Beoordelen fraude";
    record(1, "A_SUBMITTED", "COMPLETE");
    record(1, "A_PARTLYSUBMITTED", "COMPLETE");
    record(2, leads, "SCHEDULE"); // waits
    record(3, leads, "SCHEDULE"); // still once
    record(4, leads, "START"); // one person
    record(5, leads, "START"); // two
    record(6, leads, "SCHEDULE"); // and wanted once more
    record(7, leads, "COMPLETE"); // one person again; the new one still waits
    record(8, leads, "COMPLETE"); // nobody; it still waits
    record(9, leads, "COMPLETE"); // closed without a start
    record(10, leads, "COMPLETE"); // closed again: nothing was open
    record(11, fraud, "SCHEDULE"); // left open
    record(12, leads, "START"); // left in progress
    let expected = [
        (2, 1, 0),
        (3, 0, 0),
        (4, -1, 1),
        (5, 0, 1),
        (6, 1, 0),
        (7, 0, -1),
        (8, 0, -1),
        (9, -1, 0),
        (10, 0, 0),
        (11, 1, 0),
        (12, 0, 1),
    ];

    // However the events are divided into batches: one by one here, all at once below.
    for end in 1..=lines.len() {
        import::<Application>(&place, &lines[..end]).await;
        exact(&place).await;
    }
    let step_by_step = exact(&place).await.figures;
    let place = Place::new(kind).await;
    import::<Application>(&place, &lines).await;
    let figures = exact(&place).await.figures;
    assert_eq!(figures, step_by_step);
    let changes: Vec<_> =
        figures.work.iter().map(|row| (row.day.day(), row.waiting, row.in_progress)).collect();
    assert_eq!(changes, expected);
    let open: Vec<(String, bool, i32)> = place
        .rows("SELECT item, waiting, in_progress FROM es_work_in_progress_1.open_work ORDER BY item")
        .await;
    assert_eq!(open, [("assess_fraud".into(), true, 0), ("handle_leads".into(), false, 1)]);
    let now: Vec<(String, i64, i64)> = place
        .rows("SELECT item, waiting, in_progress FROM es_work_in_progress_1.work_now ORDER BY item")
        .await;
    assert_eq!(now, [("assess_fraud".into(), 1, 0), ("handle_leads".into(), 0, 1)]);
}

async fn the_figures_are_the_same_whichever_programs_wrote_the_events(kind: Kind) {
    let lines = long_history(3);
    let today = Place::new(kind).await;
    import::<Application>(&today, &lines).await;
    let expected = exact(&today).await.figures;

    let mixed = Place::new(kind).await;
    import::<Application2011>(&mixed, &lines[..200]).await;
    exact(&mixed).await;
    import::<Application2012>(&mixed, &lines[..350]).await;
    exact(&mixed).await;
    import::<Application>(&mixed, &lines).await;
    assert_eq!(exact(&mixed).await.figures, expected);
}

async fn the_figures_are_exact_at_every_moment_of_an_import(kind: Kind) {
    let place = Place::new(kind).await;
    place.catch_up().await;
    let read_models = place.read_models();
    let following = read_models.start(Until::Stopped);
    let log = file("long.jsonl", long_history(12).join("\n"));
    let import = tokio::spawn({
        let store = place.store();
        async move { common::import::<Application>(store, &log).await }
    });
    let (mut moments, mut halfway) = (0, 0);
    loop {
        let imported = import.is_finished();
        let recount = read_models.recount().await.expect("both answer");
        assert_eq!(recount.differences, [], "at moment {moments}");
        moments += 1;
        let applications: i64 = recount.figures.outcomes.iter().map(|row| row.submitted).sum();
        halfway += u32::from((1..12 * 12).contains(&applications));
        let standings = place.read_models().standings().await.expect("an answer");
        if imported && standings.iter().all(|standing| standing.lag() == Some(0)) {
            break;
        }
    }
    assert_eq!(import.await.expect("it ends"), (12 * 176, 0));
    assert!(halfway > 0, "none of {moments} moments was in the middle");
    drop(following);
}

/// The comparison itself: any number that is not right is found.
async fn a_read_model_that_is_wrong_is_found(kind: Kind) {
    let place = Place::new(kind).await;
    place.import::<Application>(&sample()).await;
    let before = exact(&place).await.figures;
    let changes = [
        ("outcomes", "UPDATE es_outcomes_1.outcomes_by_month SET declined = declined + 1"),
        (
            "decision_times",
            "UPDATE es_decision_times_1.decision_times SET submitted_at = decided_at WHERE outcome = 'approved'",
        ),
        (
            "work_in_progress",
            "DELETE FROM es_work_in_progress_1.work_by_day WHERE day = (SELECT max(day) FROM es_work_in_progress_1.work_by_day)",
        ),
        (
            "resource_load",
            "UPDATE es_resource_load_1.resource_load SET completed = completed - 1 WHERE resource = 'anna'",
        ),
    ];
    for (read_model, change) in changes {
        place.change(change).await;
        let recount = place.read_models().recount().await.expect("both answer");
        assert!(!recount.differences.is_empty(), "{change}");
        assert!(recount.differences.iter().any(|found| found.read_model == read_model), "{change}");
    }
    let after = place.read_models().figures().await.expect("an answer");
    assert_ne!(after, before);
}

/// A declined application, with an event more than its commands allow.
async fn append(place: &Place, case: &str, after: u64, name: &'static str) {
    let stream = StreamId::new("loan", case).expect("a stream id");
    let events = [NewEvent::new(name, 1, b"null".to_vec(), Arc::new(Metadata::new()))];
    let append = Append::new(&stream, Revision::new(after), &events);
    let outcome = place.store().append(append).await.expect("an outcome");
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
}

async fn what_is_decided_twice_or_was_never_submitted_stops_the_decision_times(kind: Kind) {
    // In the batch of the first decision, after that batch, and without a submission.
    for (case, after, caught_up) in [("900102", 6, false), ("900102", 6, true), ("17", 0, false)] {
        let place = Place::new(kind).await;
        place.import::<Application>(&sample()).await;
        if caught_up {
            place.catch_up().await;
        }
        append(&place, case, after, "loan.cancelled").await;
        let ended = place.read_models().start(Until::CaughtUp).join_all().await;
        let failed: Vec<_> = ended.into_iter().filter_map(|done| Some(done.err()?.to_string())).collect();
        let expected = "an application was decided twice, or without being submitted";
        assert!(failed.len() == 1 && failed[0].contains(expected), "{case} {caught_up}: {failed:?}");
    }
}

/// To the last digit, percentiles included.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_and_a_file_have_the_same_figures() {
    let mut figures = Vec::new();
    for kind in [Kind::Database, Kind::File] {
        let place = Place::new(kind).await;
        import::<Application>(&place, &long_history(7)).await;
        figures.push(exact(&place).await.figures);
    }
    assert_eq!(figures[0], figures[1]);
    assert_eq!(figures[0].decision_times.len(), 4);
}
