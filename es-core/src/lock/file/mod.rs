//! `events.lock`: reading and writing.

mod parse;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(super) use self::parse::merge_marker;
use self::parse::parse;
use super::code::Code;
use super::facts::{self, Facts};
use super::findings::Finding;
use super::published::{Lines, Published};
use crate::shape::Line;

pub(super) const NAME: &str = "events.lock";

const FORMAT: &str = "format = 2";

/// The published shapes.
#[derive(Debug, Default)]
pub(super) struct Locked {
    pub(super) exists: bool,
    pub(super) aggregates: BTreeMap<String, Facts>,
    pub(super) entries: BTreeMap<Published, Lines>,
    /// Earlier names of events, each with a later one.
    pub(super) renamed: BTreeSet<(String, String)>,
}

pub(super) fn read(path: &Path) -> Result<Locked, Finding> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Locked::default()),
        Err(error) => Err(Finding::new(format!("{} cannot be read: {error}", path.display()))),
    }
}

impl Locked {
    fn text(&self) -> String {
        let mut text = format!("{FORMAT}\n");
        facts::written(&self.aggregates, &mut text);
        for (Published { name, version }, Lines { shape, defaults, history, rust }) in &self.entries {
            text.push_str(&format!("\nevent {name} {version}\n"));
            Line::write(shape, 1, &mut text);
            Line::write(defaults, 1, &mut text);
            Line::write(history, 1, &mut text);
            Line::write(rust, 1, &mut text);
        }
        for (was, now) in &self.renamed {
            text.push_str(&format!("\nname {was}\n  is now {now}\n"));
        }
        text
    }
}

/// A file to be written.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Write {
    /// Writes beside the place and moves the file there, so that a reader sees all of it or nothing.
    pub(super) fn run(&self) -> Result<(), Finding> {
        let beside = self.path.with_extension("new");
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&beside, &self.text))
            .and_then(|()| fs::rename(&beside, &self.path))
            .map_err(|error| Finding::new(format!("{} cannot be written: {error}", self.path.display())))
    }
}

/// The lock with what is new, unless it says all of that.
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
