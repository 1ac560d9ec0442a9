//! The history of fields: what was added, renamed and removed, of an event or of a type that stands in
//! events.

mod attr;
pub(crate) mod attributes;
mod check;
pub(crate) mod default;

use std::fmt;

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, LitInt, LitStr, Path, Type};

pub(crate) use attr::{ADDED, Part, REMOVED, RENAMED, changes, of_field, removed};
pub(crate) use check::{order, range, since};

use crate::shape::case::Rule;
use crate::shape::serde;

/// The attribute that tells the history.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Event,
    Shape,
}

impl Word {
    /// Whether an attribute of this path is the one.
    pub(crate) fn begins(self, path: &Path) -> bool {
        match self {
            // Events are named by a path as well, such as `es_core::event`.
            Self::Event => path.segments.last().is_some_and(|segment| segment.ident == "event"),
            Self::Shape => path.is_ident("shape"),
        }
    }

    fn of_a_field_that_is_gone(self) -> &'static str {
        match self {
            Self::Event => {
                "of a field that is gone, only the attributes of serde, `#[shape]` and `#[event]` count; leave this out"
            }
            Self::Shape => {
                "of a field that is gone, only the attributes of serde and `#[shape]` count; leave this out"
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
    /// As they were written.
    pub(crate) changes: Vec<Change>,
    pub(crate) removed: Option<Since>,
}

/// A field has been otherwise since some version.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) key: Ident,
    pub(crate) since: Since,
    pub(crate) what: What,
}

#[derive(Clone)]
pub(crate) enum What {
    /// A variant has no default.
    Added(Option<Default>),
    Renamed(LitStr),
}

/// What an added field is in older events.
#[derive(Clone)]
pub(crate) enum Default {
    /// The `Default` of its type, asked for by this word.
    OfType(Ident),
    Is(Box<Expr>),
}

/// The version that brought a change.
#[derive(Clone)]
pub(crate) struct Since {
    pub(crate) version: u32,
    pub(crate) literal: LitInt,
}

impl Field {
    /// The version that brought it, if that is not the first, and what it is in older ones.
    pub(crate) fn added(&self) -> Option<(u32, &Default)> {
        self.changes.iter().find_map(|change| match &change.what {
            What::Added(default) => Some((change.since.version, default.as_ref()?)),
            What::Renamed(_) => None,
        })
    }

    /// Whether events of this version have it.
    pub(crate) fn is_in(&self, version: u32) -> bool {
        self.added().is_none_or(|(since, _)| since <= version)
            && self.removed.as_ref().is_none_or(|removed| version < removed.version)
    }

    /// The wire name in this version, if it has got another one since.
    pub(crate) fn earlier_name(&self, version: u32) -> Option<&LitStr> {
        self.changes.iter().find_map(|change| match &change.what {
            What::Renamed(from) if version < change.since.version => Some(from),
            _ => None,
        })
    }

    /// The attributes in this version, under the name of then.
    pub(crate) fn attributes_in(&self, version: u32) -> Vec<Attribute> {
        match self.earlier_name(version) {
            Some(earlier) => attributes::named(&self.attributes, &earlier.value()),
            None => self.attributes.clone(),
        }
    }

    /// The name under which a version writes the field, if this rule says how fields are named.
    pub(crate) fn name(&self, version: u32, rule: Rule) -> String {
        if let Some(earlier) = self.earlier_name(version) {
            return earlier.value();
        }
        let rename = serde::of_part(&self.attributes).rename.written;
        rename.unwrap_or_else(|| rule.field(&self.ident.unraw().to_string()))
    }
}
