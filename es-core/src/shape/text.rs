//! The canonical text of a shape.

use std::collections::{BTreeMap, BTreeSet};

use super::line::quoted;
use super::{Content, Definition, Field, Form, Line, Note, Schema, Type, Types, Variant, rust_name};

impl Schema {
    /// `payload`, then one `type` for each named type in it, sorted by name.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let (mut order, mut inner) = (Vec::new(), BTreeSet::new());
        self.types.visit(&self.root, &mut |number| {
            if !order.contains(&number) {
                order.push(number);
                return true;
            }
            inner.insert(number);
            false
        });
        let root = match self.root {
            // The name of the outermost type is up to the event, unless the type contains itself.
            Type::Named(number) if !inner.contains(&number) => Some(number),
            _ => None,
        };
        let names = self.types.names(order.iter().copied().filter(|number| Some(*number) != root));
        let text = Text { types: &self.types, names: &names };
        let mut lines = vec![match root.and_then(|number| self.types.definitions.get(number)) {
            Some(definition) => text.definition("payload".into(), definition),
            None => Line::new("payload", text.inline(&self.root)),
        }];
        let mut named: Vec<Line> = names
            .iter()
            .filter_map(|(number, name)| {
                let definition = self.types.definitions.get(*number)?;
                let mut line = text.definition(format!("type {name}"), definition);
                line.rust = Some(definition.rust.clone()).filter(|rust| rust != name);
                Some(line)
            })
            .collect();
        named.sort_by(|left, right| left.key.cmp(&right.key));
        lines.append(&mut named);
        lines
    }
}

impl Types {
    /// A type in one line. Types of the same name are not distinguished.
    pub(crate) fn inline(&self, of: &Type) -> String {
        Text { types: self, names: &BTreeMap::new() }.inline(of)
    }

    /// Passes the number of each named type in `of`, in the order of the text; descends into it if `enter`
    /// returns true.
    pub(super) fn visit(&self, of: &Type, enter: &mut dyn FnMut(usize) -> bool) {
        match of {
            Type::Plain(_) | Type::Opaque(_) | Type::Custom(_) => {}
            Type::Optional(of) | Type::List(of) | Type::Set(of) | Type::Array(of, _) => self.visit(of, enter),
            Type::Map(key, value) => {
                self.visit(key, enter);
                self.visit(value, enter);
            }
            Type::Tuple(parts) => parts.iter().for_each(|part| self.visit(part, enter)),
            Type::Named(number) => {
                let Some(definition) = self.definitions.get(*number).filter(|_| enter(*number)) else {
                    return;
                };
                match &definition.form {
                    Form::Content(content) => self.visit_content(content, enter),
                    Form::Enum(_) => {
                        for variant in definition.variants() {
                            self.visit_content(&variant.content, enter);
                        }
                    }
                }
            }
        }
    }

    fn visit_content(&self, content: &Content, enter: &mut dyn FnMut(usize) -> bool) {
        match content {
            Content::Unit => {}
            Content::Is(of) => self.visit(of, enter),
            Content::Tuple(fields) => fields.iter().for_each(|field| self.visit(&field.shape, enter)),
            Content::Struct(fields) => {
                let flattened = self.flattened(fields, |field| field.name.to_owned());
                for field in flattened.into_iter().chain(with_names(fields)) {
                    self.visit(&field.shape, enter);
                }
            }
        }
    }

    /// A name for each definition, with a number after it if another has the same.
    pub(super) fn names(&self, order: impl Iterator<Item = usize>) -> BTreeMap<usize, String> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        order
            .filter_map(|number| {
                let name = self.definitions.get(number)?.name.as_str();
                let count = seen.entry(name).or_default();
                *count += 1;
                Some((number, if *count == 1 { name.to_owned() } else { format!("{name}#{count}") }))
            })
            .collect()
    }
}

impl Definition {
    /// The variants in the order of the text: sorted, unless serde tries one after the other.
    pub(crate) fn variants(&self) -> Vec<&Variant> {
        let Form::Enum(variants) = &self.form else { return Vec::new() };
        let mut variants: Vec<&Variant> = variants.iter().collect();
        if !self.notes.contains(&Note::Untagged) {
            let is_tried = |variant: &&Variant| variant.notes.contains(&Note::Untagged);
            let tried = variants.iter().position(is_tried).unwrap_or(variants.len());
            variants[..tried].sort_by_key(|variant| variant.name);
        }
        variants
    }
}

/// The fields with names of their own, sorted; JSON objects have no order.
fn with_names(fields: &[Field]) -> Vec<&Field> {
    let mut fields: Vec<&Field> =
        fields.iter().filter(|field| !field.notes.contains(&Note::Flatten)).collect();
    fields.sort_by_key(|field| field.name);
    fields
}

pub(super) struct Text<'a> {
    pub(super) types: &'a Types,
    pub(super) names: &'a BTreeMap<usize, String>,
}

impl Text<'_> {
    pub(super) fn inline(&self, of: &Type) -> String {
        let within = |of: &Type| self.inline(of);
        match of {
            Type::Plain(word) => word.clone().into_owned(),
            Type::Optional(of) => format!("option<{}>", within(of)),
            Type::List(of) => format!("list<{}>", within(of)),
            Type::Set(of) => format!("set<{}>", within(of)),
            Type::Array(of, len) => format!("array<{}, {len}>", within(of)),
            Type::Map(key, value) => format!("map<{}, {}>", within(key), within(value)),
            Type::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(within).collect();
                format!("({})", parts.join(", "))
            }
            Type::Named(number) => self
                .names
                .get(number)
                .cloned()
                .or_else(|| self.types.definitions.get(*number).map(|definition| definition.name.clone()))
                .unwrap_or_default(),
            Type::Opaque(path) => format!("opaque<{}>", rust_name::without_paths(path)),
            Type::Custom(path) => format!("custom<{path}>"),
        }
    }

    pub(super) fn definition(&self, key: String, definition: &Definition) -> Line {
        let mut line = match &definition.form {
            Form::Content(content) => self.content(key, content),
            Form::Enum(_) => {
                let below = definition.variants().into_iter().map(|variant| self.variant(variant));
                Line { key, value: "enum".into(), below: below.collect(), ..Line::default() }
            }
        };
        line.notes.extend(notes(definition.notes));
        line
    }

    pub(super) fn variant(&self, variant: &Variant) -> Line {
        let mut line = match variant.content {
            Content::Unit => Line::new(quoted(variant.name), ""),
            ref content => self.content(quoted(variant.name).into_owned(), content),
        };
        line.notes.extend(notes(variant.notes));
        line.rust = rust(variant.notes);
        line
    }

    fn content(&self, key: String, content: &Content) -> Line {
        match content {
            Content::Unit => Line::new(key, "null"),
            Content::Is(of) => Line::new(key, self.inline(of)),
            Content::Tuple(fields) => {
                let parts: Vec<String> = fields
                    .iter()
                    .map(|field| {
                        let mut part = self.inline(&field.shape);
                        for note in notes(field.notes) {
                            part = format!("{part} {note}");
                        }
                        part
                    })
                    .collect();
                Line::new(key, format!("({})", parts.join(", ")))
            }
            Content::Struct(fields) => {
                let flattened = self.types.flattened(fields, |field| self.inline(&field.shape));
                let mut below: Vec<Line> = flattened.into_iter().map(|field| self.field(field)).collect();
                let mut named: Vec<Line> =
                    with_names(fields).into_iter().map(|field| self.field(field)).collect();
                named.sort_by(|left, right| left.key.cmp(&right.key));
                below.append(&mut named);
                Line { key, value: "struct".into(), below, ..Line::default() }
            }
        }
    }

    pub(super) fn field(&self, field: &Field) -> Line {
        let of = self.inline(&field.shape);
        let mut line = if field.notes.contains(&Note::Flatten) {
            Line::new(format!("..{of}"), "")
        } else {
            Line::new(quoted(field.name), of)
        };
        line.notes.extend(notes(field.notes));
        // A flattened field has no name on the wire.
        let is_flat = field.notes.contains(&Note::Flatten);
        line.rust = rust(field.notes).or_else(|| is_flat.then(|| field.name.to_owned()));
        line
    }
}

/// The name in Rust, where it differs.
fn rust(notes: &[Note]) -> Option<String> {
    notes.iter().find_map(|note| match note {
        Note::Rust(name) => Some((*name).to_owned()),
        _ => None,
    })
}

/// The notes in words, sorted.
fn notes(notes: &[Note]) -> Vec<String> {
    let is_written =
        |note: &Note| !matches!(note, Note::Flatten | Note::Narrow | Note::Rust(_) | Note::Skipped(_));
    let mut notes: Vec<Note> = notes.iter().copied().filter(is_written).collect();
    notes.sort();
    notes.into_iter().map(in_words).collect()
}

fn in_words(note: Note) -> String {
    match note {
        Note::Defaulted => "default".into(),
        Note::DefaultedBy(path) => format!("default {}", quoted(path)),
        Note::OmittedIf(path) => format!("omitted if {}", quoted(path)),
        Note::Alias(name) => format!("alias {}", quoted(name)),
        Note::ReadAs(name) => format!("read as {}", quoted(name)),
        Note::ReadOnly => "read only".into(),
        Note::WrittenOnly => "written only".into(),
        Note::Skipped(name) => format!("without {name}"),
        Note::Flatten => "flatten".into(),
        Note::Tag(name) => format!("tag {}", quoted(name)),
        Note::Content(name) => format!("content {}", quoted(name)),
        Note::Untagged => "untagged".into(),
        Note::Constant(name, text) => format!("with {} = {}", quoted(name), quoted(text)),
        Note::NoUnknownFields => "no unknown fields".into(),
        Note::Other => "other".into(),
        Note::Narrow => "narrow".into(),
        Note::By(verb, path) => format!("{verb} {}", quoted(path)),
        Note::Rust(name) => format!("in Rust {name}"),
    }
}
