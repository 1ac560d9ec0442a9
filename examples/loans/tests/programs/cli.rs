//! The programs as a user meets them, without a server: what they print, and how they end.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::common::place::Folder;
use crate::common::{SAMPLE_REPORT, file, sample, sample_lines};

const TODAY: &str = env!("CARGO_BIN_EXE_loans");
const IN_2011: &str = env!("CARGO_BIN_EXE_loans-2011");

fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).env_remove("DATABASE_URL").stdin(Stdio::null());
    command
}

/// Exit code, standard output, standard error.
fn said(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!err.contains("panicked") && !err.contains("backtrace"), "{err}");
    (output.status.code().expect("it ends by itself"), out, err)
}

fn run(program: &str, args: &[&str]) -> (i32, String, String) {
    said(command(program, args).output().expect("the program starts"))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("test paths are text")
}

#[test]
fn an_import_into_memory_ends_with_the_report() {
    for program in [TODAY, IN_2011] {
        let (code, out, err) = run(program, &["import", path(&sample()), "--store", "memory"]);
        assert_eq!((code, err.as_str()), (0, ""));
        let (summary, report) = out.split_once('\n').expect("a summary and a report");
        assert!(summary.starts_with("176 records imported, 0 were there before ("), "{summary}");
        assert_eq!(report.trim_end(), SAMPLE_REPORT);
    }
}

#[test]
fn the_report_of_a_log_needs_no_server() {
    for program in [TODAY, IN_2011] {
        let (code, out, err) = run(program, &["report", "--from", path(&sample())]);
        assert_eq!((code, out.trim_end(), err.as_str()), (0, SAMPLE_REPORT, ""));
    }
}

#[test]
fn the_history_of_an_application_is_a_table_followed_by_its_state() {
    let (code, out, err) = run(TODAY, &["show", "900102", "--from", path(&sample())]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(
        out,
        "application 900102

revision  occurred                  event                  stored  who   details
       1  2011-03-01T13:37:03.801Z  loan.submitted         v3      web   cents 550000, currency EUR
       2  2011-03-01T13:37:43.839Z  loan.partly_submitted  v1      web
       3  2011-03-01T13:37:46.283Z  loan.work.scheduled    v3      web   item handle_leads, priority normal
       4  2011-03-01T20:37:46.354Z  loan.work.started      v2      anna  item handle_leads
       5  2011-03-01T20:38:26.446Z  loan.declined          v1      anna
       6  2011-03-02T03:38:26.506Z  loan.work.completed    v2      anna  item handle_leads

at revision 6 of 6
  requested       5,500 EUR
  stage           declined
  outcome         declined
  offer           none (0 sent in all)
  in progress     nothing
  ever scheduled  handle leads
  work completed  1
"
    );
    let (_, then, _) = run(IN_2011, &["show", "900102", "--from", path(&sample())]);
    assert!(then.contains("  loan.work.started      v1      anna  name Afhandelen leads\n"), "{then}");
    let state = |shown: &str| shown.split_once("\nat revision").map(|(_, state)| state.to_owned());
    assert_eq!(state(&then), state(&out));
}

#[test]
fn the_state_is_shown_at_any_revision_and_at_any_time() {
    let sample = sample();
    let at = |at: &str| run(TODAY, &["show", "900102", "--at", at, "--from", path(&sample)]);
    let (code, out, _) = at("4");
    assert_eq!(code, 0);
    assert!(out.contains("\nat revision 4 of 6\n"), "{out}");
    assert!(out.contains("\n  in progress     handle leads\n"), "{out}");
    assert!(!out.contains("loan.declined"), "{out}");
    let (_, by_time, _) = at("2011-03-01T14:40:00+01:00");
    assert!(by_time.contains("as of 2011-03-01T14:40:00+01:00\n"), "{by_time}");
    let (code, out, _) = at("2011-02-28T00:00:00Z");
    assert_eq!(code, 0);
    assert!(out.contains("\nbefore its first event\n") && out.contains("not submitted"), "{out}");
}

#[test]
fn what_is_not_there_is_said_with_exit_code_1() {
    let sample = sample();
    let show = |args: &[&str]| run(TODAY, &[&["show"], args, &["--from", path(&sample)]].concat());
    let none = |err: &str| (1, String::new(), format!("error: {err}\n"));
    assert_eq!(show(&["17"]), none("there is no application 17"));
    assert_eq!(
        show(&["900101", "--at", "7"]),
        none("application 900101 has 3 events; there is no revision 7")
    );
    let missing = "/no/such/log.jsonl";
    let error = format!("{missing}: No such file or directory (os error 2)");
    assert_eq!(run(TODAY, &["report", "--from", missing]), none(&error));
    let (code, out, err) = run(TODAY, &["import", missing, "--store", "memory"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.ends_with(&format!("error: {error}\n")), "{err}");
}

#[test]
fn bad_input_is_named_with_file_and_line_and_exit_code_1() {
    let mut lines = sample_lines();
    lines[9] = lines[9].replace("\"case\"", "\"kase\"");
    let bad = file("bad.jsonl", lines.join("\n"));
    let (code, out, err) = run(TODAY, &["import", path(&bad), "--store", "memory"]);
    assert_eq!((code, out.as_str()), (1, ""));
    let error = format!(
        "error: {}, line 10: it is not a record: unknown field `kase`, expected one of `case`, `seq`, `time`, \
         `activity`, `lifecycle`, `resource`, `amount` at column 7\n",
        bad.display()
    );
    assert!(
        err.starts_with("stopped: 9 records imported, 0 were there before (") && err.ends_with(&error),
        "{err}"
    );

    let (code, out, err) = run(TODAY, &["import", path(&bad), "--store", "memory", "--skip-bad"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("\nline 10: it is not a record: unknown field `kase`"), "{out}");
    assert!(out.contains("\nbad lines: 2; applications set aside: 1; their later records: "), "{out}");
}

#[test]
fn a_log_that_breaks_off_is_an_error_with_exit_code_1() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(sample_lines().join("\n").as_bytes()).expect("memory takes it");
    let whole = gzip.finish().expect("memory takes it");
    let cut = file("cut.jsonl.gz", &whole[..whole.len() / 2]);
    let (code, _, err) = run(TODAY, &["import", path(&cut), "--store", "memory"]);
    assert_eq!(code, 1);
    assert!(err.contains(": cannot be read further: "), "{err}");
}

#[test]
fn a_log_can_come_from_the_standard_input() {
    let mut import = command(TODAY, &["import", "-", "--store", "memory"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = import.stdin.take().expect("it was asked for");
    stdin.write_all(sample_lines().join("\n").as_bytes()).expect("it reads");
    drop(stdin);
    let (code, out, err) = said(import.wait_with_output().expect("it ends"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.trim_end().ends_with(SAMPLE_REPORT), "{out}");

    let mut import = command(TODAY, &["import", "-", "--store", "memory"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // The pipe stays open: the program ends at the bad line all the same.
    let mut stdin = import.stdin.take().expect("it was asked for");
    stdin.write_all(format!("{}\n{{}}\n", sample_lines()[0]).as_bytes()).expect("it reads");
    let code = import.wait().expect("it ends").code();
    assert_eq!(code, Some(1));
    drop(stdin);
}

#[test]
fn an_output_that_nobody_reads_is_no_error() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut report = command(TODAY, &["report", "--from", path(&sample())]);
    let output = report.stdout(writer).stderr(Stdio::piped()).output().expect("the program starts");
    assert_eq!((said(output).0), 0);
}

#[test]
fn a_file_keeps_the_events_from_one_run_to_the_next() {
    let folder = Folder::new();
    let file = folder.file("loans.db");
    for (program, said) in
        [(IN_2011, "176 records imported, 0 were"), (TODAY, "0 records imported, 176 were")]
    {
        let (code, out, err) = run(program, &["import", path(&sample()), "--store", &file]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.starts_with(said), "{out}");
        let (code, out, err) = run(program, &["report", "--store", &file]);
        assert_eq!((code, out.trim_end(), err.as_str()), (0, SAMPLE_REPORT, ""));
    }
    let (code, out, _) = run(TODAY, &["show", "900102", "--store", &file]);
    let (_, expected, _) = run(TODAY, &["show", "900102", "--from", path(&sample())]);
    let state = |out: &str| out.split_once("at revision").expect("a state").1.to_owned();
    assert_eq!((code, state(&out)), (0, state(&expected)));
    assert!(out.contains("v1 read as v3"), "stored by the program of 2011: {out}");
}

#[test]
fn a_copy_is_made_once_and_is_equal() {
    let folder = Folder::new();
    let (file, copy) = (folder.file("loans.db"), folder.file("copy.db"));
    run(TODAY, &["import", path(&sample()), "--store", &file]);
    let (code, first, err) = run(TODAY, &["copy", "--store", &file, "--to", &copy]);
    assert_eq!((code, err.as_str()), (0, ""));
    let (_, second, _) = run(TODAY, &["copy", "--store", &file, "--to", &copy]);
    let hash = |out: &str| out.lines().last().map(str::to_owned);
    assert_eq!((hash(&first), first.starts_with("176 events")), (hash(&second), true), "{first}");
    let (_, report, _) = run(TODAY, &["report", "--store", &copy]);
    assert_eq!(report.trim_end(), SAMPLE_REPORT);
    // The other way round is a store of the same events, and a store of others is not written to.
    let other = folder.file("other.db");
    let lines: Vec<String> = sample_lines().into_iter().take(20).collect();
    let log = folder.file("other.jsonl");
    std::fs::write(&log, lines.join("\n")).expect("a log");
    run(TODAY, &["import", &log, "--store", &other]);
    let (code, _, err) = run(TODAY, &["copy", "--store", &file, "--to", &other]);
    assert!(code == 2 && err.contains("another history"), "{err}");
}

#[test]
fn a_file_that_is_not_there_is_told_and_not_made() {
    let folder = Folder::new();
    let file = folder.file("none.db");
    let (code, _, err) = run(TODAY, &["report", "--store", &file]);
    assert!(code == 2 && err.contains("none.db"), "{err}");
    assert!(!Path::new(&file).exists());
    let (code, _, err) = run(TODAY, &["report", "--store", "memory"]);
    assert!(code == 2 && err.contains("--from"), "{err}");
}

/// All that the README shows, with no server, no `DATABASE_URL` and no `--store`.
#[test]
fn without_a_named_store_everything_is_in_a_file_of_the_target_folder() {
    // The program looks for cargo's target folder above itself; here it finds one that nobody else uses.
    let folder = Folder::new();
    let program = folder.file("loans");
    std::fs::write(folder.file("CACHEDIR.TAG"), "").expect("the folder takes files");
    std::fs::copy(TODAY, &program).expect("the folder takes files");
    let file = folder.file("loans.db");

    for command in ["report", "status", "recount", "dashboard"] {
        let none = format!("error: there is no {file} yet; run `import` first, which makes it\n");
        assert_eq!(run(&program, &[command]), (2, String::new(), none));
    }
    let note = format!("DATABASE_URL is not set: keeping the events in {file}\n");
    let (code, out, err) = run(&program, &["import", path(&sample())]);
    assert_eq!((code, err.as_str()), (0, note.as_str()));
    assert!(out.starts_with("176 records imported, 0 were there before"), "{out}");
    let (code, out, err) = run(&program, &["report"]);
    assert_eq!((code, out.trim_end(), err.as_str()), (0, SAMPLE_REPORT, ""));
    let (code, _, err) = run(&program, &["recount"]);
    assert!(code == 2 && err.contains("run `loans project`, which makes them"), "{err}");
    let (code, out, err) = run(&program, &["project", "--stop-when-caught-up"]);
    assert_eq!((code, err.as_str()), (0, note.as_str()));
    assert!(out.starts_with("4 read models caught up at position 176 ("), "{out}");
    let (code, out, _) = run(&program, &["recount"]);
    assert!(code == 0 && out.trim_end().ends_with(" numbers, and the events say the same"), "{out}");
    let (code, out, _) = run(&program, &["status"]);
    assert!(code == 0 && out.lines().skip(1).all(|line| line.contains("  176  ")), "{out}");
    let (code, out, _) = run(&program, &["show", "900102"]);
    assert!(code == 0 && out.contains("\nat revision 6 of 6\n"), "{out}");
    let (code, out, _) = run(&program, &["copy", "--to", &folder.file("copy.db")]);
    assert!(code == 0 && out.starts_with("176 events"), "{out}");
}

#[test]
fn a_server_is_named_by_its_url() {
    let (code, _, err) = run(TODAY, &["report", "--store", "postgres"]);
    assert!(code == 2 && err.contains("name the database by its URL"), "{err}");
}
