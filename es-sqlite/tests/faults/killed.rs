//! Programs that are killed while they write.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::{env, io};

use es_core::store::AppendOutcome;
use es_sqlite::SqliteStore;
use tokio::task::JoinSet;

use crate::support::{Folder, all, append, payloads, revision, written};

const FILE: &str = "ES_SQLITE_FILE";

/// Not a test by itself: the program that the others kill. It prints a line for each acknowledged event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn program() {
    let Ok(file) = env::var(FILE) else { return };
    let store = SqliteStore::open(file).await.expect("a store");
    let mut writers = JoinSet::new();
    for key in 0..8_u64 {
        let store = store.clone();
        writers.spawn(async move {
            loop {
                let expected = revision(&store, key).await;
                let outcome = append(&store, key, expected, &format!("{key}/{expected}")).await;
                if matches!(outcome, Ok(AppendOutcome::Appended(_))) {
                    println!("written {key} {expected}");
                }
            }
        });
    }
    writers.join_all().await;
}

/// Starts the program, and kills it after it has printed this many lines. Returns all lines.
fn killed_after(folder: &Folder, lines: usize) -> io::Result<Vec<(u64, u64)>> {
    let mut program = Command::new(env::current_exe()?)
        .args(["killed::program", "--exact", "--nocapture", "--test-threads=1"])
        .env(FILE, folder.file())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let said = BufReader::new(program.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
    let mut acknowledged = Vec::new();
    for line in said.lines() {
        let line = line?;
        let mut words = line.rsplit(' ');
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<u64>().ok());
        // A line that was cut off by the kill does not count.
        if let (Some(revision), Some(key), true) =
            (number(words.next()), number(words.next()), line.contains("written"))
        {
            acknowledged.push((key, revision));
        }
        if acknowledged.len() == lines {
            program.kill()?;
        }
    }
    program.wait()?;
    Ok(acknowledged)
}

#[tokio::test]
async fn events_acknowledged_to_a_killed_program_are_stored_once() {
    let folder = Folder::new();
    let mut told: BTreeMap<u64, u64> = BTreeMap::new();
    for round in 0..12 {
        let lines = fastrand(round) % 200 + 1;
        for (key, revision) in killed_after(&folder, lines).expect("a program") {
            let highest = told.entry(key).or_default();
            *highest = (*highest).max(revision + 1);
        }
        let store = SqliteStore::open(folder.file()).await.expect("the file");
        for (key, revision) in &told {
            let found = payloads(&store, key).await;
            let expected: Vec<_> = (0..found.len()).map(|number| format!("{key}/{number}")).collect();
            assert_eq!(found, expected, "each event once, and in order");
            assert!(found.len() as u64 >= *revision, "acknowledged, and lost");
        }
        let head = revision(&store, "after").await;
        written(&store, "after", head, &format!("after/{head}")).await;
        let sum: usize = all(&store).await.len();
        assert!(sum as u64 > told.values().sum());
        store.close().await.expect("closed");
    }
}

/// Two programs write to the same streams; one is killed, and the other continues.
#[tokio::test]
async fn a_program_that_is_killed_does_not_stop_another_on_the_file() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file()).await.expect("a store");
    for round in 0..3 {
        let killed = killed_after(&folder, 20 + round).expect("a program");
        for (key, revision_of) in killed {
            assert!(revision(&store, key).await > revision_of);
        }
        let expected = revision(&store, 1).await;
        written(&store, 1, expected, &format!("1/{expected}")).await;
    }
}

/// A pseudo-random number for a round, the same in every run.
fn fastrand(round: usize) -> usize {
    round.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17) & 0xffff
}
