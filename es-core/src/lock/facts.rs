//! What the lock stores of an aggregate.

use std::collections::{BTreeMap, BTreeSet};

/// What is published of one aggregate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The text format of the id as a key; nothing if the line was deleted.
    pub(super) id: Option<String>,
    /// The former names.
    pub(super) was: BTreeSet<String>,
    /// The events that it reads and writes.
    pub(super) events: BTreeSet<String>,
    /// Those that it only reads.
    pub(super) retired: BTreeSet<String>,
}

impl Facts {
    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        self.events.iter().chain(&self.retired)
    }

    /// Merges another type that reads the streams of the same name.
    pub(super) fn join(&mut self, other: Self) {
        self.was.extend(other.was);
        self.events.extend(other.events);
        self.retired.extend(other.retired);
        self.retired.retain(|event| !self.events.contains(event));
    }

    /// Adds a line of the lock.
    pub(super) fn read(&mut self, line: &str) -> Option<()> {
        let (word, value) = line.split_once(' ')?;
        match word {
            "id" if self.id.is_none() => self.id = Some(value.to_owned()),
            "was" => drop(self.was.insert(value.to_owned())),
            "event" => drop(self.events.insert(value.to_owned())),
            "retired" => drop(self.retired.insert(value.to_owned())),
            _ => return None,
        }
        Some(())
    }
}

/// The lines of an aggregate in the lock.
pub(super) fn written(aggregates: &BTreeMap<String, Facts>, text: &mut String) {
    for (name, Facts { id, was, events, retired }) in aggregates {
        text.push_str(&format!("\naggregate {name}\n"));
        let id = id.iter().map(|id| format!("id {id}"));
        let was = was.iter().map(|was| format!("was {was}"));
        let events = events.iter().map(|event| format!("event {event}"));
        let retired = retired.iter().map(|event| format!("retired {event}"));
        for line in id.chain(was).chain(events).chain(retired) {
            text.push_str(&format!("  {line}\n"));
        }
    }
}
