//! A program that appends until it is killed, or until the disk is full.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use es_core::store::{Append, AppendOutcome};
use es_core::{EventStore, Revision, StoreError};

use crate::fixture::{events, payloads, reopen, stream};
use crate::folder::Folder;
use crate::log::OpenError;
use crate::store::FileStore;

const PATH: &str = "ES_FILE_STORE_PATH";

/// Not a test: the program that the others start. It appends until it is killed, or a write fails.
#[tokio::test]
async fn a_program_that_appends() {
    let Ok(path) = env::var(PATH) else { return };
    let store = FileStore::open(path).expect("the file");
    let stream = stream("1");
    for number in 1_u32.. {
        let (events, expected) = (events(&[number]), Revision::new(u64::from(number) - 1));
        match store.append(Append::new(&stream, expected, &events)).await {
            Ok(AppendOutcome::Appended(_)) => println!("stored {number}"),
            Err(StoreError::OutcomeUnknown { .. }) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(payloads(&store, "1").await.len(), store.content().index.entries.len());
    let (other, events) = (self::stream("2"), events(&[0]));
    let refused = store.append(Append::new(&other, Revision::EMPTY, &events)).await;
    println!("then {refused:?}");
}

/// Starts it with a shell command before it.
fn start(path: &Path, before: &str) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{before} exec \"$@\""), "sh"]).arg(env::current_exe().expect("this test"));
    command.args(["--exact", "--nocapture", "killed::a_program_that_appends"]);
    command.env(PATH, path).stdout(Stdio::piped()).spawn().expect("a program")
}

fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok)
}

fn stored(line: &str) -> Option<usize> {
    line.split_once("stored ")?.1.parse().ok()
}

/// Asserts that the file contains the first events, and returns how many.
async fn count(path: &Path) -> usize {
    let there = payloads(&reopen(path).expect("nobody has it"), "1").await;
    assert!(there.iter().zip(1..).all(|(payload, number): (_, u32)| *payload == number.to_string()));
    there.len()
}

#[tokio::test]
async fn events_acknowledged_to_a_killed_program_are_stored() {
    let folder = Folder::new();
    let path = folder.file("events");
    let mut child = start(&path, "");
    let mut told = lines(&mut child);
    assert!(told.by_ref().any(|line| stored(&line) == Some(20)), "it writes");
    let error = FileStore::open(&path).err().expect("another process has it");
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    let last = told.filter_map(|line| stored(&line)).last().unwrap_or(20);
    // The event that was being written when the program was killed may be stored or not.
    let there = count(&path).await;
    assert!(there == last || there == last + 1, "{last} were told, {there} are there");
}

/// As on a full disk, the last write ends halfway.
#[tokio::test]
async fn a_half_written_record_is_cut_off_and_nothing_is_written_after_it() {
    let folder = Folder::new();
    let path = folder.file("events");
    // Blocks of 512 bytes. Without the trap, the signal would end the program.
    let mut child = start(&path, "trap '' XFSZ; ulimit -f 8;");
    let told: Vec<String> = lines(&mut child).collect();
    assert!(child.wait().expect("it ends").success(), "{told:?}");
    assert!(told.iter().any(|line| line.contains("then Err(Unavailable")), "{told:?}");
    assert_eq!(fs::metadata(&path).expect("a file").len(), 8 * 512, "a part of the last record");
    let last = told.iter().filter_map(|line| stored(line)).max().expect("it writes");
    assert_eq!(count(&path).await, last);
    assert!(fs::metadata(&path).expect("a file").len() < 8 * 512, "it was cut off");
}
