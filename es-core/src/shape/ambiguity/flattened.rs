//! Flattened fields that read what others wrote.

use serde_json::{Value, json};

use super::{KEYS_STAY_STRINGS, Search, join};
use crate::shape::check::{Misfit, Tagging};
use crate::shape::model::{Content, Field, Form, Note, Type};

/// What a flattened field leaves for those after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Its own fields.
    Own,
    /// Nothing: it reads its own fields, and others see them as well.
    Nothing,
    /// It reads everything that is left, and removes nothing.
    Rest,
}

impl<'a> Search<'a> {
    pub(super) fn flattened(&mut self, fields: &'a [Field], path: &str) {
        let flattened: Vec<&Field> =
            fields.iter().filter(|field| field.notes.contains(&Note::Flatten)).collect();
        let takes: Vec<Option<Takes>> =
            flattened.iter().map(|field| self.takes(&field.shape, &mut Vec::new())).collect();
        for (at, field) in flattened.iter().enumerate() {
            let path = join(path, &format!("..{}", field.name));
            if let Type::Optional(of) = &field.shape {
                self.flattened_option(of, &path);
            }
            if takes[at] != Some(Takes::Rest) {
                continue;
            }
            let is_other = |(other, takes): (usize, &Option<Takes>)| match takes {
                Some(Takes::Own) => other > at,
                Some(Takes::Nothing | Takes::Rest) => other != at,
                None => false,
            };
            if let Some(other) = takes.iter().enumerate().position(is_other) {
                self.found(
                    &path,
                    format!(
                        "a map that reads the fields of `..{}` as its own entries as well",
                        flattened[other].name
                    ),
                    "Flatten the map last and beside structs only, or give it a name.",
                );
            }
        }
    }

    fn flattened_option(&mut self, of: &'a Type, path: &str) {
        if self.is_exact(of) && self.reads(of, &json!({})) {
            self.found(
                path,
                "an option whose fields may all be absent; `None` is read as `Some` without them",
                "Remove the `Option`, or the `flatten`.",
            );
        }
        if let Some(misfit) = self.is_none(of) {
            self.found(
                path,
                format!("a value that is written and read as `None`: {misfit}"),
                KEYS_STAY_STRINGS,
            );
        }
    }

    /// Why some value of a flattened option is read as `None`: serde ignores every error in it.
    fn is_none(&self, of: &Type) -> Option<Misfit> {
        let schema = self.schema_of(of);
        schema.samples().iter().filter(|sample| schema.check(sample).is_ok()).find_map(|sample| {
            let Value::Object(around) = sample else { return None };
            schema.check_read_flattened(around).err()
        })
    }

    pub(super) fn takes_rest(&self, of: &Type) -> bool {
        self.takes(of, &mut Vec::new()) == Some(Takes::Rest)
    }

    fn takes(&self, of: &Type, seen: &mut Vec<usize>) -> Option<Takes> {
        match of {
            Type::Optional(of) => self.takes(of, seen),
            Type::Map(..) => Some(Takes::Rest),
            Type::Plain(word) if matches!(&**word, "any" | "object") => Some(Takes::Rest),
            Type::Named(number) if !seen.contains(number) => {
                seen.push(*number);
                let definition = self.definition(of)?;
                match &definition.form {
                    Form::Content(Content::Is(of)) => self.takes(of, seen),
                    Form::Content(Content::Struct(fields)) => {
                        let rest = fields
                            .iter()
                            .filter(|field| field.notes.contains(&Note::Flatten))
                            .any(|field| self.takes(&field.shape, seen) == Some(Takes::Rest));
                        Some(if rest { Takes::Rest } else { Takes::Own })
                    }
                    Form::Content(_) => None,
                    Form::Enum(_) => Some(match Tagging::of(definition.notes) {
                        Tagging::External | Tagging::Adjacent(..) => Takes::Own,
                        Tagging::Internal(_) | Tagging::Untagged => Takes::Nothing,
                    }),
                }
            }
            _ => None,
        }
    }
}
