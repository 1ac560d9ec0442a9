//! The contents of `events.lock`, and how it is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::lock::facts::{self, Facts};
use crate::lock::published::{Lines, Published};
use crate::shape::Line;

pub(in crate::lock) const NAME: &str = "events.lock";

pub(super) const FORMAT: &str = "format = 2";

/// The published shapes.
#[derive(Debug, Default)]
pub(in crate::lock) struct Locked {
    pub(in crate::lock) exists: bool,
    pub(in crate::lock) aggregates: BTreeMap<String, Facts>,
    pub(in crate::lock) entries: BTreeMap<Published, Lines>,
    /// Former names of events, each with a later one.
    pub(in crate::lock) renamed: BTreeSet<(String, String)>,
}

impl Locked {
    pub(super) fn text(&self) -> String {
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
