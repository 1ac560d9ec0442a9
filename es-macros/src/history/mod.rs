//! The history of fields: what was added, renamed and removed, in an event or in a type within events.

mod attr;
pub(crate) mod attributes;
mod check;
pub(crate) mod default;

use std::fmt;

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, LitInt, LitStr, Path, Type};

pub(crate) use attr::{ADDED, Member, REMOVED, RENAMED, changes, of_field, removed};
pub(crate) use check::{order, range, since};

use crate::shape::case::Rule;
use crate::shape::serde;

/// The attribute that contains the history.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Event,
    Shape,
}

impl Word {
    /// Whether an attribute of this path is this one.
    pub(crate) fn begins(self, path: &Path) -> bool {
        match self {
            // Events are also named by a path, such as `es_core::event`.
            Self::Event => path.segments.last().is_some_and(|segment| segment.ident == "event"),
            Self::Shape => path.is_ident("shape"),
        }
    }

    fn without_effect(self) -> &'static str {
        match self {
            Self::Event => {
                "on a removed field, only the attributes of serde, `#[shape]` and `#[event]` have an effect; \
                 remove this"
            }
            Self::Shape => {
                "on a removed field, only the attributes of serde and `#[shape]` have an effect; remove this"
            }
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "event",
            Self::Shape => "shape",
        })
    }
}

/// One field, through all versions.
#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// The attributes that it has in every version.
    pub(crate) attributes: Vec<Attribute>,
    /// In the order in which they were written.
    pub(crate) changes: Vec<Change>,
    pub(crate) removed: Option<Since>,
}

/// A change of a field since some version.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) key: Ident,
    pub(crate) since: Since,
    pub(crate) what: FieldChange,
}

#[derive(Clone)]
pub(crate) enum FieldChange {
    /// A variant has no default.
    Added(Option<AddedDefault>),
    Renamed(LitStr),
}

/// The value of an added field in older events.
#[derive(Clone)]
pub(crate) enum AddedDefault {
    /// The `Default` of its type, requested by this key.
    OfType(Ident),
    Is(Box<Expr>),
}

/// The version of a change.
#[derive(Clone)]
pub(crate) struct Since {
    pub(crate) version: u32,
    pub(crate) literal: LitInt,
}

impl Field {
    /// The version that added it, if that is not the first, and its value in older ones.
    pub(crate) fn added(&self) -> Option<(u32, &AddedDefault)> {
        self.changes.iter().find_map(|change| match &change.what {
            FieldChange::Added(default) => Some((change.since.version, default.as_ref()?)),
            FieldChange::Renamed(_) => None,
        })
    }

    /// Whether events of this version have it.
    pub(crate) fn is_in(&self, version: u32) -> bool {
        self.added().is_none_or(|(since, _)| since <= version)
            && self.removed.as_ref().is_none_or(|removed| version < removed.version)
    }

    /// The wire name in this version, if it was renamed later.
    pub(crate) fn earlier_name(&self, version: u32) -> Option<&LitStr> {
        self.changes.iter().find_map(|change| match &change.what {
            FieldChange::Renamed(from) if version < change.since.version => Some(from),
            _ => None,
        })
    }

    /// The attributes in this version, under the name it had there.
    pub(crate) fn attributes_in(&self, version: u32) -> Vec<Attribute> {
        match self.earlier_name(version) {
            Some(earlier) => attributes::named(&self.attributes, &earlier.value()),
            None => self.attributes.clone(),
        }
    }

    /// The name under which a version writes the field, if this rule determines how fields are named.
    pub(crate) fn name(&self, version: u32, rule: Rule) -> String {
        if let Some(earlier) = self.earlier_name(version) {
            return earlier.value();
        }
        let rename = serde::of_part(&self.attributes).rename.written;
        rename.unwrap_or_else(|| rule.field(&self.ident.unraw().to_string()))
    }
}
