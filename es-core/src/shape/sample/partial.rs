//! Payloads with one part left out that need not be there: what they mean is decided by a default.

use serde_json::Value;

use super::{MOST, Maker};
use crate::shape::{Content, Definition, Field, Form, Note, Schema, Type};

/// A field that need not be there.
pub(super) struct LeftOut<'a> {
    pub(super) field: &'a Field,
    /// Whether `null` stands in its place, or nothing.
    pub(super) is_null: bool,
}

/// One payload for each field that may be absent, and one for each that may be `null`. One at a time: a
/// default stands for itself, so combinations say nothing more.
pub(in crate::shape) fn partial(schema: &Schema) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for left_out in schema.types.definitions.iter().flat_map(omissible) {
        let mut maker = Maker::new(schema, Some(&left_out));
        let sample = maker.samples(&schema.root, |maker| maker.is_partial).pop();
        found.extend(sample.filter(|sample| maker.is_partial && !found.contains(sample)));
        if found.len() == MOST {
            break;
        }
    }
    found
}

fn omissible(definition: &Definition) -> Vec<LeftOut<'_>> {
    let has_default = definition.notes.iter().any(is_default);
    match &definition.form {
        Form::Content(content) => of_content(content, has_default),
        Form::Enum(variants) => {
            variants.iter().flat_map(|variant| of_content(&variant.content, false)).collect()
        }
    }
}

fn of_content(content: &Content, has_default: bool) -> Vec<LeftOut<'_>> {
    let Content::Struct(fields) = content else { return Vec::new() };
    let mut found = Vec::new();
    for field in fields.iter().filter(|field| !field.notes.contains(&Note::Flatten)) {
        let is_option = matches!(field.shape, Type::Optional(_));
        if has_default || is_option || field.notes.iter().any(is_default) {
            found.push(LeftOut { field, is_null: false });
        }
        if is_option {
            found.push(LeftOut { field, is_null: true });
        }
    }
    found
}

const fn is_default(note: &Note) -> bool {
    matches!(note, Note::Defaulted | Note::DefaultedBy(_))
}
