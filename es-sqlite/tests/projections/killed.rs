//! Programs that are killed while they project.

use std::env;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use es_sqlite::Projector;

use crate::support::*;

const FILE: &str = "ES_SQLITE_MODEL";
const EVENTS: u32 = 400;

/// Not a test by itself: the program that the other test kills.
#[tokio::test]
async fn program() {
    let Ok(file) = env::var(FILE) else { return };
    let store = es_sqlite::SqliteStore::open(file).await.expect("a store");
    Projector::new(store, Balances).page_size(2).catch_up().await.expect("all events");
}

/// Whenever the program is killed, the model contains exactly the events before its checkpoint.
#[tokio::test]
async fn model_and_checkpoint_of_a_killed_program_match() {
    let folder = Folder::new();
    let store = folder.store().await;
    for number in 0..EVENTS {
        deposit(&store, &format!("a{}", number % 5), 1).await;
    }
    let projector = Projector::new(store, Balances);
    projector.prepare().await.expect("a model");
    let mut db = open(folder.model(1)).await;
    let (mut between, mut wanted) = (0, 11);
    while wanted < i64::from(EVENTS) {
        let mut program = Command::new(env::current_exe().expect("a program"))
            .args(["killed::program", "--exact", "--test-threads=1"])
            .env(FILE, folder.file())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a program");
        let begun = Instant::now();
        loop {
            let position: i64 = sqlx::query_scalar("SELECT position FROM es_checkpoints")
                .fetch_one(&mut db)
                .await
                .expect("one");
            if position >= wanted {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "it stands at {position}");
        }
        program.kill().expect("a kill");
        program.wait().expect("an end");
        let (position, projected, rows): (i64, i64, i64) = sqlx::query_as(
            "SELECT position, projected, (SELECT coalesce(sum(events), 0) FROM balances) FROM es_checkpoints",
        )
        .fetch_one(&mut db)
        .await
        .expect("a checkpoint");
        assert_eq!((projected, rows), (position, position), "model and checkpoint");
        between += i32::from(position < i64::from(EVENTS));
        wanted = position + 17;
    }
    assert!(between > 1, "it was killed in the middle {between} times");
    projector.catch_up().await.expect("the rest");
    let each = i64::from(EVENTS / 5);
    let expected: Vec<_> = (0..5).map(|account| row(&format!("a{account}"), each, each)).collect();
    assert_eq!(balances(&mut db).await, expected);
}
