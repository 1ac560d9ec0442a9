//! The messaging bench runs, with a minimal size for each case.

use std::path::PathBuf;
use std::process::Command;

use es_postgres::testing::TestDatabase;

/// Runs a case, and returns its number of rows in the table.
async fn rows(case: &str) -> usize {
    let database = TestDatabase::empty().await.expect("a database");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-messaging");
    let mut bench = Command::new(env!("CARGO_BIN_EXE_messaging"));
    bench.env("DATABASE_URL", database.url()).args(["--times", "1", "--size", "40", "--only", case]);
    bench.arg("--folder").arg(folder);
    let done = tokio::task::spawn_blocking(move || bench.output()).await.expect("it is run");
    let done = done.expect("the bench starts");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    String::from_utf8_lossy(&done.stdout).lines().filter(|line| line.contains(case)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_are_measured() {
    assert_eq!(rows("process").await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_are_measured() {
    assert_eq!(rows("timers").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn reactors_are_measured() {
    assert_eq!(rows("reactor").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_is_measured() {
    assert_eq!(rows("publish").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_measured() {
    assert_eq!(rows("transaction").await, 2);
}
