//! A program that is killed while it appends.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, iter};

use crate::fixture::{append, payloads};
use crate::folder::Folder;
use crate::log::OpenError;
use crate::store::FileStore;

const PATH: &str = "ES_FILE_STORE_PATH";

/// Not a test: the program that [`what_a_killed_program_was_told_is_there`] starts.
#[tokio::test]
async fn a_program_that_appends_until_it_is_killed() {
    let Ok(path) = env::var(PATH) else { return };
    let store = FileStore::open(path).expect("the file");
    for number in 1.. {
        append(&store, "1", u64::from(number) - 1, &[number]).await;
        println!("stored {number}");
    }
}

#[tokio::test]
async fn what_a_killed_program_was_told_is_there() {
    let folder = Folder::new();
    let path = folder.file("events");
    let program = |path: &Path| {
        let mut command = Command::new(env::current_exe().expect("this test"));
        command.args(["--exact", "--nocapture", "killed::a_program_that_appends_until_it_is_killed"]);
        command.env(PATH, path).stdout(Stdio::piped()).spawn().expect("a program")
    };
    let mut child = program(&path);
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut told = iter::from_fn(|| lines.next()?.ok());
    let number =
        |line: String| line.split_once("stored ").and_then(|(_, number)| number.parse::<usize>().ok());
    assert!(told.by_ref().filter_map(number).any(|number| number == 20), "it writes");
    let error = FileStore::open(&path).err().expect("another process has it");
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    let last = told.filter_map(number).last().unwrap_or(20);
    let store = FileStore::open(&path).expect("the lock went with the process");
    let there = payloads(&store, "1").await;
    // The one that was being written when the program was killed may be there or not.
    assert!(there.len() == last || there.len() == last + 1, "{last} were told, {} are there", there.len());
    assert!(there.iter().zip(1..).all(|(payload, number): (_, u32)| *payload == number.to_string()));
}
