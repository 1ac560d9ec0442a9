//! Payloads generated from a shape. They are the same in every run: nothing is random.

mod leaf;
mod left_out;
mod partial;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use self::left_out::LeftOut;
use super::{Content, Definition, Field, Form, Note, Schema, Type, Variant};

/// More payloads than this add nothing.
const MOST: usize = 256;

impl Schema {
    /// Generated payloads of this shape: together they contain every field and every variant that can be
    /// written. At most 256 of them.
    #[must_use]
    pub fn samples(&self) -> Vec<Value> {
        Maker::new(self, None).samples(&self.root, |_| false)
    }
}

struct Maker<'a> {
    definitions: &'a [Definition],
    /// The minimum depth of a definition: what ends a recursion. `usize::MAX` if it is infinite.
    heights: Vec<usize>,
    /// The variants that were reached, by definition and index.
    used: BTreeSet<(usize, usize)>,
    /// The definitions around the current value.
    open: Vec<usize>,
    /// How many values were made, so that neighbours differ.
    count: u32,
    /// The field that is left out wherever it would occur.
    left_out: Option<&'a LeftOut<'a>>,
    /// Whether it was left out somewhere in the current value.
    is_partial: bool,
}

impl<'a> Maker<'a> {
    fn new(schema: &'a Schema, left_out: Option<&'a LeftOut<'a>>) -> Self {
        let definitions = &schema.types.definitions;
        Self {
            definitions,
            heights: heights(definitions),
            used: BTreeSet::new(),
            open: Vec::new(),
            count: 0,
            left_out,
            is_partial: false,
        }
    }

    /// Values until one satisfies `is_enough`, or all variants are reached.
    fn samples(&mut self, root: &Type, is_enough: fn(&Self) -> bool) -> Vec<Value> {
        let mut samples = Vec::new();
        while samples.len() < MOST {
            let before = self.used.len();
            self.is_partial = false;
            let sample = self.value(root, "payload");
            if !samples.is_empty() && self.used.len() == before {
                break;
            }
            samples.push(sample);
            if is_enough(self) {
                break;
            }
        }
        samples
    }

    fn value(&mut self, of: &Type, name: &str) -> Value {
        match of {
            Type::Plain(word) => {
                self.count = self.count % 9 + 1;
                leaf::value(word, name, self.count)
            }
            Type::Optional(of) if self.ends(of) => Value::Null,
            Type::Optional(of) => self.value(of, name),
            Type::List(of) | Type::Set(of) if self.ends(of) => Value::Array(Vec::new()),
            Type::List(of) | Type::Set(of) => Value::Array(vec![self.value(of, name)]),
            Type::Array(of, len) => (0..*len).map(|_| self.value(of, name)).collect(),
            Type::Map(_, value) if self.ends(value) => Value::Object(Map::new()),
            Type::Map(key, value) => {
                let key = match self.value(key, "key") {
                    Value::String(key) => key,
                    key => key.to_string(),
                };
                Value::Object(Map::from_iter([(key, self.value(value, name))]))
            }
            Type::Tuple(parts) => parts.iter().map(|part| self.value(part, name)).collect(),
            Type::Named(number) => self.named(*number, name),
            Type::Opaque(_) | Type::Custom(_) => Value::Null,
        }
    }

    /// Whether a container of these must be empty, as they contain one another.
    fn ends(&self, of: &Type) -> bool {
        match of {
            Type::Plain(_) | Type::Opaque(_) | Type::Custom(_) => false,
            Type::Optional(of) | Type::List(of) | Type::Set(of) | Type::Array(of, _) => self.ends(of),
            Type::Map(key, value) => self.ends(key) || self.ends(value),
            Type::Tuple(parts) => parts.iter().any(|part| self.ends(part)),
            Type::Named(number) => self.open.contains(number) || self.is_endless(*number),
        }
    }

    /// Whether each value of this definition contains another one, so that no payload can be generated.
    fn is_endless(&self, number: usize) -> bool {
        self.heights.get(number) == Some(&usize::MAX)
    }

    fn named(&mut self, number: usize, name: &str) -> Value {
        let definitions = self.definitions;
        let Some(definition) = definitions.get(number) else { return Value::Null };
        if self.is_endless(number) {
            return Value::Null;
        }
        self.open.push(number);
        let mut value = match &definition.form {
            Form::Content(content) => self.content(content, name),
            Form::Enum(variants) => self.variant(number, definition, variants, name),
        };
        if let Value::Object(fields) = &mut value {
            for note in definition.notes {
                if let Note::Constant(name, text) = note {
                    fields.insert((*name).into(), (*text).into());
                }
            }
        }
        self.open.pop();
        value
    }

    fn variant(&mut self, number: usize, definition: &Definition, variants: &[Variant], name: &str) -> Value {
        let Some((at, variant)) = self.choose(number, variants) else { return Value::Null };
        self.used.insert((number, at));
        let content = self.content(&variant.content, name);
        let is_unit = matches!(variant.content, Content::Unit);
        let (mut tag, mut inside) = (None, None);
        for note in definition.notes.iter().chain(variant.notes) {
            match *note {
                Note::Tag(field) => tag = Some(field),
                Note::Content(field) => inside = Some(field),
                Note::Untagged => return content,
                _ => {}
            }
        }
        let object = |fields: Vec<(&str, Value)>| {
            Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        };
        match (tag, inside) {
            (Some(tag), Some(_)) if is_unit => object(vec![(tag, variant.name.into())]),
            (Some(tag), Some(inside)) => object(vec![(tag, variant.name.into()), (inside, content)]),
            (Some(tag), None) => match content {
                Value::Object(mut fields) => {
                    fields.insert(tag.into(), variant.name.into());
                    Value::Object(fields)
                }
                _ => object(vec![(tag, variant.name.into())]),
            },
            (None, _) if is_unit => variant.name.into(),
            (None, _) => object(vec![(variant.name, content)]),
        }
    }

    /// A variant that was not reached yet, or else one that leads to such a variant, or else the shallowest.
    fn choose<'v>(&self, number: usize, variants: &'v [Variant]) -> Option<(usize, &'v Variant)> {
        let can_be_written = |variant: &Variant| {
            is_written_and_read(variant.notes) && height(&variant.content, &self.heights) < usize::MAX
        };
        let possible = || variants.iter().enumerate().filter(|(_, variant)| can_be_written(variant));
        possible()
            .find(|(at, _)| !self.used.contains(&(number, *at)))
            .or_else(|| {
                possible().find(|(_, variant)| {
                    let mut seen = self.open.clone();
                    content_types(&variant.content).any(|of| self.leads_on(of, &mut seen))
                })
            })
            .or_else(|| possible().min_by_key(|(_, variant)| height(&variant.content, &self.heights)))
    }

    /// Whether a variant that was not reached yet occurs somewhere below.
    fn leads_on(&self, of: &Type, seen: &mut Vec<usize>) -> bool {
        match of {
            Type::Plain(_) | Type::Opaque(_) | Type::Custom(_) => false,
            Type::Optional(of) | Type::List(of) | Type::Set(of) | Type::Array(of, _) => {
                self.leads_on(of, seen)
            }
            Type::Map(_, value) => self.leads_on(value, seen),
            Type::Tuple(parts) => parts.iter().any(|part| self.leads_on(part, seen)),
            Type::Named(number) => {
                if seen.contains(number) {
                    return false;
                }
                seen.push(*number);
                match self.definitions.get(*number).map(|definition| &definition.form) {
                    Some(Form::Content(content)) => content_types(content).any(|of| self.leads_on(of, seen)),
                    Some(Form::Enum(variants)) => variants.iter().enumerate().any(|(at, variant)| {
                        !self.used.contains(&(*number, at))
                            || content_types(&variant.content).any(|of| self.leads_on(of, seen))
                    }),
                    None => false,
                }
            }
        }
    }

    fn content(&mut self, content: &Content, name: &str) -> Value {
        match content {
            Content::Unit => Value::Null,
            Content::Is(of) => self.value(of, name),
            Content::Tuple(fields) => fields.iter().map(|field| self.value(&field.shape, name)).collect(),
            Content::Struct(fields) => {
                let mut object = Map::new();
                for field in fields {
                    self.field(field, &mut object);
                }
                Value::Object(object)
            }
        }
    }

    fn field(&mut self, field: &Field, object: &mut Map<String, Value>) {
        if !is_written_and_read(field.notes) {
            return;
        }
        let value = self.value(&field.shape, field.name);
        let value = match self.left_out {
            Some(left_out) if std::ptr::eq(left_out.field, field) => {
                self.is_partial = true;
                match left_out.is_null {
                    true => Value::Null,
                    false => return,
                }
            }
            _ => value,
        };
        match value {
            Value::Object(fields) if field.notes.contains(&Note::Flatten) => object.extend(fields),
            _ if field.notes.contains(&Note::Flatten) => {}
            value => {
                object.insert(field.name.into(), value);
            }
        }
    }
}

fn content_types(content: &Content) -> Box<dyn Iterator<Item = &Type> + '_> {
    match content {
        Content::Unit => Box::new(std::iter::empty()),
        Content::Is(of) => Box::new(std::iter::once(of)),
        Content::Tuple(fields) => Box::new(fields.iter().map(|field| &field.shape)),
        Content::Struct(fields) => {
            Box::new(fields.iter().filter(|field| is_written_and_read(field.notes)).map(|field| &field.shape))
        }
    }
}

/// Whether a part with these notes occurs in generated payloads.
fn is_written_and_read(notes: &[Note]) -> bool {
    !notes.iter().any(|note| matches!(note, Note::ReadOnly | Note::WrittenOnly))
}

/// The minimum depth of each definition, found by iterating until nothing changes.
fn heights(definitions: &[Definition]) -> Vec<usize> {
    let mut heights = vec![usize::MAX; definitions.len()];
    for _ in definitions {
        for (at, definition) in definitions.iter().enumerate() {
            let least = match &definition.form {
                Form::Content(content) => height(content, &heights),
                Form::Enum(variants) => variants
                    .iter()
                    .filter(|variant| is_written_and_read(variant.notes))
                    .map(|variant| height(&variant.content, &heights))
                    .min()
                    .unwrap_or(0),
            };
            heights[at] = heights[at].min(least.saturating_add(1));
        }
    }
    heights
}

fn height(content: &Content, heights: &[usize]) -> usize {
    content_types(content).map(|of| type_height(of, heights)).max().unwrap_or(0)
}

fn type_height(of: &Type, heights: &[usize]) -> usize {
    match of {
        // These may be empty.
        Type::Plain(_)
        | Type::Opaque(_)
        | Type::Custom(_)
        | Type::Optional(_)
        | Type::List(_)
        | Type::Set(_)
        | Type::Map(..)
        | Type::Array(_, 0) => 0,
        Type::Array(of, _) => type_height(of, heights),
        Type::Tuple(parts) => parts.iter().map(|part| type_height(part, heights)).max().unwrap_or(0),
        Type::Named(number) => heights.get(*number).copied().unwrap_or_default(),
    }
}
