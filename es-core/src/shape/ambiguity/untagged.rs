//! Untagged variants that are read as an earlier one.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{KEYS_STAY_STRINGS, Search, join};
use crate::shape::check::is_checked;
use crate::shape::model::{Content, Definition, Field, Form, Note, Type, Variant};
use crate::shape::schema::Schema;

impl<'a> Search<'a> {
    pub(super) fn untagged(&mut self, variants: &'a [Variant], path: &str) {
        let read: Vec<(&Variant, Schema)> = variants
            .iter()
            .filter(|variant| !variant.notes.contains(&Note::WrittenOnly))
            .map(|variant| (variant, self.schema_of_content(variant)))
            .collect();
        for (at, (variant, schema)) in read.iter().enumerate() {
            if variant.notes.contains(&Note::ReadOnly) || !schema.opaque().is_empty() {
                continue;
            }
            let mut samples = schema.samples();
            samples.extend(self.empty(variant, schema));
            let later = samples
                .iter()
                .filter(|sample| schema.check(sample).is_ok() && schema.check_read(sample).is_err())
                .find_map(|sample| read[at + 1..].iter().find(|(_, of)| of.check_read(sample).is_ok()));
            if let Some((later, _)) = later {
                self.found(
                    &join(path, variant.name),
                    format!(
                        "a value that is written, cannot be read, and is taken for `{}`, which is tried \
                         later",
                        later.name
                    ),
                    KEYS_STAY_STRINGS,
                );
            }
            let earlier = read[..at].iter().find(|(earlier, of)| {
                self.is_exact_content(&earlier.content, earlier.notes)
                    && (samples.iter().any(|sample| of.check_read(sample).is_ok())
                        || (self.may_be_null_in(&earlier.content) && self.may_be_null_in(&variant.content)))
            });
            if let Some((earlier, _)) = earlier {
                self.found(
                    &join(path, variant.name),
                    format!(
                        "without a tag it is read as `{}`, which is tried before and takes some of its \
                         values",
                        earlier.name
                    ),
                    "Write a tag, or put the variant that takes less first.",
                );
            }
        }
    }

    /// The empty values that a variant can have: no sample is empty, and the empty list is a value of every
    /// list type.
    fn empty(&self, variant: &Variant, schema: &Schema) -> Vec<Value> {
        // User code may never write them.
        let is_by_code = variant.notes.iter().any(|note| matches!(note, Note::By(..)));
        if is_by_code || !self.is_exact_content(&variant.content, variant.notes) {
            return Vec::new();
        }
        [json!([]), json!({})].into_iter().filter(|value| schema.check(value).is_ok()).collect()
    }

    /// A variant alone in an enum, as serde reads what is not tagged.
    fn schema_of_content(&self, variant: &Variant) -> Schema {
        let mut types = self.schema.types.clone();
        let notes: &'static [Note] = &[Note::Untagged];
        let root = types.entered(variant.name, notes, Form::Enum(vec![variant.clone()]));
        Schema { types, root }
    }

    fn is_exact_content(&self, content: &Content, notes: &[Note]) -> bool {
        !notes.contains(&Note::Narrow)
            && match content {
                Content::Unit => true,
                Content::Is(of) => self.is_exact(of),
                Content::Tuple(fields) | Content::Struct(fields) => self.are_exact(fields, &mut Vec::new()),
            }
    }

    /// Whether everything that fits the shape is read: no user code, and no unknown format, may reject it.
    pub(super) fn is_exact(&self, of: &Type) -> bool {
        self.is_exact_type(of, &mut Vec::new())
    }

    fn is_exact_type(&self, of: &Type, seen: &mut Vec<usize>) -> bool {
        match of {
            // A form declared by the user accepts whatever the code reads.
            Type::Plain(Cow::Owned(word)) if !word.contains(':') => false,
            Type::Plain(word) => word.split_once(':').is_none_or(|(_, format)| is_checked(format)),
            Type::Opaque(_) | Type::Custom(_) => false,
            Type::Optional(of) | Type::List(of) | Type::Set(of) | Type::Array(of, _) => {
                self.is_exact_type(of, seen)
            }
            Type::Map(key, of) => self.is_exact_type(key, seen) && self.is_exact_type(of, seen),
            Type::Tuple(parts) => parts.iter().all(|part| self.is_exact_type(part, seen)),
            Type::Named(number) if !seen.contains(number) => {
                seen.push(*number);
                self.definition(of).is_none_or(|definition| self.is_exact_definition(definition, seen))
            }
            Type::Named(_) => true,
        }
    }

    fn is_exact_definition(&self, definition: &Definition, seen: &mut Vec<usize>) -> bool {
        let mut exact = |content: &Content| match content {
            Content::Unit => true,
            Content::Is(of) => self.is_exact_type(of, seen),
            Content::Tuple(fields) | Content::Struct(fields) => self.are_exact(fields, seen),
        };
        !definition.notes.contains(&Note::Narrow)
            && match &definition.form {
                Form::Content(content) => exact(content),
                Form::Enum(variants) => variants
                    .iter()
                    .all(|variant| !variant.notes.contains(&Note::Narrow) && exact(&variant.content)),
            }
    }

    fn are_exact(&self, fields: &[Field], seen: &mut Vec<usize>) -> bool {
        fields
            .iter()
            .all(|field| !field.notes.contains(&Note::Narrow) && self.is_exact_type(&field.shape, seen))
    }
}
