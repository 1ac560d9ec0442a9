//! The files of golden payloads: `events/<name>/v<N>.json`, each a list of stored payloads with their current
//! meaning.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::file::{self, Write};
use super::findings::Finding;
use super::published::Published;
use crate::codec::{Exact, Refused};

const FOLDER: &str = "events";

pub(super) struct Folder {
    root: PathBuf,
}

/// One stored payload.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Golden {
    pub(super) stored: Exact,
    /// What it means; nothing where an update is to find out.
    pub(super) today: Option<Exact>,
    /// The version in which that is written; nothing where it is a list of events.
    pub(super) version: Option<u32>,
    /// What is written of it, where that is the version before; nothing where an update is to find out.
    pub(super) written: Option<Exact>,
}

impl Golden {
    fn read(value: Exact) -> Option<Self> {
        let Exact::Object(mut fields) = value else { return None };
        let (stored, today) = (fields.remove("stored")?, fields.remove("today"));
        let (version, written) = (fields.remove("version"), fields.remove("written"));
        let version = match version {
            None => None,
            Some(version) => Some(version.as_u32()?),
        };
        let is_sound = fields.is_empty() && (today.is_some() || version.is_none());
        is_sound.then_some(Self { stored, today, version, written })
    }

    fn in_file(&self) -> Exact {
        let stored = Some(("stored", self.stored.clone()));
        let today = self.today.clone().map(|today| ("today", today));
        let version = self.version.map(|version| ("version", version.into()));
        let written = self.written.clone().map(|written| ("written", written));
        stored.into_iter().chain(today).chain(version).chain(written).collect()
    }
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The file of one version, as messages name it.
    pub(super) fn name(published: &Published) -> String {
        format!("{FOLDER}/{}/v{}.json", file_name(&published.name), published.version)
    }

    /// The payloads of one version; `None` without a file.
    pub(super) fn read(&self, published: &Published) -> Result<Option<Vec<Golden>>, Finding> {
        let name = Self::name(published);
        let of_conflict = "If two branches added payloads to it, keep those of both. If both made this \
                           version, give one of them the next version: keep the file of the other, and run \
                           `ES_LOCK=update cargo test` for the new one.";
        let Some(value) = self.json(&name, of_conflict)? else { return Ok(None) };
        let Exact::Array(items) = value else { return Err(no_list(&name)) };
        if items.is_empty() {
            return Err(no_list(&name));
        }
        let mut payloads = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            payloads.push(Golden::read(item).ok_or_else(|| {
                Finding::new(format!(
                    "payload {} of {name} is not written as `{{\"stored\": …}}`\n\
                     Write it as `{{\"stored\": <the payload>}}`, and run `ES_LOCK=update cargo test`, which \
                     adds what it means today.",
                    at + 1
                ))
            })?);
        }
        Ok(Some(payloads))
    }

    pub(super) fn write(&self, published: &Published, payloads: &[Golden]) -> Write {
        let list: Exact = payloads.iter().map(Golden::in_file).collect();
        self.file(&Self::name(published), format!("{list:#}\n"))
    }

    /// A file of JSON; `None` without one.
    pub(super) fn json(&self, name: &str, of_conflict: &str) -> Result<Option<Exact>, Finding> {
        let text = match fs::read_to_string(self.root.join(name)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Finding::new(format!("{name} cannot be read: {error}"))),
        };
        if let Some(line) = file::merge_marker(&text) {
            return Err(Finding::new(format!("{name} line {line}: a merge was not resolved\n{of_conflict}")));
        }
        match Exact::parse(text.as_bytes()) {
            Ok(value) => Ok(Some(value)),
            Err(Refused::NoJson(error)) => Err(Finding::new(format!("{name} is not JSON: {error}"))),
            Err(twice @ Refused::Twice(_)) => Err(Finding::new(format!(
                "{name} holds a key twice in one object: {twice}\n\
                 Readers of JSON differ in which of the two they take. Write it once; two payloads are two \
                 items of the list."
            ))),
        }
    }

    /// A file that an update writes.
    pub(super) fn file(&self, name: &str, text: String) -> Write {
        Write { path: self.root.join(name), text }
    }
}

fn no_list(name: &str) -> Finding {
    Finding::new(format!(
        "{name} is not a list of payloads; write them as `[{{\"stored\": …}}, {{\"stored\": …}}]`, with at \
         least one"
    ))
}

/// The folder of an event: its name, with characters that file systems do not accept written as numbers.
/// Distinct names have distinct folders, also on systems that ignore case.
pub(super) fn file_name(event: &str) -> String {
    let mut name = String::new();
    for (at, letter) in event.chars().enumerate() {
        match letter {
            'a'..='z' | '0'..='9' | '-' | '_' => name.push(letter),
            // Neither the folder above, nor a hidden one.
            '.' if at > 0 => name.push('.'),
            _ => name.push_str(&format!("%{:x}%", u32::from(letter))),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_an_event_has_a_file_of_its_own() {
        assert_eq!(file_name("account.opened"), "account.opened");
        assert_eq!(file_name("../a"), "%2e%.%2f%a");
        assert_eq!(file_name("Opened"), "%4f%pened");
        assert_ne!(file_name("a b"), file_name("a%20%b"));
    }
}
