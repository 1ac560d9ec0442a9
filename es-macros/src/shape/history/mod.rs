//! The history of a type within events: what was added, renamed and removed since it was first stored.
//!
//! A stored value does not contain the version of its type: the forms are distinguished by the fields that
//! are present. So one `Deserialize` reads them all, and changes that would make a form ambiguous are
//! rejected.

mod check;
mod expand;
mod form;
mod names;
mod read;

use proc_macro2::Ident;
use syn::{Attribute, DeriveInput};

use super::case::Rule;
use crate::history::{Change, Field, FieldChange};

pub(super) use check::check;
pub(super) use expand::{expand, expand_nothing};
pub(super) use form::{FormChange, Step, steps};
pub(super) use read::read;

/// A type with all parts that it has or had.
pub(super) struct TypeHistory {
    /// The type, without the attributes of its history.
    pub(super) input: DeriveInput,
    /// The struct, or each variant of the enum in order.
    pub(super) parts: Vec<Part>,
    /// The current version.
    pub(super) version: u32,
}

/// The fields of a struct or of a variant.
pub(super) struct Part {
    pub(super) variant: Option<Variant>,
    /// The current ones in order, then the removed ones.
    pub(super) fields: Vec<Field>,
    /// How serde names the fields.
    rule: Rule,
}

/// A variant, apart from its fields.
pub(super) struct Variant {
    pub(super) ident: Ident,
    attributes: Vec<Attribute>,
    changes: Vec<Change>,
    /// How serde names the variants.
    rule: Rule,
}

impl Part {
    /// The current fields.
    fn current(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.removed.is_none())
    }

    /// The removed fields.
    fn gone(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.removed.is_some())
    }

    fn has_history(&self) -> bool {
        self.fields.iter().any(|field| !field.changes.is_empty() || field.removed.is_some())
    }
}

impl Variant {
    /// The version that added it.
    fn since(&self) -> u32 {
        let added = self.changes.iter().find(|change| matches!(change.what, FieldChange::Added(_)));
        added.map_or(1, |change| change.since.version)
    }

    fn earlier_names(&self) -> impl Iterator<Item = String> {
        self.changes.iter().filter_map(|change| match &change.what {
            FieldChange::Renamed(from) => Some(from.value()),
            FieldChange::Added(_) => None,
        })
    }

    /// The wire name in a version.
    fn name(&self, version: u32) -> String {
        let earlier = self.changes.iter().find_map(|change| match &change.what {
            FieldChange::Renamed(from) if version < change.since.version => Some(from.value()),
            _ => None,
        });
        earlier.unwrap_or_else(|| {
            let rename = super::serde::of_part(&self.attributes).rename.written;
            rename.unwrap_or_else(|| self.rule.variant(&syn::ext::IdentExt::unraw(&self.ident).to_string()))
        })
    }
}

/// The former names of a field, in any version.
fn earlier_names(field: &Field) -> impl Iterator<Item = String> {
    field.changes.iter().filter_map(|change| match &change.what {
        FieldChange::Renamed(from) => Some(from.value()),
        FieldChange::Added(_) => None,
    })
}
