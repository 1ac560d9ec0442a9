//! Finds the installed PostgreSQL. `xtask` includes this file.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Directories of distributions, which contain a directory for each version, and the path below it.
const USUAL: &[(&str, &str)] = &[
    ("/usr/lib/postgresql", "bin"),
    ("/usr/pgsql", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/Library/PostgreSQL", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "bin"),
    ("/usr/local/pgsql", "."),
];

/// The directory with `initdb`, `pg_ctl` and `postgres`.
pub(super) fn folder() -> Option<PathBuf> {
    let chosen = env::var_os("PG_BIN").map(PathBuf::from);
    let on_path =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    chosen
        .into_iter()
        .chain(USUAL.iter().flat_map(|(folder, bin)| versions(Path::new(folder), bin)))
        .chain(on_path)
        .chain(by_pg_config())
        .find(|folder| is_server(folder))
}

fn is_server(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file())
}

/// The directories of installed versions, the newest first.
fn versions(folder: &Path, bin: &str) -> Vec<PathBuf> {
    let number = |name: &str| name.rsplit(['-', '@']).next().and_then(|end| end.parse::<u32>().ok());
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(Option<u32>, PathBuf)> =
        entries.map(|entry| (number(&entry.file_name().to_string_lossy()), entry.path().join(bin))).collect();
    found.retain(|(_, path)| is_server(path));
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

fn by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}
