//! `events.lock`: reading and writing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::code::Code;
use super::facts::{self, Facts};
use super::findings::Finding;
use super::later;
use super::published::{ADDED, Lines, Published};
use super::rust_names::RUST;
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

fn parse(text: &str) -> Result<Locked, Finding> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    match lines.next() {
        Some((_, FORMAT)) => {}
        Some((_, "format = 1")) => {
            return Err(Finding::new(format!(
                "{NAME} has `format = 1`, which does not say what stored payloads mean; this es-core reads `{FORMAT}`\n\
                 Renew it on a commit whose events are as they were published: delete {NAME} and the payloads in `events` that \
                 were made up, write each one that you wrote by hand as `{{\"stored\": <the payload>}}`, and run \
                 `ES_LOCK=update cargo test`. The shapes of the new file must be those of the old one."
            )));
        }
        Some((_, line)) if line.starts_with("format = ") => {
            return Err(Finding::new(format!(
                "{NAME} has `{line}`, and this es-core knows `{FORMAT}`; use the es-core that wrote it"
            )));
        }
        _ => return Err(Finding::new(format!("{NAME} does not begin with `{FORMAT}`; restore the file"))),
    }
    let mut locked = Locked { exists: true, ..Locked::default() };
    let mut entry: Option<(Published, Vec<Line>)> = None;
    let mut was: Option<String> = None;
    let mut aggregate: Option<String> = None;
    for (at, line) in lines {
        let bad = |problem: &str| Err(Finding::new(format!("{NAME} line {}: {problem}", at + 1)));
        if is_merge_marker(line) {
            return bad("a merge was not resolved; keep the lines of both sides, each once\n\
                 Where both sides made the same version of an event, give one of them the next version: keep the entry of the \
                 other, and run `ES_LOCK=update cargo test` for the new one.");
        }
        let depth = line.len() - line.trim_start_matches(' ').len();
        if let Some(was) = was.take() {
            let Some(now) = line.strip_prefix("  is now ") else {
                return bad("this is no `is now <name>`; restore the file");
            };
            locked.renamed.insert((was, now.to_owned()));
            continue;
        }
        if depth == 0 {
            aggregate = None;
            if let Some(name) = line.strip_prefix("aggregate ") {
                locked.insert(entry.take());
                if locked.aggregates.insert(name.to_owned(), Facts::default()).is_some() {
                    return bad(&format!(
                        "aggregate `{name}` stands here twice; keep one, with the lines of both, each once"
                    ));
                }
                aggregate = Some(name.to_owned());
                continue;
            }
            if let Some(name) = line.strip_prefix("name ") {
                locked.insert(entry.take());
                was = Some(name.to_owned());
                continue;
            }
            let Some(published) = header(line) else {
                return bad("this is no `event <name> <version>`; restore the file");
            };
            locked.insert(entry.take());
            if locked.entries.contains_key(&published) {
                return bad(&format!(
                    "{published} stands here twice: two branches both made it; give one of them the next version"
                ));
            }
            entry = Some((published, Vec::new()));
            continue;
        }
        if let Some(facts) = aggregate.as_ref().and_then(|name| locked.aggregates.get_mut(name)) {
            if depth != 2 || facts.read(line.trim()).is_none() {
                return bad("this is no line of an aggregate, or stands there twice; restore the file");
            }
            continue;
        }
        let Some((_, top)) = &mut entry else {
            return bad("this line belongs to no event; restore the file");
        };
        if !hang(top, depth / 2, Line::parse(line.trim())) || depth % 2 != 0 {
            return bad("this line is not indented as it was written; restore the file");
        }
    }
    if was.is_some() {
        return Err(Finding::new(format!("{NAME} ends within an earlier name; restore the file")));
    }
    locked.insert(entry);
    Ok(locked)
}

/// The line at which git left a conflict.
pub(super) fn merge_marker(text: &str) -> Option<usize> {
    text.lines().position(is_merge_marker).map(|at| at + 1)
}

fn is_merge_marker(line: &str) -> bool {
    ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker))
}

/// Puts a line below the last one that is less indented.
fn hang(lines: &mut Vec<Line>, depth: usize, line: Line) -> bool {
    if depth == 1 {
        lines.push(line);
        return true;
    }
    lines.last_mut().is_some_and(|last| hang(&mut last.below, depth - 1, line))
}

fn header(line: &str) -> Option<Published> {
    let (name, version) = line.strip_prefix("event ")?.rsplit_once(' ')?;
    Some(Published { name: name.to_owned(), version: version.parse().ok()? })
}

impl Locked {
    fn insert(&mut self, entry: Option<(Published, Vec<Line>)>) {
        self.entries.extend(entry.map(|(published, lines)| {
            let (history, lines): (_, Vec<_>) = lines.into_iter().partition(later::is_of_history);
            let (defaults, lines): (Vec<Line>, Vec<Line>) =
                lines.into_iter().partition(|line| line.key.starts_with(ADDED));
            let is_rust = |line: &Line| line.key.split(' ').next() == Some(RUST);
            let (rust, shape) = lines.into_iter().partition(is_rust);
            (published, Lines { shape, defaults, history, rust })
        }));
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
format = 2

event account.deposited 1
  payload: struct
    cents: i64

event account.deposited 2
  payload: struct
    cents: i64
    currency: Currency, default
  semantics: \"without tax, in cents\"
  type Currency: enum
    Eur
    Usd, alias dollar
  added \"bank account\": {\"iban\":null,\"of\":[\"a, b: <\",1]}
  added currency: \"Eur\"
  later type Place: struct
    street: string
  history Currency 2 added Chf
  history Currency 3 added Other: struct
    code: string
  history Page<string, i64> 2 added at: Place, means {\"street\":\"a, b: <\"}

event account.deposited 10
  payload: null

name account.paid in
  is now account.deposited

name account.payed
  is now account.deposited
";

    #[test]
    fn what_is_written_reads_back() {
        let locked = parse(TEXT).expect("a lock");
        assert_eq!((locked.entries.len(), locked.renamed.len()), (3, 2));
        assert_eq!(locked.text(), TEXT);
        assert_eq!(parse(&TEXT.replace('\n', "\r\n")).expect("a lock").text(), TEXT);
    }

    #[test]
    fn a_broken_file_is_refused_with_its_line() {
        let problem = |text: &str| parse(text).expect_err("broken").text;
        assert_eq!(problem(""), "events.lock does not begin with `format = 2`; restore the file");
        assert_eq!(
            problem("format = 3\n"),
            "events.lock has `format = 3`, and this es-core knows `format = 2`; use the es-core that wrote it"
        );
        assert!(problem("format = 1\n").contains("delete events.lock"), "{}", problem("format = 1\n"));
        assert_eq!(
            problem("format = 2\n\nevent a\n"),
            "events.lock line 3: this is no `event <name> <version>`; restore the file"
        );
        assert_eq!(
            problem("format = 2\n<<<<<<< HEAD\n"),
            "events.lock line 2: a merge was not resolved; keep the lines of both sides, each once\n\
             Where both sides made the same version of an event, give one of them the next version: keep the entry of the \
             other, and run `ES_LOCK=update cargo test` for the new one."
        );
        assert_eq!(
            problem("format = 2\nevent a 2\n  payload: i64\nevent a 2\n  payload: u64\n"),
            "events.lock line 4: `a` version 2 stands here twice: two branches both made it; give one of them the next \
             version"
        );
        assert_eq!(
            problem("format = 2\nevent a 2\n      payload: i64\n"),
            "events.lock line 3: this line is not indented as it was written; restore the file"
        );
        assert_eq!(
            problem("format = 2\nname a\n  is b\n"),
            "events.lock line 3: this is no `is now <name>`; restore the file"
        );
        assert_eq!(
            problem("format = 2\nname a\n"),
            "events.lock ends within an earlier name; restore the file"
        );
    }
}
