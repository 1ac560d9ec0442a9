//! The history of an event's fields: what was added, renamed and removed, from which the old versions are made.

mod attr;
mod check;
mod expand;
mod names;
mod old;

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Data, DeriveInput, Expr, LitInt, LitStr, Type};

use crate::errors::Errors;

pub(super) use attr::removed;
pub(super) use check::check;
pub(super) use expand::expand;

/// All fields that the event has or had.
pub(super) struct History {
    pub(super) fields: Vec<Field>,
    /// The struct, with all its attributes.
    pub(super) input: DeriveInput,
}

/// One field, through all versions.
pub(super) struct Field {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    /// The attributes that it has in every version.
    attributes: Vec<Attribute>,
    /// As they were written.
    changes: Vec<Change>,
    removed: Option<Since>,
}

/// A field has been otherwise since some version.
struct Change {
    key: Ident,
    since: Since,
    what: What,
}

enum What {
    Added(Default),
    Renamed(LitStr),
}

/// What an added field is in older events.
enum Default {
    /// The `Default` of its type, asked for by this word.
    OfType(Ident),
    Is(Box<Expr>),
}

/// The version that brought a change.
#[derive(Clone)]
struct Since {
    version: u32,
    literal: LitInt,
}

impl Field {
    /// The version that brought it, if that is not the first, and what it is in older ones.
    fn added(&self) -> Option<(u32, &Default)> {
        self.changes.iter().find_map(|change| match &change.what {
            What::Added(default) => Some((change.since.version, default)),
            What::Renamed(_) => None,
        })
    }

    /// Whether events of this version have it.
    fn is_in(&self, version: u32) -> bool {
        self.added().is_none_or(|(since, _)| since <= version)
            && self.removed.as_ref().is_none_or(|removed| version < removed.version)
    }

    /// The wire name in this version, if it has got another one since.
    fn earlier_name(&self, version: u32) -> Option<&LitStr> {
        self.changes.iter().find_map(|change| match &change.what {
            What::Renamed(from) if version < change.since.version => Some(from),
            _ => None,
        })
    }
}

/// Reads the history of all fields; nothing if there is none.
pub(super) fn read(
    removed: &mut Vec<Field>,
    input: Option<&DeriveInput>,
    errors: &mut Errors,
) -> Option<History> {
    let input = input?;
    let Data::Struct(data) = &input.data else { return None };
    let (mut fields, mut any) = (Vec::new(), !removed.is_empty());
    for (at, field) in data.fields.iter().enumerate() {
        let (changes, attributes) = attr::changes(&field.attrs, &mut any, errors);
        let ident = field.ident.clone().unwrap_or_else(|| quote::format_ident!("_{at}"));
        fields.push(Field { ident, ty: field.ty.clone(), attributes, changes, removed: None });
    }
    fields.append(removed);
    any.then(|| History { fields, input: input.clone() })
}

/// An attribute that old versions share: those of serde, and the declared shape.
fn is_kept(attribute: &Attribute) -> bool {
    let is_serdes =
        |ident: &Ident| ident == "skip_serializing_none" || ident.to_string().starts_with("serde");
    attribute.path().is_ident("shape")
        || attribute.path().segments.iter().any(|segment| is_serdes(&segment.ident))
}

/// The names of a list in code: `#[a] x: A, #[b] y: B,`.
fn each<T>(of: impl Iterator<Item = T>, write: impl FnMut(T) -> TokenStream) -> TokenStream {
    of.map(write).collect()
}
