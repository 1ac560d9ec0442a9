//! `events.lock`: reading and writing.

mod locked;
mod parse;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(super) use self::locked::{Locked, NAME};
pub(super) use self::parse::merge_marker;
use self::parse::parse;
use super::code::Code;
use super::findings::Finding;
use super::published::{Lines, Published};

pub(super) fn read(path: &Path) -> Result<Locked, Finding> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Locked::default()),
        Err(error) => Err(Finding::new(format!("{} cannot be read: {error}", path.display()))),
    }
}

/// A file to be written.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Write {
    /// Writes a temporary file and renames it, so that a reader sees all of it or nothing.
    pub(super) fn run(&self) -> Result<(), Finding> {
        let beside = self.path.with_extension("new");
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&beside, &self.text))
            .and_then(|()| fs::rename(&beside, &self.path))
            .map_err(|error| Finding::new(format!("{} cannot be written: {error}", self.path.display())))
    }
}

/// The lock with what is new, unless it already has all of that.
pub(super) fn update(
    path: &Path,
    locked: &Locked,
    code: &Code,
    new: &[(Published, Lines)],
    new_names: &[(String, String)],
) -> Option<Write> {
    let mut entries = locked.entries.clone();
    entries.extend(new.iter().cloned());
    for (published, lines) in &mut entries {
        if let Some(entry) = code.under_present_names(published).next() {
            lines.rust = entry.lines().rust;
        }
    }
    let mut renamed = locked.renamed.clone();
    renamed.extend(new_names.iter().cloned());
    let aggregates = code.aggregates.iter().map(|(name, facts)| ((*name).to_owned(), facts.clone()));
    let text = Locked { exists: true, aggregates: aggregates.collect(), entries, renamed }.text();
    (!locked.exists || text != locked.text()).then(|| Write { path: path.to_owned(), text })
}
