//! Finds, installs or fetches everything that the tests need.

use std::path::PathBuf;

use crate::debian::Debian;
use crate::tools::{NATS, POSTGRES_18, TOOLS, Tool};
use crate::workspace::Workspace;
use crate::{Failed, USAGE, nats, postgres, say};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    may_install: bool,
}

impl Options {
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self, Failed> {
        match arguments {
            [] => Ok(Self { may_install: true }),
            ["--no-install"] => Ok(Self { may_install: false }),
            other => Err(Failed::new(format!("unknown: {}\n\n{USAGE}", other.join(" ")))),
        }
    }

    pub(crate) fn debian(self) -> Result<Debian, &'static str> {
        if self.may_install { Debian::find() } else { Err("--no-install was given") }
    }
}

/// What is available now, and what is not.
#[derive(Debug)]
pub(crate) struct Ready {
    /// The folder with initdb, passed to the tests as `PG_BIN`.
    pub(crate) postgres: PathBuf,
    pub(crate) missing: Vec<&'static Tool>,
}

/// # Errors
///
/// PostgreSQL is not available. Other programs that are missing are named in the returned value.
pub(crate) fn all(workspace: &Workspace, options: Options) -> Result<Ready, Failed> {
    let mut debian = options.debian();
    let mut ready = Ready { postgres: postgres::any(workspace, &mut debian)?, missing: Vec::new() };
    if let Err(failed) = postgres::newest(workspace, &mut debian) {
        say(&format!("PostgreSQL 18: {failed}"));
        ready.missing.push(&POSTGRES_18);
    }
    if let Err(failed) = nats::any(workspace) {
        say(&format!("nats-server: {failed}"));
        ready.missing.push(&NATS);
    }
    for tool in &TOOLS {
        if let Err(reason) = tool_is_there(tool, &mut debian) {
            say(&format!("{}: not available: {reason}", tool.name));
            ready.missing.push(tool);
        }
    }
    Ok(ready)
}

fn tool_is_there(tool: &Tool, debian: &mut Result<Debian, &'static str>) -> Result<(), String> {
    if tool.is_there() {
        say(&format!("{}: found", tool.name));
        return Ok(());
    }
    match debian {
        Ok(debian) => debian.install(tool.name, tool.packages).map_err(|failed| failed.to_string())?,
        Err(reason) => return Err((*reason).to_owned()),
    }
    if tool.is_there() { Ok(()) } else { Err("apt-get has installed it, but it is not found".to_owned()) }
}
