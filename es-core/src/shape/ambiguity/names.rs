//! Names that collide, where the derive does not see both, and names that are written and not read.

use super::{Search, join};
use crate::shape::check::Tagging;
use crate::shape::model::{Content, Field, Form, Note, Type, Variant};

/// The names of a field or a variant.
struct WireNames<'a> {
    name: &'a str,
    written: Option<&'a str>,
    read: Vec<&'a str>,
}

impl<'a> WireNames<'a> {
    fn of(name: &'a str, notes: &'a [Note]) -> Self {
        let has = |note: &Note| notes.contains(note);
        let first = notes.iter().find_map(|note| match note {
            Note::ReadAs(name) => Some(*name),
            _ => None,
        });
        let aliases = notes.iter().filter_map(|note| match note {
            Note::Alias(name) => Some(*name),
            _ => None,
        });
        let read = std::iter::once(first.unwrap_or(name)).chain(aliases);
        Self {
            name,
            written: (!has(&Note::ReadOnly)).then_some(name),
            read: if has(&Note::WrittenOnly) { Vec::new() } else { read.collect() },
        }
    }
}

impl<'a> Search<'a> {
    /// For an enum whose variants are distinguished by name.
    pub(super) fn variant_names(&mut self, variants: &'a [Variant], path: &str) {
        let named = variants.iter().filter(|variant| !variant.notes.contains(&Note::Untagged));
        let names = named.map(|variant| WireNames::of(variant.name, variant.notes)).collect();
        self.read_elsewhere(names, path);
    }

    pub(super) fn field_names(&mut self, fields: &'a [Field], notes: &'a [Note], path: &str) {
        let constants = notes.iter().filter_map(|note| match note {
            Note::Constant(name, _) => Some(*name),
            _ => None,
        });
        let own = fields.iter().filter(|field| !field.notes.contains(&Note::Flatten));
        let names: Vec<WireNames<'a>> = own.map(|field| WireNames::of(field.name, field.notes)).collect();
        let mut taken: Vec<String> = constants.map(ToOwned::to_owned).collect();
        for names in &names {
            let mut known = names.written.iter().chain(&names.read);
            if let Some(name) = known.find(|name| taken.iter().any(|taken| taken == *name)) {
                self.found(
                    &join(path, names.name),
                    format!("a field of the name of the tag, `{name}`"),
                    "Rename the field or the tag.",
                );
            }
        }
        taken.extend(
            names
                .iter()
                .flat_map(|names| names.written.iter().chain(&names.read))
                .map(|name| (*name).to_owned()),
        );
        self.read_elsewhere(names, path);
        for field in fields.iter().filter(|field| field.notes.contains(&Note::Flatten)) {
            let names = self.type_names(&field.shape, &mut Vec::new());
            for name in names.iter().filter(|name| taken.contains(*name)) {
                self.found(
                    &join(path, &format!("..{}", field.name)),
                    format!(
                        "its field `{name}` stands among others of that name, and only one of them is read"
                    ),
                    "Rename one of the two, or remove `flatten`.",
                );
            }
            taken.extend(names);
        }
    }

    fn read_elsewhere(&mut self, all: Vec<WireNames<'a>>, path: &str) {
        for names in all {
            if names.written.is_some_and(|written| !names.read.is_empty() && !names.read.contains(&written)) {
                self.found(
                    &join(path, names.name),
                    "not read under the name that it is written as",
                    format!(
                        "Write `alias = \"{}\"` beside `rename`, or one name for both sides.",
                        names.name
                    ),
                );
            }
        }
    }

    /// The names of the fields that a flattened value may have.
    fn type_names(&self, of: &Type, seen: &mut Vec<usize>) -> Vec<String> {
        match of {
            Type::Optional(of) => self.type_names(of, seen),
            Type::Named(number) if !seen.contains(number) => {
                seen.push(*number);
                let Some(definition) = self.definition(of) else { return Vec::new() };
                let mut names = constants(definition.notes);
                match &definition.form {
                    Form::Content(content) => names.extend(self.names_in(content, seen)),
                    Form::Enum(variants) => match Tagging::of(definition.notes) {
                        Tagging::External => {
                            for variant in variants {
                                names.extend(own_names(variant.name, variant.notes));
                            }
                        }
                        Tagging::Adjacent(tag, content) => names.extend([tag.to_owned(), content.to_owned()]),
                        Tagging::Internal(_) | Tagging::Untagged => {
                            for variant in variants {
                                names.extend(self.names_in(&variant.content, seen));
                            }
                        }
                    },
                }
                names.sort();
                names.dedup();
                names
            }
            _ => Vec::new(),
        }
    }

    /// The names that a field has in an object, or those of its fields if it is flattened.
    pub(super) fn names_of_field(&self, field: &Field) -> Vec<String> {
        if field.notes.contains(&Note::Flatten) {
            self.type_names(&field.shape, &mut Vec::new())
        } else {
            own_names(field.name, field.notes)
        }
    }

    pub(super) fn content_names(&self, content: &Content) -> Vec<String> {
        match content {
            // serde rejects it if it sees it.
            Content::Struct(_) => Vec::new(),
            content => self.names_in(content, &mut Vec::new()),
        }
    }

    fn names_in(&self, content: &Content, seen: &mut Vec<usize>) -> Vec<String> {
        match content {
            Content::Unit | Content::Tuple(_) => Vec::new(),
            Content::Is(of) => self.type_names(of, seen),
            Content::Struct(fields) => fields
                .iter()
                .flat_map(|field| {
                    if field.notes.contains(&Note::Flatten) {
                        self.type_names(&field.shape, seen)
                    } else {
                        own_names(field.name, field.notes)
                    }
                })
                .collect(),
        }
    }
}

fn own_names(name: &str, notes: &[Note]) -> Vec<String> {
    let names = WireNames::of(name, notes);
    names.written.iter().chain(&names.read).map(|name| (*name).to_owned()).collect()
}

fn constants(notes: &[Note]) -> Vec<String> {
    notes
        .iter()
        .filter_map(|note| match note {
            Note::Constant(name, _) | Note::Tag(name) => Some((*name).to_owned()),
            _ => None,
        })
        .collect()
}
