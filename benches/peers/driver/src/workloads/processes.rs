//! A workload in several processes: this program starts itself, and adds up their measurements.
//!
//! Each reports that it is ready, begins when told to, and prints a line of JSON at its end.

use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde::Serialize;
use serde_json::Value;

use crate::Result;

/// The environment variable with the input of a process.
const GIVEN: &str = "BENCH_GIVEN";

pub(crate) struct Processes(Vec<(Child, BufReader<ChildStdout>)>);

impl Processes {
    /// Starts so many processes with this workload.
    pub(crate) fn start(count: usize, url: &str, workload: &str, given: &str) -> Result<Self> {
        let mut started = Self(Vec::new());
        for nth in 0..count {
            let mut command = Command::new(std::env::current_exe()?);
            command.args([url, workload]).env(GIVEN, given).env("BENCH_NTH", nth.to_string());
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
            let output = child.stdout.take().ok_or("a process without an output")?;
            started.0.push((child, BufReader::new(output)));
        }
        Ok(started)
    }

    /// Waits until all are ready.
    pub(crate) fn begin(&mut self) -> Result<()> {
        for (_, output) in &mut self.0 {
            line(output)?;
        }
        Ok(())
    }

    /// Lets all begin, and waits for their measurements.
    pub(crate) fn measure(mut self) -> Result<Vec<Value>> {
        for (child, _) in &mut self.0 {
            child.stdin.as_mut().ok_or("a process without an input")?.write_all(b"begin\n")?;
        }
        let mut answers = Vec::new();
        for (child, output) in &mut self.0 {
            answers.push(serde_json::from_str(&line(output)?)?);
            child.wait()?;
        }
        Ok(answers)
    }
}

fn line(output: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if output.read_line(&mut line)? == 0 {
        return Err("a process has ended without an answer".into());
    }
    Ok(line)
}

/// The input of this process.
pub(crate) fn given() -> Result<String> {
    Ok(std::env::var(GIVEN)?)
}

/// The number of this process, from 0.
pub(crate) fn nth() -> Result<u64> {
    Ok(std::env::var("BENCH_NTH")?.parse()?)
}

/// Reports that this process is ready, and waits until all are.
pub(crate) fn ready() -> Result<()> {
    println!("ready");
    stdout().flush()?;
    stdin().lock().read_line(&mut String::new())?;
    Ok(())
}

pub(crate) fn answer(measured: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(measured)?);
    Ok(())
}
