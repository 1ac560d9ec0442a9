//! The programs and users of this machine.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::Failed;

/// Finds a program, also in folders that only root has on its `PATH`.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

pub(crate) fn is_root() -> bool {
    user() == Some(0)
}

pub(crate) fn user() -> Option<u32> {
    id(&["-u"])
}

/// The user and the group that a server runs as when this program is root.
pub(crate) fn server_user() -> Option<(u32, u32)> {
    ["postgres", "nobody"].iter().find_map(|user| Some((id(&["-u", user])?, id(&["-g", user])?)))
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().parse().ok())?
}

/// Runs a command whose output matters only if it fails.
pub(crate) fn quietly(command: &mut Command) -> Result<Output, Failed> {
    let name = Path::new(command.get_program()).display().to_string();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failed::new(format!("{name} does not start: {error}")))?;
    if output.status.success() {
        return Ok(output);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(Failed::new(format!("{name} failed ({}): {}", output.status, last_lines(&text))))
}

/// The end of a program's output, in one line.
fn last_lines(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.dedup();
    lines[lines.len().saturating_sub(3)..].join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_quoted_in_one_line() {
        let script = "echo first >&2; echo; for i in 1 2 3; do echo again >&2; done; echo last >&2; exit 3";
        let failed = quietly(Command::new("sh").args(["-c", script])).unwrap_err().to_string();
        assert_eq!(failed, "sh failed (exit status: 3): first; again; last");
        let none = quietly(&mut Command::new("/nowhere/program")).unwrap_err().to_string();
        assert!(none.starts_with("/nowhere/program does not start: "), "{none}");
    }
}
