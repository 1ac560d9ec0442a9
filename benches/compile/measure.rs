//! Runs cargo, and measures the processor time.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

pub(crate) type Error = Box<dyn std::error::Error>;

/// The cargo command.
#[derive(Clone, Copy)]
pub(crate) enum Command {
    Build,
    Check,
}

impl Command {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Check => "check",
        }
    }
}

/// Builds the dependencies, and the crate once.
pub(crate) fn warm_up(command: Command, folder: &Path) -> Result<(), Error> {
    cargo(&[command.name()], folder)
}

/// The user time of compiling the crate alone, from scratch.
pub(crate) fn user_time(command: Command, folder: &Path) -> Result<Duration, Error> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    cargo(&["clean", "--package", name], folder)?;
    let before = children()?;
    cargo(&[command.name()], folder)?;
    Ok(children()?.saturating_sub(before))
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn cargo(arguments: &[&str], folder: &Path) -> Result<(), Error> {
    let target = folder.parent().unwrap_or(folder).join("target");
    let output = std::process::Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .arg("--quiet")
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("cargo {} failed:\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr))
            .into())
    }
}

/// The user time of all ended children and their descendants.
fn children() -> Result<Duration, Error> {
    /// Linux counts in hundredths of a second, whatever its clock frequency.
    const TICKS_PER_SECOND: u64 = 100;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The program's name, in parentheses, is the only field that may contain spaces; `cutime` is the 14th
    // after it.
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    let ticks: u64 = behind.split_whitespace().nth(13).unwrap_or_default().parse()?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}
