//! The read models against the events: every figure is computed again by SQL over the view `event_log`, and
//! compared number for number. With `LOANS_FILE` the first of these tests runs on that log, in place of an
//! invented history.

mod common;

use std::path::PathBuf;

use common::{file, import, long_history, sample, sample_lines};
use es_postgres::PostgresStore;
use es_postgres::testing::TestDatabase;
use loans::domain::Application;
use loans::generation::Generation;
use loans::generation_2011::Application2011;
use loans::generation_2012::switched::Application2012;
use loans::read_models::{Figures, ReadModels, Recount, Until, recount};
use sqlx::{Connection, PgConnection};
use time::macros::date;

/// A database with a store, its read models, and a connection to look at them.
struct Fresh {
    store: PostgresStore,
    read_models: ReadModels,
    db: PgConnection,
    _database: TestDatabase,
}

impl Fresh {
    async fn new() -> Self {
        let database = TestDatabase::new().await.expect("a test database");
        let store = database.store().await.expect("a store");
        let db = PgConnection::connect(database.url()).await.expect("a connection");
        Self { read_models: ReadModels::new(&store), store, db, _database: database }
    }

    async fn import<A: Generation>(&self, lines: &[String]) {
        import::<A>(self.store.clone(), &file("log.jsonl", lines.join("\n"))).await;
    }

    async fn catch_up(&self) {
        for done in self.read_models.start(Until::CaughtUp).join_all().await {
            done.expect("all events are projected");
        }
    }

    /// Catches up; gives the figures, which are those of the events.
    async fn exact(&mut self) -> Recount {
        self.catch_up().await;
        let recount = recount(&mut self.db).await.expect("both answer");
        let differences: Vec<_> = recount.differences.iter().map(ToString::to_string).collect();
        assert_eq!(differences, [""; 0]);
        recount
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_figures_of_a_log_are_those_of_its_events() {
    let mut fresh = Fresh::new().await;
    let given = std::env::var_os("LOANS_FILE").map(PathBuf::from);
    let log = given.clone().unwrap_or_else(|| file("long.jsonl", long_history(12).join("\n")));
    let (written, _) = import::<Application>(fresh.store.clone(), &log).await;
    let recount = fresh.exact().await;
    let standings = fresh.read_models.standings().await.expect("an answer");
    assert!(standings.iter().all(|standing| standing.lag() == Some(0)), "{standings:?}");
    println!("{written} events, {} numbers: {:#?}", recount.numbers, recount.figures.decision_times);
    if given.is_none() {
        assert_eq!(written, 12 * 176);
        assert!(recount.numbers > 800, "{} numbers", recount.numbers);
        let months = recount.figures.outcomes.len();
        assert!(months >= 6, "{months} months");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_of_the_sample_are_these() {
    let mut fresh = Fresh::new().await;
    import::<Application>(fresh.store.clone(), &sample()).await;
    let figures = fresh.exact().await.figures;
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
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_waits_until_it_is_started_or_closed_and_is_in_progress_as_often_as_it_was_started() {
    let mut fresh = Fresh::new().await;
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
        fresh.import::<Application>(&lines[..end]).await;
        fresh.exact().await;
    }
    let step_by_step = fresh.exact().await.figures;
    let mut fresh = Fresh::new().await;
    fresh.import::<Application>(&lines).await;
    let figures = fresh.exact().await.figures;
    assert_eq!(figures, step_by_step);
    let changes: Vec<_> =
        figures.work.iter().map(|row| (row.day.day(), row.waiting, row.in_progress)).collect();
    assert_eq!(changes, expected);
    let open: Vec<(String, bool, i32)> =
        sqlx::query_as("SELECT item, waiting, in_progress FROM es_work_in_progress.open_work ORDER BY item")
            .fetch_all(&mut fresh.db)
            .await
            .expect("an answer");
    assert_eq!(open, [("assess_fraud".into(), true, 0), ("handle_leads".into(), false, 1)]);
    let now: Vec<(String, i64, i64)> =
        sqlx::query_as("SELECT item, waiting, in_progress FROM es_work_in_progress.work_now ORDER BY item")
            .fetch_all(&mut fresh.db)
            .await
            .expect("an answer");
    assert_eq!(now, [("assess_fraud".into(), 1, 0), ("handle_leads".into(), 0, 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_are_the_same_whichever_programs_wrote_the_events() {
    let lines = long_history(3);
    let mut today = Fresh::new().await;
    today.import::<Application>(&lines).await;
    let expected = today.exact().await.figures;

    let mut mixed = Fresh::new().await;
    mixed.import::<Application2011>(&lines[..200]).await;
    mixed.exact().await;
    mixed.import::<Application2012>(&lines[..350]).await;
    mixed.exact().await;
    mixed.import::<Application>(&lines).await;
    assert_eq!(mixed.exact().await.figures, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_are_exact_at_every_moment_of_an_import() {
    let mut fresh = Fresh::new().await;
    fresh.catch_up().await;
    let following = fresh.read_models.start(Until::Stopped);
    let log = file("long.jsonl", long_history(12).join("\n"));
    let import = tokio::spawn({
        let store = fresh.store.clone();
        async move { import::<Application>(store, &log).await }
    });
    let (mut moments, mut halfway) = (0, 0);
    loop {
        let imported = import.is_finished();
        let recount = recount(&mut fresh.db).await.expect("both answer");
        assert_eq!(recount.differences, [], "at moment {moments}");
        moments += 1;
        let applications: i64 = recount.figures.outcomes.iter().map(|row| row.submitted).sum();
        halfway += u32::from((1..12 * 12).contains(&applications));
        let standings = fresh.read_models.standings().await.expect("an answer");
        if imported && standings.iter().all(|standing| standing.lag() == Some(0)) {
            break;
        }
    }
    assert_eq!(import.await.expect("it ends"), (12 * 176, 0));
    assert!(halfway > 0, "none of {moments} moments was in the middle");
    drop(following);
}

/// The comparison itself: any number that is not right is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_model_that_is_wrong_is_found() {
    let mut fresh = Fresh::new().await;
    import::<Application>(fresh.store.clone(), &sample()).await;
    let before = fresh.exact().await.figures;
    let changes = [
        ("outcomes", "UPDATE es_outcomes_1.outcomes_by_month SET declined = declined + 1"),
        (
            "decision_times",
            "UPDATE es_decision_times_1.decision_times SET decided_at = decided_at + interval '1 ms'",
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
        let mut undone = fresh.db.begin().await.expect("a transaction");
        sqlx::query(change).execute(&mut *undone).await.expect("it is changed");
        undone.commit().await.expect("it is kept");
        let recount = recount(&mut fresh.db).await.expect("both answer");
        assert!(!recount.differences.is_empty(), "{change}");
        assert!(recount.differences.iter().any(|found| found.read_model == read_model), "{change}");
    }
    let after = Figures::read(&mut fresh.db).await.expect("an answer");
    assert_ne!(after, before);
}
