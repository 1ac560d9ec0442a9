//! Enums, however they are tagged.

use serde_json::Value;

use super::fields::{self, OtherEntries};
use super::misfit::{self, JsonPath, Misfit, PathStep};
use super::tagging::{Tagging, is_tried, of_variant};
use super::walk::{Aside, Check, Fit, length};
use crate::shape::model::{Content, Definition, Note, Type, Variant};

impl<'a> Check<'a> {
    pub(super) fn enumeration(
        &mut self,
        definition: &'a Definition,
        variants: &'a [Variant],
        value: &Value,
        way: &JsonPath<'_>,
    ) -> Fit {
        let tagging = Tagging::of(definition.notes);
        let fit = match tagging {
            Tagging::External => self.external(definition, variants, value, way),
            Tagging::Internal(tag) => self.internal(definition, variants, tag, value, way),
            Tagging::Adjacent(tag, content) => {
                self.adjacent(definition, variants, (tag, content), value, way)
            }
            Tagging::Untagged => Err(way.misfit(
                format!("a variant of `{}`", definition.name),
                format!("{} that none of them has", misfit::kind(value)),
            )),
        };
        let Err(misfit) = fit else { return Ok(()) };
        // One at a time, as serde tries them.
        let aside = std::mem::replace(&mut self.aside, Aside::Again);
        let fits = variants.iter().filter(|variant| is_tried(tagging, variant)).any(|variant| {
            let notes = of_variant(definition.notes);
            self.knows(variant.notes)
                && self.content_by_name(&variant.content, notes, variant.name, value, way).is_ok()
        });
        self.aside = aside;
        if fits { Ok(()) } else { Err(misfit) }
    }

    /// The variant of this name on the side that is checked.
    pub(super) fn variant(&self, variants: &'a [Variant], name: &str) -> Option<&'a Variant> {
        let tagged = || {
            variants
                .iter()
                .filter(|variant| self.knows(variant.notes) && !variant.notes.contains(&Note::Untagged))
        };
        tagged()
            .find(|variant| fields::names(variant.name, variant.notes, self.side).any(|known| known == name))
            .or_else(|| tagged().find(|variant| self.reads() && variant.notes.contains(&Note::Other)))
    }

    pub(super) fn no_variant(&self, variants: &[Variant], way: &JsonPath<'_>, found: &str) -> Misfit {
        let names: Vec<String> = variants
            .iter()
            .filter(|variant| self.knows(variant.notes) && !variant.notes.contains(&Note::Untagged))
            .map(|variant| format!("`{}`", variant.name))
            .collect();
        let expected = match names.as_slice() {
            [] => "a variant, of which there is none".into(),
            [one] => one.clone(),
            some => format!("one of {}", some.join(", ")),
        };
        way.misfit(expected, found)
    }

    /// `"Name"` or `{"Name": content}`.
    pub(super) fn external(
        &mut self,
        definition: &'a Definition,
        variants: &'a [Variant],
        value: &Value,
        way: &JsonPath<'_>,
    ) -> Fit {
        match value {
            Value::String(name) => match self.variant(variants, name) {
                Some(Variant { content: Content::Unit, .. }) => Ok(()),
                Some(variant) => {
                    Err(way.misfit(format!("`{}` with its content", variant.name), "the name alone"))
                }
                None => Err(self.no_variant(variants, way, "a string that is none of them")),
            },
            Value::Object(object) => {
                let mut entries = object.iter();
                let (Some((name, value)), None) = (entries.next(), entries.next()) else {
                    return Err(way.misfit(
                        format!("`{}`, with the name of one variant as its only field", definition.name),
                        "an object with other fields",
                    ));
                };
                let Some(variant) = self.variant(variants, name) else {
                    return Err(self.no_variant(variants, way, "an object with another field"));
                };
                self.external_content(definition, variant, value, way)
            }
            _ => Err(self.no_variant(variants, way, misfit::kind(value))),
        }
    }

    fn external_content(
        &mut self,
        definition: &'a Definition,
        variant: &'a Variant,
        value: &Value,
        way: &JsonPath<'_>,
    ) -> Fit {
        if matches!(variant.content, Content::Unit) && !self.reads() {
            return Err(way.misfit(format!("the string `{}`", variant.name), "an object"));
        }
        let entered = std::mem::take(&mut self.entered);
        let way = way.step(PathStep::Field(variant.name));
        let fit = self.content(&variant.content, of_variant(definition.notes), variant.name, value, &way);
        self.entered = entered;
        fit
    }

    /// `{"tag": "Name", …}`.
    fn internal(
        &mut self,
        definition: &'a Definition,
        variants: &'a [Variant],
        tag: &'static str,
        value: &Value,
        way: &JsonPath<'_>,
    ) -> Fit {
        let at = way.step(PathStep::Field(tag));
        let aside = std::mem::replace(&mut self.aside, Aside::Once);
        let fit = match value {
            Value::Object(object) => {
                let mut rest = OtherEntries::of(object);
                let tagged = self.tag(variants, (tag, false), &mut rest, way);
                tagged.and_then(|variant| self.internal_content(definition, variant, rest, way))
            }
            // serde reads the name from the first element of a list.
            Value::Array(items) if self.reads() => match items.split_first() {
                Some((Value::String(name), rest)) => match self.variant(variants, name) {
                    Some(Variant { content: Content::Struct(fields), .. }) => {
                        self.tuple(fields, definition.notes, rest, way)
                    }
                    Some(Variant { content: Content::Unit, .. }) => length(rest, 0, 0, way),
                    Some(variant) => {
                        let rest = Value::Array(rest.to_vec());
                        self.content(&variant.content, of_variant(definition.notes), variant.name, &rest, way)
                    }
                    None => Err(self.no_variant(variants, &at, "a string that is none of them")),
                },
                _ => Err(self.no_variant(variants, &at, "missing")),
            },
            _ => {
                let expected = format!("`{}`, an object", definition.name);
                Err(way.misfit(expected, misfit::kind(value)))
            }
        };
        self.aside = aside;
        fit
    }

    /// What is beside the tag.
    fn internal_content(
        &mut self,
        definition: &'a Definition,
        variant: &'a Variant,
        mut rest: OtherEntries<'a, '_>,
        way: &JsonPath<'_>,
    ) -> Fit {
        match &variant.content {
            // Nothing beside the tag of such a variant is checked.
            Content::Unit if self.reads() => Ok(()),
            Content::Is(of) if self.reads() => {
                let entries = rest.entries.into_iter();
                let object = entries.map(|(name, value)| (name.to_owned(), value.clone())).collect();
                self.value(of, &Value::Object(object), way)
            }
            _ => {
                self.tagged(definition, variant, &mut rest, way)?;
                self.finish(of_variant(definition.notes), rest, way)
            }
        }
    }

    /// Checks the fields of a tagged variant.
    pub(super) fn tagged(
        &mut self,
        definition: &'a Definition,
        variant: &'a Variant,
        rest: &mut OtherEntries<'a, '_>,
        way: &JsonPath<'_>,
    ) -> Fit {
        if let (Content::Is(of), false) = (&variant.content, self.reads())
            && self.is_optional(of)
        {
            return Err(way.misfit("an object with a tag", "an option, which cannot be tagged"));
        }
        self.flattened_content(&variant.content, of_variant(definition.notes), rest, way)
    }

    pub(super) fn tag(
        &self,
        variants: &'a [Variant],
        (tag, is_adjacent): (&'static str, bool),
        rest: &mut OtherEntries<'a, '_>,
        way: &JsonPath<'_>,
    ) -> Result<&'a Variant, Misfit> {
        let way = way.step(PathStep::Field(tag));
        let name = match rest.take(tag) {
            None => return Err(self.no_variant(variants, &way, "missing")),
            Some(Value::String(name)) => name,
            // serde reads the tag beside a content as it reads an enum.
            Some(Value::Object(object)) if self.reads() && is_adjacent => match object.iter().next() {
                Some((name, content)) if object.len() == 1 && self.is_nothing(content) => name,
                _ => return Err(self.no_variant(variants, &way, "an object")),
            },
            Some(other) => return Err(self.no_variant(variants, &way, misfit::kind(other))),
        };
        self.variant(variants, name)
            .ok_or_else(|| self.no_variant(variants, &way, "a string that is none of them"))
    }

    fn is_optional(&self, of: &Type) -> bool {
        match of {
            Type::Optional(_) => true,
            Type::Named(_) => self.reads_absent(of),
            _ => false,
        }
    }

    /// `{"tag": "Name", "content": content}`.
    fn adjacent(
        &mut self,
        definition: &'a Definition,
        variants: &'a [Variant],
        (tag, inside): (&'static str, &'static str),
        value: &Value,
        way: &JsonPath<'_>,
    ) -> Fit {
        match value {
            Value::Object(object) => {
                let mut rest = OtherEntries::of(object);
                self.tag_and_content(definition, variants, (tag, inside), &mut rest, way)?;
                self.finish(definition.notes, rest, way)
            }
            Value::Array(items) if self.reads() => match items.as_slice() {
                [Value::String(name), content] => match self.variant(variants, name) {
                    Some(variant) => self.beside(definition, variant, inside, Some(content), way),
                    None => Err(self.no_variant(
                        variants,
                        &way.step(PathStep::Item(0)),
                        "a string that is none of them",
                    )),
                },
                _ => Err(way.misfit("a list of a name and its content", "another list")),
            },
            _ => {
                let expected = format!("`{}`, an object", definition.name);
                Err(way.misfit(expected, misfit::kind(value)))
            }
        }
    }

    pub(super) fn tag_and_content(
        &mut self,
        definition: &'a Definition,
        variants: &'a [Variant],
        (tag, inside): (&'static str, &'static str),
        rest: &mut OtherEntries<'a, '_>,
        way: &JsonPath<'_>,
    ) -> Fit {
        let variant = self.tag(variants, (tag, true), rest, way)?;
        let content = rest.take(inside);
        self.beside(definition, variant, inside, content, way)
    }

    fn beside(
        &mut self,
        definition: &'a Definition,
        variant: &'a Variant,
        inside: &'static str,
        content: Option<&Value>,
        way: &JsonPath<'_>,
    ) -> Fit {
        let way = way.step(PathStep::Field(inside));
        match (&variant.content, content) {
            (Content::Unit, None) => Ok(()),
            (Content::Unit, Some(Value::Null)) if self.reads() => Ok(()),
            (Content::Unit, Some(value)) => Err(way.misfit("absent", misfit::kind(value))),
            (Content::Is(of), None) if self.reads() && self.reads_absent(of) => Ok(()),
            (_, None) => Err(way.misfit(format!("the content of `{}`", variant.name), "missing")),
            (content, Some(value)) => {
                let entered = std::mem::take(&mut self.entered);
                let fit =
                    self.content_by_name(content, of_variant(definition.notes), variant.name, value, &way);
                self.entered = entered;
                fit
            }
        }
    }
}
