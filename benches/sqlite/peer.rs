//! Another library's program, whose rounds are run in turn with ours.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::report::Table;
use crate::{Result, Settings};

/// A program that prints its name once it is ready, then runs a round for each line that it reads, and prints
/// its rate.
pub(crate) struct Peer {
    child: Child,
    rounds: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    name: String,
    pairs: Vec<(f64, f64)>,
}

impl Peer {
    /// Starts a case of the program in a folder of its own.
    pub(crate) fn start(settings: &Settings, program: &Path, case: &str, callers: u32) -> Result<Self> {
        let folder = settings.file(&format!("peer-{case}-{callers}"));
        std::fs::create_dir_all(&folder)?;
        let mut child = Command::new(program)
            .arg(folder)
            .args([case, &callers.to_string(), &settings.span.as_secs_f64().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(rounds), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the peer has no input or output".into());
        };
        let (answers, name) = (BufReader::new(answers).lines(), String::new());
        let mut peer = Self { child, rounds, answers, name, pairs: Vec::new() };
        peer.name = peer.answer()?;
        Ok(peer)
    }

    /// Runs a round, which is compared with ours.
    pub(crate) fn round(&mut self, ours: f64) -> Result<()> {
        writeln!(self.rounds)?;
        let theirs = self.answer()?.parse()?;
        self.pairs.push((theirs, ours));
        Ok(())
    }

    /// Adds the ratio to the table, without the first round, which warms caches.
    pub(crate) fn end(mut self, table: &mut Table, case: &str, unit: &str, wanted: f64) -> Result<()> {
        drop(self.rounds);
        let status = self.child.wait()?;
        if !status.success() {
            return Err(format!("{} ended with {status}", self.name).into());
        }
        table.rates(&format!("{case}, against {}", self.name), unit, &self.pairs[1..], wanted);
        Ok(())
    }

    fn answer(&mut self) -> Result<String> {
        Ok(self.answers.next().ok_or("the peer ended early")??)
    }
}
