//! Finding `nats-server`.

use std::env;
use std::path::{Path, PathBuf};

/// `nats-server` was not found.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(
    "nats-server was not found in NATS_SERVER, on the PATH or in target/xtask; \
     run `cargo xtask setup`, or install nats-server 2.10 or newer"
)]
pub struct NatsServerMissing;

/// The path of the program to start.
pub(super) fn find() -> Result<PathBuf, NatsServerMissing> {
    let named = env::var_os("NATS_SERVER").map(PathBuf::from);
    let on_path =
        env::var_os("PATH").into_iter().flat_map(|path| env::split_paths(&path).collect::<Vec<_>>());
    let mut all = named.into_iter().chain(on_path.map(|folder| folder.join("nats-server"))).chain(fetched());
    all.find(|program| program.is_file()).ok_or(NatsServerMissing)
}

/// The programs that `cargo xtask setup` has downloaded, newest version first.
fn fetched() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    let entries = std::fs::read_dir(target.join("xtask")).into_iter().flatten().flatten();
    let folders = entries.map(|entry| entry.path()).filter(|path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("nats-server-"))
    });
    let mut programs: Vec<_> = folders.map(|folder| folder.join("nats-server")).collect();
    programs.sort();
    programs.reverse();
    programs
}
