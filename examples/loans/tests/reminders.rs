//! Reminders against the events, on both stores: which there are is found again by SQL over the events. With
//! `LOANS_FILE` the test of killed programs runs on that log, in place of an invented history; `LOANS_SEED`
//! repeats a run.

mod common;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use common::place::{Kind, Place, TestedStore, on_both_stores};
use common::{SAMPLE_REPORT, file, long_history, said, sample_lines};
use loans::domain::Application;
use loans::reminders::{EventLog, Expected};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

const TODAY: &str = env!("CARGO_BIN_EXE_loans");

/// When the invented applications below come in.
const FIRST: OffsetDateTime = datetime!(2011-10-01 8:00 UTC);

on_both_stores! {
    silences_of_thirty_days_without_a_decision_become_reminders,
    reminders_change_no_other_figure,
    programs_that_are_killed_end_in_the_same_reminders,
    a_reminder_too_many_is_found,
}

/// A record of an application, so many hours after the first.
fn line(case: &str, seq: u32, hours: i64, activity: &str) -> String {
    let time = (FIRST + time::Duration::hours(hours)).format(&Rfc3339).expect("a year of four digits");
    let amount = if seq == 0 { ",\"amount\":5000" } else { "" };
    format!(
        "{{\"case\":\"{case}\",\"seq\":{seq},\"time\":\"{time}\",\"activity\":\"{activity}\",\
         \"lifecycle\":\"COMPLETE\"{amount}}}"
    )
}

async fn import(place: &Place, lines: &[String]) {
    place.import::<Application>(&file("log.jsonl", lines.join("\n"))).await;
}

async fn remind(place: &Place) -> (i32, String, String) {
    let mut command = place.command(TODAY, &["remind"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    said(output.expect("it is waited for").expect("the program starts"))
}

/// What there is, and what the events call for.
async fn expected(place: &Place) -> Expected {
    let log = match place {
        Place::Database(database, _) => EventLog::Database(database.url().to_owned()),
        Place::File(folder, _) => EventLog::File(folder.path().join("loans.db")),
    };
    log.expected(place.store().end().await.expect("an answer").position()).await.expect("an answer")
}

/// The reminders as applications and hours after the first record.
fn hours(reminders: &BTreeSet<(String, i64)>) -> Vec<(&str, i64)> {
    let hour = |micros: i64| (micros / 1_000_000 - FIRST.unix_timestamp()) / 3_600;
    reminders.iter().map(|(key, at)| (key.as_str(), hour(*at))).collect()
}

async fn silences_of_thirty_days_without_a_decision_become_reminders(kind: Kind) {
    let place = Place::new(kind).await;
    let records = [
        // Goes on after 35 days, and is decided then.
        ("gap", 0, "A_SUBMITTED"),
        ("gap", 35 * 24, "A_PARTLYSUBMITTED"),
        ("gap", 36 * 24, "A_DECLINED"),
        // After 30 days to the hour, and after that not at all.
        ("still", 0, "A_SUBMITTED"),
        ("still", 30 * 24, "A_PARTLYSUBMITTED"),
        // An hour before that; and decided on the same day.
        ("lively", 0, "A_SUBMITTED"),
        ("lively", 30 * 24 - 1, "A_PARTLYSUBMITTED"),
        ("lively", 30 * 24, "A_CANCELLED"),
        // The decision itself comes late.
        ("late", 0, "A_SUBMITTED"),
        ("late", 1, "A_PARTLYSUBMITTED"),
        ("late", 90 * 24, "A_DECLINED"),
        // An hour before its time at the end of the log.
        ("young", 60 * 24 + 1, "A_SUBMITTED"),
    ];
    let mut lines: Vec<_> = records
        .iter()
        .enumerate()
        .map(|(at, (case, hours, activity))| {
            let seq = records[..at].iter().filter(|(other, ..)| other == case).count();
            (*hours, line(case, u32::try_from(seq).expect("few"), *hours, activity))
        })
        .collect();
    lines.sort_by_key(|(hours, _)| *hours);
    let lines: Vec<_> = lines.into_iter().map(|(_, line)| line).collect();

    // First up to the 36th day, where another program has been before.
    let (before, all) = (lines.len() - 2, lines.len());
    import(&place, &lines[..before]).await;
    let (code, out, err) = remind(&place).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_eq!(hours(&expected(&place).await.raised), [("gap", 720), ("late", 721), ("still", 720)]);

    import(&place, &lines[..all]).await;
    let (code, out, err) = remind(&place).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let found = expected(&place).await;
    assert_eq!(hours(&found.raised), [("gap", 720), ("late", 721), ("still", 720), ("still", 1_440)]);
    assert!(found.is_met(), "{found:?}");
    let summary = "4 reminders of 3 applications, 1 of which stand still at the end of the log\n\
                   by SQL over the events: 4\n";
    assert!(out.starts_with(summary), "{out}");
}

async fn reminders_change_no_other_figure(kind: Kind) {
    let place = Place::new(kind).await;
    let mut lines = sample_lines();
    import(&place, &lines).await;
    place.catch_up().await;
    let before = place.read_models().figures().await.expect("an answer");
    // One that comes in later makes the log long enough.
    lines.push(line("later", 0, 0, "A_SUBMITTED"));
    import(&place, &lines).await;
    let (code, out, err) = remind(&place).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with("2 reminders of 2 applications, 2 of which stand still"), "{out}");
    place.catch_up().await;
    let recount = place.read_models().recount().await.expect("both answer");
    assert_eq!(recount.differences, []);
    assert_eq!(recount.figures.decision_times, before.decision_times);
    let mut command = place.command(TODAY, &["report"]);
    let report = tokio::task::spawn_blocking(move || command.output()).await;
    let (_, report, _) = said(report.expect("it is waited for").expect("it starts"));
    let (expected, _) = SAMPLE_REPORT.split_once("open").expect("a line of those that are open");
    assert!(report.starts_with(expected) && report.trim_end().ends_with("177 events"), "{report}");
}

/// Waits until the store has grown by so many positions, or the program has ended.
async fn until_grown(store: &dyn TestedStore, by: u64, program: &mut std::process::Child) {
    let from = store.end().await.expect("an answer").position().get();
    while store.end().await.expect("an answer").position().get() < from + by
        && program.try_wait().expect("it is a child").is_none()
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn programs_that_are_killed_end_in_the_same_reminders(kind: Kind) {
    let seed = std::env::var("LOANS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("LOANS_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let place = Place::new(kind).await;
    let given = std::env::var_os("LOANS_FILE").map(PathBuf::from);
    let log = given.clone().unwrap_or_else(|| file("long.jsonl", long_history(6).join("\n")));
    let (events, _) = place.import::<Application>(&log).await;
    let mut kills = 0;
    for _ in 0..5 {
        let mut command = place.command(TODAY, &["remind"]);
        let mut program = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        until_grown(&*place.store(), random.u64(..=events / 5), &mut program).await;
        kills += u32::from(program.try_wait().expect("it is a child").is_none());
        let _ = program.kill();
        program.wait().expect("it ends");
    }
    let (code, out, err) = remind(&place).await;
    assert_eq!(code, 0, "{out}{err}");
    let found = expected(&place).await;
    println!("{kills} kills, {} reminders, {} by SQL\n{out}", found.events, found.by_rule.len());
    assert!(found.is_met() && kills > 0 && !found.raised.is_empty(), "{found:?}");
}

async fn a_reminder_too_many_is_found(kind: Kind) {
    use es_core::Repository;
    use loans::domain::ApplicationId;
    use loans::reminders::{Raise, Reminder};

    let place = Place::new(kind).await;
    import(&place, &sample_lines()).await;
    let reminders = Repository::<Reminder, _>::new(place.store());
    reminders.execute(&ApplicationId("900101".into()), Raise {}).await.expect("it is raised");
    let (code, _, err) = remind(&place).await;
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("1 differ, 0 were raised twice\nthat of 900101 at "), "{err}");
}
