//! Keys of maps: strings that hold a value.

use serde_json::Value;

use super::misfit::{JsonPath, Misfit};
use super::tagging::Tagging;
use super::walk::{Aside, Check, Fit};
use super::words;
use crate::shape::model::{Content, Form, Type, Variant};

impl<'a> Check<'a> {
    pub(super) fn key(&mut self, of: &'a Type, key: &str, way: &JsonPath<'_>) -> Fit {
        match of {
            Type::Opaque(_) | Type::Custom(_) => Ok(()),
            // `None` is not a key, and cannot be distinguished from a string here.
            Type::Optional(of) => self.key(of, key, way),
            Type::Plain(word) => self.word(word, key, way),
            Type::Named(number) => {
                let Some(definition) = self.definition(*number) else { return Ok(()) };
                if self.entered.contains(number) {
                    return Err(
                        way.misfit(format!("`{}`", definition.name), "one that holds itself without end")
                    );
                }
                self.entered.push(*number);
                let fit = match &definition.form {
                    Form::Content(Content::Is(of)) => self.key(of, key, way),
                    Form::Content(_) => Err(no_key(&definition.name, way)),
                    Form::Enum(variants) => match Tagging::of(definition.notes) {
                        Tagging::External => self.external(definition, variants, &Value::from(key), way),
                        Tagging::Untagged => self.untagged_key(&definition.name, variants, key, way),
                        _ => Err(no_key(&definition.name, way)),
                    },
                };
                self.entered.pop();
                fit
            }
            Type::List(_) | Type::Set(_) | Type::Array(..) | Type::Map(..) | Type::Tuple(_) => {
                Err(no_key(&self.types.inline(of), way))
            }
        }
    }

    fn untagged_key(&mut self, name: &str, variants: &'a [Variant], key: &str, way: &JsonPath<'_>) -> Fit {
        let aside = std::mem::replace(&mut self.aside, Aside::Again);
        let fits = variants.iter().any(|variant| {
            self.knows(variant.notes)
                && matches!(&variant.content, Content::Is(of) if self.key(of, key, way).is_ok())
        });
        self.aside = aside;
        if fits { Ok(()) } else { Err(way.misfit(format!("`{name}`"), "a key that no variant has")) }
    }

    fn word(&self, word: &str, key: &str, way: &JsonPath<'_>) -> Fit {
        let kind = word.split(':').next().unwrap_or(word);
        let found = match kind {
            "string" | "char" => words::check(word, &Value::from(key), self.side).err(),
            "any" => None,
            "null" | "object" | "array" => return Err(no_key(word, way)),
            // serde keeps buffered keys as strings, and reads no number from one.
            _ if self.reads() && self.aside != Aside::No => Some("a key that serde keeps as a string here"),
            _ => match serde_json::from_str::<Value>(key) {
                // Written and read without spaces and leading zeros, as in JSON.
                Ok(value) if !key.starts_with(char::is_whitespace) && !key.ends_with(char::is_whitespace) => {
                    words::check(word, &value, self.side).err()
                }
                _ => Some("another key"),
            },
        };
        found.map_or(Ok(()), |found| Err(way.misfit(format!("`{word}`"), found)))
    }
}

fn no_key(of: &str, way: &JsonPath<'_>) -> Misfit {
    way.misfit(
        "a string, number, boolean or variant without a value",
        format!("`{of}`, which cannot be a key"),
    )
}
