//! The files of golden payloads: `events/<name>/v<N>.json`, each a list of payloads.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::code::Published;
use super::file::Write;
use super::findings::Finding;

const FOLDER: &str = "events";

pub(super) struct Folder {
    root: PathBuf,
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
    pub(super) fn read(&self, published: &Published) -> Result<Option<Vec<Value>>, Finding> {
        let name = Self::name(published);
        let text = match fs::read_to_string(self.root.join(&name)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Finding::new(format!("{name} cannot be read: {error}"))),
        };
        match serde_json::from_str(&text) {
            Ok(Value::Array(payloads)) if !payloads.is_empty() => Ok(Some(payloads)),
            Ok(_) => Err(Finding::new(format!(
                "{name} is no list of payloads; write them as `[{{ … }}, {{ … }}]`, with at least one"
            ))),
            Err(error) => Err(Finding::new(format!("{name} is no JSON: {error}"))),
        }
    }

    pub(super) fn write(&self, published: &Published, payloads: &[Value]) -> Result<Write, Finding> {
        let name = Self::name(published);
        match serde_json::to_string_pretty(payloads) {
            Ok(text) => Ok(Write { path: self.root.join(name), text: text + "\n" }),
            Err(error) => Err(Finding::new(format!("{name} cannot be written: {error}"))),
        }
    }
}

/// The folder of an event: its name, with what file systems do not take written as numbers. Distinct names have distinct
/// folders, on systems that ignore case as well.
fn file_name(event: &str) -> String {
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
