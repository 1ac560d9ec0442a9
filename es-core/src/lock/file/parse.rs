//! The text of `events.lock`, line by line.

use super::locked::{FORMAT, Locked, NAME};
use crate::lock::facts::Facts;
use crate::lock::findings::Finding;
use crate::lock::later;
use crate::lock::published::{ADDED, Lines, Published};
use crate::lock::rust_names::RUST;
use crate::shape::Line;

pub(super) fn parse(text: &str) -> Result<Locked, Finding> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    check_format(lines.next().map(|(_, line)| line))?;
    let mut parser = Parser::default();
    for (at, line) in lines {
        parser.line(line).map_err(|problem| Finding::new(format!("{NAME} line {}: {problem}", at + 1)))?;
    }
    parser.end()
}

fn check_format(line: Option<&str>) -> Result<(), Finding> {
    match line {
        Some(FORMAT) => Ok(()),
        Some("format = 1") => Err(Finding::new(format!(
            "{NAME} has `format = 1`, which does not say what stored payloads mean; this es-core reads \
             `{FORMAT}`\n\
             Renew it on a commit whose events are as they were published: delete {NAME} and the payloads in \
             `events` that were generated, write each one that you wrote by hand as `{{\"stored\": <the \
             payload>}}`, and run `ES_LOCK=update cargo test`. The shapes of the new file must be those of \
             the old one."
        ))),
        Some(line) if line.starts_with("format = ") => Err(Finding::new(format!(
            "{NAME} has `{line}`, and this es-core knows `{FORMAT}`; use the es-core that wrote it"
        ))),
        _ => Err(Finding::new(format!("{NAME} does not begin with `{FORMAT}`; restore the file"))),
    }
}

/// What a line belongs to.
#[derive(Default)]
enum Within {
    #[default]
    Nothing,
    Aggregate(String),
    Event(Published, Vec<Line>),
    /// An earlier name, whose later one is in the next line.
    Name(String),
}

#[derive(Default)]
struct Parser {
    locked: Locked,
    within: Within,
}

impl Parser {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if is_merge_marker(line) {
            return Err("a merge was not resolved; keep the lines of both sides, each once\n\
                        Where both sides made the same version of an event, give one of them the next \
                        version: keep the entry of the other, and run `ES_LOCK=update cargo test` for the \
                        new one."
                .into());
        }
        if let Within::Name(was) = &self.within {
            let now =
                line.strip_prefix("  is now ").ok_or("this is not `is now <name>`; restore the file")?;
            self.locked.renamed.insert((was.clone(), now.to_owned()));
            self.within = Within::Nothing;
            return Ok(());
        }
        match line.len() - line.trim_start_matches(' ').len() {
            0 => self.begin(line),
            depth => self.below(depth, line.trim()),
        }
    }

    /// A line at the margin begins something.
    fn begin(&mut self, line: &str) -> Result<(), String> {
        self.finish();
        if let Some(name) = line.strip_prefix("aggregate ") {
            if self.locked.aggregates.insert(name.to_owned(), Facts::default()).is_some() {
                return Err(format!(
                    "aggregate `{name}` is here twice; keep one, with the lines of both, each once"
                ));
            }
            self.within = Within::Aggregate(name.to_owned());
        } else if let Some(name) = line.strip_prefix("name ") {
            self.within = Within::Name(name.to_owned());
        } else {
            let published = header(line).ok_or("this is not `event <name> <version>`; restore the file")?;
            if self.locked.entries.contains_key(&published) {
                return Err(format!(
                    "{published} is here twice: two branches both made it; give one of them the next version"
                ));
            }
            self.within = Within::Event(published, Vec::new());
        }
        Ok(())
    }

    fn below(&mut self, depth: usize, line: &str) -> Result<(), String> {
        let (fits, problem) = match &mut self.within {
            Within::Aggregate(name) => {
                let facts = self.locked.aggregates.get_mut(name);
                let fits = depth == 2 && facts.and_then(|facts| facts.read(line)).is_some();
                (fits, "this is not a line of an aggregate, or it is repeated; restore the file")
            }
            Within::Event(_, top) => {
                let fits = depth.is_multiple_of(2) && attach(top, depth / 2, Line::parse(line));
                (fits, "this line is not indented as it was written; restore the file")
            }
            Within::Nothing | Within::Name(_) => (false, "this line belongs to no event; restore the file"),
        };
        if fits { Ok(()) } else { Err(problem.into()) }
    }

    /// Adds an event once all its lines have been read.
    fn finish(&mut self) {
        if let Within::Event(published, lines) = std::mem::take(&mut self.within) {
            self.locked.entries.insert(published, sorted(lines));
        }
    }

    fn end(mut self) -> Result<Locked, Finding> {
        if matches!(self.within, Within::Name(_)) {
            return Err(Finding::new(format!("{NAME} ends within an earlier name; restore the file")));
        }
        self.finish();
        Ok(Locked { exists: true, ..self.locked })
    }
}

/// The lines of an event by what they tell.
fn sorted(lines: Vec<Line>) -> Lines {
    let (history, lines): (_, Vec<_>) = lines.into_iter().partition(later::is_of_history);
    let (defaults, lines): (Vec<Line>, Vec<Line>) =
        lines.into_iter().partition(|line| line.key.starts_with(ADDED));
    let is_rust = |line: &Line| line.key.split(' ').next() == Some(RUST);
    let (rust, shape) = lines.into_iter().partition(is_rust);
    Lines { shape, defaults, history, rust }
}

/// The line at which git left a conflict.
pub(in crate::lock) fn merge_marker(text: &str) -> Option<usize> {
    text.lines().position(is_merge_marker).map(|at| at + 1)
}

fn is_merge_marker(line: &str) -> bool {
    ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker))
}

/// Puts a line below the last one that is less indented.
fn attach(lines: &mut Vec<Line>, depth: usize, line: Line) -> bool {
    if depth == 1 {
        lines.push(line);
        return true;
    }
    lines.last_mut().is_some_and(|last| attach(&mut last.below, depth - 1, line))
}

fn header(line: &str) -> Option<Published> {
    let (name, version) = line.strip_prefix("event ")?.rsplit_once(' ')?;
    Some(Published { name: name.to_owned(), version: version.parse().ok()? })
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
            "events.lock line 3: this is not `event <name> <version>`; restore the file"
        );
        assert_eq!(
            problem("format = 2\n<<<<<<< HEAD\n"),
            "events.lock line 2: a merge was not resolved; keep the lines of both sides, each once\n\
             Where both sides made the same version of an event, give one of them the next version: keep the \
             entry of the other, and run `ES_LOCK=update cargo test` for the new one."
        );
        assert_eq!(
            problem("format = 2\nevent a 2\n  payload: i64\nevent a 2\n  payload: u64\n"),
            "events.lock line 4: `a` version 2 is here twice: two branches both made it; give one of them \
             the next version"
        );
        assert_eq!(
            problem("format = 2\nevent a 2\n      payload: i64\n"),
            "events.lock line 3: this line is not indented as it was written; restore the file"
        );
        assert_eq!(
            problem("format = 2\nevent a 2\n  payload: i64\n x: i64\n"),
            "events.lock line 4: this line is not indented as it was written; restore the file"
        );
        assert_eq!(
            problem("format = 2\nname a\n  is b\n"),
            "events.lock line 3: this is not `is now <name>`; restore the file"
        );
        assert_eq!(
            problem("format = 2\nname a\n"),
            "events.lock ends within an earlier name; restore the file"
        );
    }
}
