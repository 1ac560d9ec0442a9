//! Signals to processes of this machine.

use std::fs;
use std::process::Command;

/// Sends a signal, such as `STOP`, to a process, which may have ended already.
pub fn signal(name: &str, process: u32) {
    let _sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).output();
}

/// A process and its children, such as a server and its backends.
#[must_use]
pub fn with_children(first: u32) -> Vec<u32> {
    let children = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // "1 (name) S 0 …": the parent comes after the state.
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()?;
        (parent == first).then_some(process)
    });
    std::iter::once(first).chain(children).collect()
}
