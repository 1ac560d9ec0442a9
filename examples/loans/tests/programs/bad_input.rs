//! Bad records: each is reported with its line and its reason, none is written, and `skip_bad` continues.

use crate::common::{SAMPLE, events, file, import, report, run, sample_lines};
use es_core::store::Load;
use es_core::{EventStore, MemoryStore, Revision, StreamId};
use loans::domain::Application;

/// The sample with one line changed. Lines count from 1.
fn changed(line: usize, change: impl FnOnce(&str) -> String) -> Vec<String> {
    let mut lines = sample_lines();
    lines[line - 1] = change(&lines[line - 1]);
    lines
}

/// The line of the sample that holds a part, from 1 on.
fn line_of(parts: &[&str]) -> usize {
    let lines = sample_lines();
    let at = lines.iter().position(|line| parts.iter().all(|part| line.contains(part)));
    at.expect("the sample has such a line") + 1
}

/// Imports lines with something wrong; gives the error, without the file's name. All records before the bad
/// line are written, and none of its application from there on.
async fn error_of(lines: &[String], bad: usize) -> String {
    let path = file("bad.jsonl", lines.join("\n"));
    let before = file("good.jsonl", lines[..bad - 1].join("\n"));
    let mut errors = Vec::new();
    for concurrency in [1, 16] {
        let store = MemoryStore::new();
        let with = |import: loans::import::Import<_, _>| import.concurrency(concurrency);
        let (_, _, outcome) = run::<Application>(store.clone(), &path, with).await;
        errors.push(outcome.expect_err("a line is bad").to_string());

        let expected = MemoryStore::new();
        assert_eq!(import::<Application>(expected.clone(), &before).await, (bad as u64 - 1, 0));
        let case = loans::import::Record::case_of(lines[bad - 1].as_bytes());
        if let Some(id) = case {
            let stream = StreamId::new("loan", id.0).expect("a name");
            assert_eq!(revision(&store, &stream).await, revision(&expected, &stream).await, "{}", errors[0]);
        }
        assert_eq!(import::<Application>(store, &before).await, (0, bad as u64 - 1), "{}", errors[0]);
    }
    assert_eq!(errors[0], errors[1], "however many work at a time");
    let name = format!("{}, ", path.display());
    errors[0].strip_prefix(&name).expect("the error names the file").to_owned()
}

/// As [`error_of`] for a line that already the reader refuses: nothing after it is written either.
async fn refusal_of(lines: &[String], bad: usize) -> String {
    let store = MemoryStore::new();
    let path = file("refused.jsonl", lines.join("\n"));
    let (written, _, _) = run::<Application>(store.clone(), &path, |import| import).await;
    assert_eq!((written, events(&store).await.len()), (bad as u64 - 1, bad - 1));
    error_of(lines, bad).await
}

async fn revision(store: &MemoryStore, stream: &StreamId) -> Revision {
    store.load(Load::all(stream), &mut |_| Ok(())).await.expect("memory is there").revision
}

#[tokio::test]
async fn a_line_that_is_no_record_is_named_and_nothing_of_it_is_written() {
    type Change = fn(&str) -> String;
    let cases: [(Change, &str); 5] = [
        (|line| line[..20].to_owned(), "it is not a record: EOF while parsing a string at column 20"),
        (|_| String::new(), "it is empty"),
        (|_| "x".repeat(70_000), "it is longer than 65536 bytes"),
        (
            |line| line.replace("\"case\":", "\"kase\":"),
            "it is not a record: unknown field `kase`, expected one of `case`, `seq`, `time`, `activity`, `lifecycle`, `resource`, `amount` at column 7",
        ),
        (|_| "[1]".into(), "it is no JSON object"),
    ];
    for (change, expected) in cases {
        assert_eq!(refusal_of(&changed(60, change), 60).await, format!("line 60: {expected}"));
    }
}

#[tokio::test]
async fn a_record_that_says_something_wrong_is_named_with_its_application() {
    let line = line_of(&["900105", "\"seq\":10,"]);
    let cases: [(&str, &str, &str); 8] = [
        ("W_Nabellen offertes", "W_Koffie zetten", "the activity \"W_Koffie zetten\" is unknown"),
        ("W_Nabellen offertes", "A_FOO", "the activity \"A_FOO\" is unknown"),
        (
            "SCHEDULE",
            "SUSPEND",
            "the lifecycle \"SUSPEND\" does not fit W_Nabellen offertes; it takes SCHEDULE, START or COMPLETE",
        ),
        ("+01:00", "", "the time \"2011-03-02T20:14:36.373\" is none by RFC 3339"),
        ("2011-03-02T", "2011-13-02T", "the time \"2011-13-02T20:14:36.373+01:00\" is none by RFC 3339"),
        (
            "2011-03-02T",
            "2010-03-02T",
            "the time 2010-03-02T20:14:36.373+01:00 is before 2011-03-02T20:14:34.917+01:00, the time of the record \
             before it",
        ),
        ("bram", "", "the resource is empty, over 255 bytes, or holds a control character"),
        ("}", ",\"amount\":5}", "W_Nabellen offertes takes no amount; only A_SUBMITTED does"),
    ];
    for (from, to, expected) in cases {
        let lines = changed(line, |line| {
            assert!(line.contains(from), "{line} has no {from}");
            line.replace(from, to)
        });
        let error = refusal_of(&lines, line).await;
        assert_eq!(error, format!("line {line}: application 900105: {expected}"));
    }
}

#[tokio::test]
async fn a_submission_needs_an_amount_that_can_be_one() {
    let line = line_of(&["900103", "A_SUBMITTED"]);
    let cases = [
        (",\"amount\":20000", "", "A_SUBMITTED has no amount"),
        (":20000", ":-1", "the amount -1 is not between 0 and 4294967295 euros"),
        (":20000", ":4294967296", "the amount 4294967296 is not between 0 and 4294967295 euros"),
    ];
    for (from, to, expected) in cases {
        let error = refusal_of(&changed(line, |line| line.replace(from, to)), line).await;
        assert_eq!(error, format!("line {line}: application 900103: {expected}"));
    }
    let error = refusal_of(&changed(line, |line| line.replace(":20000", ":0.5")), line).await;
    assert!(
        error.contains("it is not a record: invalid type: floating point `0.5`, expected i64"),
        "{error}"
    );
}

#[tokio::test]
async fn a_record_that_comes_twice_or_is_missing_is_named() {
    let line = line_of(&["900105", "\"seq\":7,"]);
    let mut twice = sample_lines();
    twice.insert(line, twice[line - 1].clone());
    assert_eq!(
        refusal_of(&twice, line + 1).await,
        format!("line {}: application 900105: record 7 is there twice; the next should be 8", line + 1)
    );

    let mut missing = sample_lines();
    missing.remove(line - 1);
    let next = missing.iter().position(|line| line.contains("900105") && line.contains("\"seq\":8,"));
    let next = next.expect("it is there") + 1;
    assert_eq!(
        refusal_of(&missing, next).await,
        format!(
            "line {next}: application 900105: record 8 follows where 7 should; what is between them is missing"
        )
    );

    let late = changed(line_of(&["900110", "A_SUBMITTED"]), |line| line.replace("\"seq\":0", "\"seq\":1"));
    let line = line_of(&["900110", "A_SUBMITTED"]);
    assert_eq!(
        refusal_of(&late, line).await,
        format!(
            "line {line}: application 900110: record 1 follows where 0 should; what is between them is missing"
        )
    );
}

#[tokio::test]
async fn a_step_that_makes_no_sense_is_rejected_by_the_application() {
    let line = line_of(&["900103", "O_CREATED"]);
    let lines = changed(line, |line| line.replace("O_CREATED", "O_SENT"));
    assert_eq!(
        error_of(&lines, line).await,
        format!(
            "line {line}: application 900103: cannot send the offer: the next offer is selected, but not created yet"
        )
    );
    let line = line_of(&["900101", "A_DECLINED"]);
    let lines = changed(line, |line| line.replace("A_DECLINED", "A_APPROVED"));
    assert_eq!(
        error_of(&lines, line).await,
        format!(
            "line {line}: application 900101: cannot approve the application: the application is partly submitted"
        )
    );
}

#[tokio::test]
async fn a_record_that_differs_from_what_is_stored_is_named_with_both() {
    let path = file("true.jsonl", sample_lines().join("\n"));
    let store = MemoryStore::new();
    run::<Application>(store.clone(), &path, |import| import).await.2.expect("nothing is wrong");
    let before = events(&store).await;

    let line = line_of(&["900102", "W_Afhandelen leads", "SCHEDULE"]);
    let cases = [
        ("web", "eve", "2011-03-01T14:37:46.283+01:00 by eve", "loan.work.scheduled"),
        ("46.283", "46.284", "2011-03-01T14:37:46.284+01:00 by web", "loan.work.scheduled"),
        ("SCHEDULE", "START", "2011-03-01T14:37:46.283+01:00 by web", "loan.work.started"),
    ];
    for (from, to, when, name) in cases {
        let path = file("differs.jsonl", changed(line, |line| line.replace(from, to)).join("\n"));
        let (written, _, outcome) = run::<Application>(store.clone(), &path, |import| import).await;
        let error = outcome.expect_err("it differs").to_string();
        let scheduled = r#"{"item":"handle_leads","priority":"normal"}"#;
        let payload = if to == "START" { r#"{"item":"handle_leads"}"# } else { scheduled };
        assert_eq!(
            error,
            format!(
                "{}, line {line}: application 900102: the store holds something else as revision 3: \
                 loan.work.scheduled {scheduled} at 2011-03-01T13:37:46.283Z by web, but the record says \
                 {name} {payload} at {when}",
                path.display()
            )
        );
        assert_eq!(written, 0);
    }
    assert_eq!(events(&store).await, before);
}

#[tokio::test]
async fn bad_records_are_skipped_on_request_with_the_rest_of_their_applications() {
    let mut lines = sample_lines();
    let unknown = line_of(&["900103", "A_ACCEPTED"]);
    lines[unknown - 1] = lines[unknown - 1].replace("A_ACCEPTED", "A_FOO");
    let rejected = line_of(&["900112", "O_CREATED"]);
    lines[rejected - 1] = lines[rejected - 1].replace("O_CREATED", "O_SENT");
    let broken = line_of(&["900101", "A_DECLINED"]);
    lines[broken - 1] = "not a record".into();
    let path = file("some-bad.jsonl", lines.join("\n"));

    for concurrency in [1, 16] {
        let store = MemoryStore::new();
        let with = |import: loans::import::Import<_, _>| import.concurrency(concurrency).skip_bad(true);
        let (written, _, outcome) = run::<Application>(store.clone(), &path, with).await;
        let problems = outcome.expect("bad records are skipped").problems;
        let first: Vec<_> = problems.first().iter().map(ToString::to_string).collect();
        let mut expected = [
            (broken, format!("line {broken}: it is no JSON object")),
            (unknown, format!("line {unknown}: application 900103: the activity \"A_FOO\" is unknown")),
            (
                rejected,
                format!(
                    "line {rejected}: application 900112: cannot send the offer: the next offer is selected, but not \
                     created yet"
                ),
            ),
        ];
        expected.sort();
        assert_eq!(first, expected.map(|(_, text)| text));
        assert_eq!((problems.all(), problems.applications()), (3, 2));
        assert_eq!(written + problems.all() + problems.later(), SAMPLE);
        assert_eq!(events(&store).await.len() as u64, written);
        assert!(report::<Application>(store.clone()).await.starts_with(
            "outcome    applications  requested (EUR)\napproved              1           31,000\n"
        ));

        // Once the log is mended, the next run adds what was left out.
        let mended = file("mended.jsonl", sample_lines().join("\n"));
        assert_eq!(import::<Application>(store.clone(), &mended).await, (SAMPLE - written, written));
        assert_eq!(report::<Application>(store).await, crate::common::SAMPLE_REPORT);
    }
}

#[tokio::test]
async fn only_the_first_bad_records_are_kept_and_all_are_counted() {
    let mut lines = vec!["nonsense".to_owned(); 5_000];
    lines.extend(sample_lines());
    let path = file("much-nonsense.jsonl", lines.join("\n"));
    let (written, _, outcome) =
        run::<Application>(MemoryStore::new(), &path, |import| import.skip_bad(true)).await;
    let problems = outcome.expect("bad records are skipped").problems;
    assert_eq!((written, problems.all(), problems.first().len()), (SAMPLE, 5_000, 20));
    assert_eq!(problems.first()[19].line, 20);
}
