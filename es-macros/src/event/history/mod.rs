//! The history of an event's fields: what was added, renamed and removed. The old versions are generated from
//! it.

mod check;
mod expand;
mod names;
mod old;

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput};

use crate::errors::Errors;
use crate::history::{Field, Word, of_field};

pub(super) use check::check;
pub(super) use expand::expand;

/// All fields that the event has or had.
pub(super) struct EventHistory {
    pub(super) fields: Vec<Field>,
    /// The struct, with all its attributes.
    pub(super) input: DeriveInput,
}

/// Reads the history of all fields; `None` if there is none.
pub(super) fn read(
    removed: &mut Vec<Field>,
    input: Option<&DeriveInput>,
    errors: &mut Errors,
) -> Option<EventHistory> {
    let input = input?;
    let Data::Struct(data) = &input.data else { return None };
    let (mut fields, mut any) = (Vec::new(), !removed.is_empty());
    for (at, field) in data.fields.iter().enumerate() {
        let (changes, attributes) = of_field(Word::Event, &field.attrs, &mut any, errors);
        let ident = field.ident.clone().unwrap_or_else(|| quote::format_ident!("_{at}"));
        fields.push(Field { ident, ty: field.ty.clone(), attributes, changes, removed: None });
    }
    fields.append(removed);
    any.then(|| EventHistory { fields, input: input.clone() })
}

/// The names of a list in code: `#[a] x: A, #[b] y: B,`.
fn each<T>(of: impl Iterator<Item = T>, write: impl FnMut(T) -> TokenStream) -> TokenStream {
    of.map(write).collect()
}
