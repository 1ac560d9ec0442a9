//! The calls of cargo that run the tests.

use std::process::ExitCode;
use std::{env, thread};

use crate::setup::Ready;
use crate::tools::Tool;
use crate::workspace::{Workspace, cargo};
use crate::{Failed, say};

/// Runs them, and reports at the end what was left out.
pub(crate) fn run(workspace: &Workspace, ready: &Ready, passed: &[String]) -> Result<ExitCode, Failed> {
    let is_own = !passed.is_empty();
    let calls = if is_own { vec![passed.to_vec()] } else { calls(&workspace.tests(), &ready.missing) };
    let mut failed = false;
    for arguments in calls {
        say(&format!("cargo test {}", arguments.join(" ")));
        let mut command = cargo();
        command.current_dir(workspace.root()).env("PG_BIN", &ready.postgres).arg("test").args(&arguments);
        if env::var_os(THREADS).is_none() {
            command.env(THREADS, threads().to_string());
        }
        let status =
            command.status().map_err(|error| Failed::new(format!("cargo does not start: {error}")))?;
        failed |= !status.success();
    }
    for tool in ready.missing.iter().filter(|_| !is_own) {
        say(&format!("left out, as {} is not available: {}", tool.name, left_out(tool)));
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The number of tests that run concurrently in one executable.
const THREADS: &str = "RUST_TEST_THREADS";

/// Most tests wait for a server or for a program, so there are more of them than processors.
fn threads() -> usize {
    thread::available_parallelism().map_or(4, |processors| (processors.get() * 2).max(4))
}

fn left_out(tool: &Tool) -> String {
    let targets = tool.targets.iter().map(|target| format!("--test {target}"));
    targets.chain(tool.tests.iter().map(|test| (*test).to_owned())).collect::<Vec<_>>().join(", ")
}

/// Cargo cannot exclude one integration test, so the others are named instead.
fn calls(targets: &[&str], missing: &[&Tool]) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let has_gone = |target: &str| missing.iter().any(|tool| tool.targets.contains(&target));
    let names_targets = missing.iter().any(|tool| !tool.targets.is_empty());
    let mut first = words(&["--workspace"]);
    if names_targets {
        first.extend(words(&["--lib", "--bins"]));
        let rest = targets.iter().filter(|target| !has_gone(target));
        first.extend(rest.flat_map(|target| ["--test".to_owned(), (*target).to_owned()]));
    }
    let skipped: Vec<_> = missing.iter().flat_map(|tool| tool.tests).collect();
    if !skipped.is_empty() {
        first.push("--".to_owned());
        first.extend(skipped.iter().flat_map(|test| ["--skip".to_owned(), (**test).to_owned()]));
    }
    let mut calls = vec![first];
    if names_targets {
        calls.push(words(&["--workspace", "--doc"]));
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::{POSTGRES_18, TOOLS};

    fn lines(missing: &[&Tool]) -> Vec<String> {
        let targets = ["behaviour", "dashboard", "failover", "pooler"];
        calls(&targets, missing).iter().map(|call| call.join(" ")).collect()
    }

    #[test]
    fn with_all_there_one_plain_call_runs_all() {
        assert_eq!(lines(&[]), ["--workspace"]);
    }

    #[test]
    fn a_single_test_is_skipped_by_its_name() {
        let skipped = "--workspace -- --skip a_program_continues_after_its_server_was_upgraded";
        assert_eq!(lines(&[&POSTGRES_18]), [skipped]);
    }

    #[test]
    fn without_a_program_the_other_targets_and_the_examples_in_docs_run() {
        let missing: Vec<_> = TOOLS.iter().filter(|tool| tool.name != "Chromium").collect();
        let first = "--workspace --lib --bins --test behaviour --test dashboard \
                     -- --skip a_store_works_behind_the_pooler_of_the_page";
        assert_eq!(lines(&missing), [first, "--workspace --doc"]);
    }
}
