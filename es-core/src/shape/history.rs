//! The changes of the types in a shape since they were first stored, in separate lines.
//!
//! The canonical text of a shape has each type in its first form, so that a history changes no fingerprint:
//! what was published is unchanged. Later changes are listed beside it in the lock.

use std::collections::BTreeMap;

use super::model::{Change, HistoryStep};
use super::text::Text;
use super::{Content, Line, Schema, Type, Types, quoted};

/// Begins the line of a change: `history Money 2 added currency: string, means "EUR"`.
pub(crate) const HISTORY: &str = "history ";

/// Begins the lines of a type that only later forms contain: `later type Currency: enum`.
pub(crate) const LATER: &str = "later type ";

/// The changes after the first forms.
#[derive(Debug, Default)]
pub(crate) struct Later {
    /// One line for each change, and the types that only later forms contain.
    pub(crate) lines: Vec<Line>,
    /// The defaults that cannot be locked: the field, and whether it is not deterministic.
    pub(crate) unsound: Vec<(String, Unsound)>,
}

/// Why a default cannot be locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsound {
    /// It is not deterministic.
    Changing,
    /// It cannot be serialized as JSON.
    NotJson,
}

impl Schema {
    /// The changes of the types since their first forms. Makes each default, twice.
    pub(crate) fn later(&self) -> Later {
        let types = &self.types;
        let first = types.reached(&self.root);
        let mut all = first.clone();
        let mut at = 0;
        while at < all.len() {
            let steps = types.definitions.get(all[at]).into_iter().flat_map(|definition| &definition.steps);
            for number in steps.flat_map(Change::types_of).flat_map(|of| types.reached(of)) {
                if !all.contains(&number) {
                    all.push(number);
                }
            }
            at += 1;
        }
        let names = self.names_with(&all);
        let text = Text { types, names: &names };
        let mut later = Later::default();
        let mut new: Vec<Line> = all[first.len()..]
            .iter()
            .filter_map(|number| {
                let definition = types.definitions.get(*number)?;
                Some(text.definition(format!("{LATER}{}", text.inline(&Type::Named(*number))), definition))
            })
            .collect();
        new.sort_by(|left, right| left.key.cmp(&right.key));
        let mut steps: BTreeMap<(String, u32, String), Line> = BTreeMap::new();
        for number in all {
            let Some(definition) = types.definitions.get(number) else { continue };
            let of = text.inline(&Type::Named(number));
            for step in &definition.steps {
                let line = step.line(&of, &text, &mut later.unsound);
                steps.insert((of.clone(), step.version, line.key.clone()), line);
            }
        }
        later.lines = new;
        later.lines.extend(steps.into_values());
        later
    }

    /// Whether any type in it has a history.
    pub(crate) fn has_history(&self) -> bool {
        self.types.definitions.iter().any(|definition| !definition.steps.is_empty())
    }
}

impl Types {
    /// The named types in a type, each before those in it.
    fn reached(&self, of: &Type) -> Vec<usize> {
        let mut reached = Vec::new();
        self.visit(of, &mut |number| {
            let is_new = !reached.contains(&number);
            if is_new {
                reached.push(number);
            }
            is_new
        });
        reached
    }
}

impl Change {
    fn types_of(step: &HistoryStep) -> Vec<&Type> {
        match &step.change {
            Self::Added(field, _) => vec![&field.shape],
            Self::AddedVariant(variant) => match &variant.content {
                Content::Unit => Vec::new(),
                Content::Is(of) => vec![of],
                Content::Tuple(fields) | Content::Struct(fields) => {
                    fields.iter().map(|field| &field.shape).collect()
                }
            },
            Self::Renamed(..) | Self::Removed(_) => Vec::new(),
        }
    }
}

impl HistoryStep {
    fn line(&self, of: &str, text: &Text<'_>, unsound: &mut Vec<(String, Unsound)>) -> Line {
        let named = |name: &str| match self.variant {
            Some(variant) => format!("{}.{}", quoted(variant), quoted(name)),
            None => quoted(name).into_owned(),
        };
        let key = |word: &str, name: &str| format!("{HISTORY}{of} {} {word} {}", self.version, named(name));
        match &self.change {
            Change::Added(field, default) => {
                let mut line = text.field(field);
                line.key = key("added", field.name);
                match (default.0(), default.0()) {
                    (Some(json), Some(again)) if json == again => line.notes.push(format!("means {json}")),
                    (Some(_), Some(_)) => {
                        unsound.push((format!("{of}.{}", named(field.name)), Unsound::Changing));
                    }
                    _ => unsound.push((format!("{of}.{}", named(field.name)), Unsound::NotJson)),
                }
                line
            }
            Change::AddedVariant(variant) => {
                let mut line = text.variant(variant);
                line.key = key("added", variant.name);
                line
            }
            Change::Renamed(from, to) => Line::new(key("renamed", from), quoted(to)),
            Change::Removed(name) => Line::new(key("removed", name), ""),
        }
    }
}

impl Schema {
    /// A name for each of these types: those of the canonical text, and new ones for those that are not in
    /// it.
    fn names_with(&self, all: &[usize]) -> BTreeMap<usize, String> {
        let root = match self.root {
            Type::Named(number) => Some(number),
            _ => None,
        };
        self.types.names(all.iter().copied().filter(|number| Some(*number) != root))
    }

    /// The types of fields and variants that came later, each with the path to it.
    pub(crate) fn later_parts(&self) -> Vec<(String, &Type)> {
        let mut parts = Vec::new();
        for definition in &self.types.definitions {
            for step in &definition.steps {
                let name = match &step.change {
                    Change::Added(field, _) => field.name,
                    Change::AddedVariant(variant) => variant.name,
                    Change::Renamed(..) | Change::Removed(_) => continue,
                };
                let way = format!("{}.{name}", definition.name);
                parts.extend(Change::types_of(step).into_iter().map(|of| (way.clone(), of)));
            }
        }
        parts
    }
}
