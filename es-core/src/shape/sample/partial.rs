//! Payloads without one optional part: a default determines what they mean.

use serde_json::Value;

use super::left_out::LeftOut;
use super::{MOST, Maker};
use crate::shape::{Content, Definition, Form, Note, Schema, Type};

impl Schema {
    /// Payloads with one field left out: one for each field that has a default or is an option, and one more
    /// for each option with `null` instead. At most 256 of them.
    ///
    /// A type may still reject them: the shape does not tell whether code that reads a field accepts its
    /// absence.
    #[must_use]
    pub fn partial_samples(&self) -> Vec<Value> {
        // One at a time: defaults are independent, so combinations add nothing.
        let mut found: Vec<Value> = Vec::new();
        for left_out in self.types.definitions.iter().flat_map(omissible) {
            let mut maker = Maker::new(self, Some(&left_out));
            let sample = maker.samples(&self.root, |maker| maker.is_partial).pop();
            found.extend(sample.filter(|sample| maker.is_partial && !found.contains(sample)));
            if found.len() == MOST {
                break;
            }
        }
        found
    }
}

fn omissible(definition: &Definition) -> Vec<LeftOut<'_>> {
    match &definition.form {
        Form::Content(content) => of_content(content, definition.notes),
        Form::Enum(variants) => {
            variants.iter().flat_map(|variant| of_content(&variant.content, &[])).collect()
        }
    }
}

/// `notes` are those of the type that all of this belongs to.
fn of_content<'a>(content: &'a Content, notes: &[Note]) -> Vec<LeftOut<'a>> {
    let Content::Struct(fields) = content else { return Vec::new() };
    let has_default = notes.iter().any(is_default);
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
