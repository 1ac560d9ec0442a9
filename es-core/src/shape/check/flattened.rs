//! Types whose fields are among those of the type around them.

use super::fields::OtherEntries;
use super::misfit::{JsonPath, Misfit, PathStep};
use super::tagging::{Tagging, is_tried, of_variant};
use super::walk::{Check, Fit};
use crate::shape::model::{Content, Definition, Form, Note, Type, Variant};

impl<'a> Check<'a> {
    /// Removes the parts of a flattened value from `rest`.
    pub(super) fn flattened(
        &mut self,
        of: &'a Type,
        rest: &mut OtherEntries<'a, '_>,
        way: &JsonPath<'_>,
    ) -> Fit {
        match of {
            Type::Optional(of) => {
                let mut tried = rest.clone();
                if self.flattened(of, &mut tried, way).is_ok() {
                    *rest = tried;
                }
                Ok(())
            }
            Type::Map(..) | Type::Opaque(_) | Type::Custom(_) => {
                rest.open.push(of);
                Ok(())
            }
            Type::Plain(word) if word == "any" || word == "object" => {
                rest.open.push(of);
                Ok(())
            }
            Type::Plain(word) if word == "null" => Ok(()),
            Type::Named(number) => self.flattened_type(*number, rest, way),
            _ => Err(no_fields(&self.expected(of), way)),
        }
    }

    fn flattened_type(&mut self, number: usize, rest: &mut OtherEntries<'a, '_>, way: &JsonPath<'_>) -> Fit {
        let Some(definition) = self.definition(number) else { return Ok(()) };
        if self.entered.contains(&number) {
            return Err(way.misfit(format!("`{}`", definition.name), "one that holds itself without end"));
        }
        self.entered.push(number);
        let fit = match &definition.form {
            Form::Content(content) => self.flattened_content(content, definition.notes, rest, way),
            Form::Enum(variants) => {
                let tagging = Tagging::of(definition.notes);
                self.flattened_enum(definition, variants, tagging, rest, way)
            }
        };
        self.entered.pop();
        fit
    }

    pub(super) fn flattened_content(
        &mut self,
        content: &'a Content,
        notes: &'a [Note],
        rest: &mut OtherEntries<'a, '_>,
        way: &JsonPath<'_>,
    ) -> Fit {
        match content {
            Content::Unit => Ok(()),
            Content::Is(of) => self.flattened(of, rest, way),
            Content::Struct(fields) => self.fields(fields, notes, rest, way),
            Content::Tuple(_) => Err(no_fields("a list", way)),
        }
    }

    /// An enum whose value is among the fields of the struct around it.
    pub(super) fn flattened_enum(
        &mut self,
        definition: &'a Definition,
        variants: &'a [Variant],
        tagging: Tagging,
        rest: &mut OtherEntries<'a, '_>,
        way: &JsonPath<'_>,
    ) -> Fit {
        let mut tried = rest.clone();
        let fit = self.tagged_among_fields(definition, variants, tagging, &mut tried, way);
        if fit.is_ok() {
            *rest = tried;
            return Ok(());
        }
        match self.best_of_tried(variants, tagging, rest, way) {
            Some(best) => *rest = best,
            None => return fit,
        }
        Ok(())
    }

    /// By the tag that names the variant.
    fn tagged_among_fields(
        &mut self,
        definition: &'a Definition,
        variants: &'a [Variant],
        tagging: Tagging,
        rest: &mut OtherEntries<'a, '_>,
        way: &JsonPath<'_>,
    ) -> Fit {
        match tagging {
            Tagging::External => self.named_among_fields(definition, variants, rest, way),
            Tagging::Internal(tag) => {
                let variant = self.tag(variants, (tag, false), rest, way)?;
                self.tagged(definition, variant, rest, way)
            }
            Tagging::Adjacent(tag, inside) => {
                self.tag_and_content(definition, variants, (tag, inside), rest, way)
            }
            Tagging::Untagged => Err(way.misfit(
                format!("the fields of a variant of `{}`", definition.name),
                "an object with the fields of none",
            )),
        }
    }

    /// The variant is a field of its own name.
    fn named_among_fields(
        &mut self,
        definition: &'a Definition,
        variants: &'a [Variant],
        rest: &mut OtherEntries<'a, '_>,
        way: &JsonPath<'_>,
    ) -> Fit {
        let entry = rest.entries.iter().position(|(name, _)| {
            self.variant(variants, name).is_some_and(|variant| !variant.notes.contains(&Note::Other))
        });
        let Some((name, value)) = entry.map(|at| rest.entries.remove(at)) else {
            return Err(self.no_variant(variants, way, "an object without such a field"));
        };
        match self.variant(variants, name) {
            Some(Variant { content: Content::Unit, .. }) if value.is_null() => Ok(()),
            Some(variant) => {
                let (notes, way) = (of_variant(definition.notes), way.step(PathStep::Field(name)));
                self.content(&variant.content, notes, variant.name, value, &way)
            }
            None => Ok(()),
        }
    }

    /// The rest after the variant without a tag that accepts these fields: the first one as serde reads; the
    /// one that leaves least if it was written.
    fn best_of_tried<'v>(
        &mut self,
        variants: &'a [Variant],
        tagging: Tagging,
        rest: &OtherEntries<'a, 'v>,
        way: &JsonPath<'_>,
    ) -> Option<OtherEntries<'a, 'v>> {
        let mut best: Option<OtherEntries<'a, 'v>> = None;
        for variant in variants.iter().filter(|variant| is_tried(tagging, variant)) {
            let mut tried = rest.clone();
            if !self.knows(variant.notes)
                || self.flattened_content(&variant.content, &[], &mut tried, way).is_err()
            {
                continue;
            }
            if best.as_ref().is_none_or(|best| !self.reads() && tried.entries.len() < best.entries.len()) {
                best = Some(tried);
            }
        }
        best
    }
}

fn no_fields(of: &str, way: &JsonPath<'_>) -> Misfit {
    way.misfit("a struct, a map or an enum where its fields stand among others", of)
}
