//! Sorting sets: a set is written in any order, so two encodings of one value are compared without it.

use super::{Content, Definition, Field, Form, Note, Schema, Type, Variant};
use crate::codec::Exact;

impl Schema {
    /// The same value with sorted sets, for comparing values: a set is written in any order.
    pub(crate) fn in_order(&self, mut value: Exact) -> Exact {
        Order { definitions: &self.types.definitions }.value(&self.root, &mut value, &mut Vec::new());
        value
    }
}

struct Order<'a> {
    definitions: &'a [Definition],
}

impl Order<'_> {
    fn value(&self, of: &Type, value: &mut Exact, open: &mut Vec<usize>) {
        match (of, value) {
            (Type::Optional(of), value) => self.value(of, value, open),
            (Type::List(of) | Type::Array(of, _), Exact::Array(values)) => {
                values.iter_mut().for_each(|value| self.inner(of, value));
            }
            (Type::Set(of), Exact::Array(values)) => {
                values.iter_mut().for_each(|value| self.inner(of, value));
                values.sort_by_cached_key(ToString::to_string);
            }
            (Type::Map(_, of), Exact::Object(values)) => {
                values.values_mut().for_each(|value| self.inner(of, value));
            }
            (Type::Tuple(parts), Exact::Array(values)) => {
                parts.iter().zip(values).for_each(|(of, value)| self.inner(of, value));
            }
            // A type may contain itself in one place: `#[serde(untagged)] enum E { A(Box<E>), … }`.
            (Type::Named(number), value) if !open.contains(number) => {
                open.push(*number);
                match self.definitions.get(*number) {
                    Some(Definition { form: Form::Content(content), .. }) => {
                        self.content(content, value, open);
                    }
                    Some(Definition { form: Form::Enum(variants), notes, .. }) => {
                        self.variants(variants, notes, value, open);
                    }
                    None => {}
                }
                open.pop();
            }
            _ => {}
        }
    }

    /// A value within another.
    fn inner(&self, of: &Type, value: &mut Exact) {
        self.value(of, value, &mut Vec::new());
    }

    fn content(&self, content: &Content, value: &mut Exact, open: &mut Vec<usize>) {
        match (content, value) {
            (Content::Is(of), value) => self.value(of, value, open),
            (Content::Tuple(fields), Exact::Array(values)) => {
                fields.iter().zip(values).for_each(|(field, value)| self.inner(&field.shape, value));
            }
            (Content::Struct(fields), value) => {
                fields.iter().for_each(|field| self.field(field, value, open));
            }
            _ => {}
        }
    }

    fn field(&self, field: &Field, value: &mut Exact, open: &mut Vec<usize>) {
        if field.notes.contains(&Note::Flatten) {
            self.value(&field.shape, value, open);
        } else if let Some(value) = value.get_mut(field.name) {
            self.inner(&field.shape, value);
        }
    }

    /// The variant of a value: by its name if that is present, otherwise every one whose content it may be.
    fn variants(&self, variants: &[Variant], notes: &[Note], value: &mut Exact, open: &mut Vec<usize>) {
        let (mut tag, mut inside) = (None, None);
        for note in notes {
            match *note {
                Note::Tag(field) => tag = Some(field),
                Note::Content(field) => inside = Some(field),
                _ => {}
            }
        }
        let name = tag.map(|tag| value.get(tag).and_then(Exact::as_str).unwrap_or_default().to_owned());
        for variant in variants {
            let is_untagged = notes.contains(&Note::Untagged) || variant.notes.contains(&Note::Untagged);
            let within = match (&name, inside) {
                _ if is_untagged => None,
                (Some(name), _) if name != variant.name => continue,
                (Some(_), inside) => inside,
                (None, _) => Some(variant.name),
            };
            match within {
                None => self.content(&variant.content, value, open),
                Some(name) => {
                    if let Some(value) = value.get_mut(name) {
                        self.content(&variant.content, value, &mut Vec::new());
                    }
                }
            }
        }
    }
}
