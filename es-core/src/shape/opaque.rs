//! Finding the parts that have no shape.

use std::fmt;

use super::rust_name::without_paths;
use super::{Content, Field, Form, Schema, Type};

/// A part without a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpaquePart {
    /// The path to it: field names and variants, joined by dots; empty for the whole.
    pub path: String,
    /// Why it has none.
    pub cause: OpaqueCause,
}

/// Why a part has no shape.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpaqueCause {
    /// The type with this path does not implement [`Shape`](super::Shape).
    Type(String),
    /// This code writes it, according to serde's attribute.
    Code(String),
}

impl fmt::Display for OpaquePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str("it")?,
            path => write!(f, "`{path}`")?,
        }
        match &self.cause {
            OpaqueCause::Type(path) => write!(f, " is `{}`", without_paths(path)),
            OpaqueCause::Code(path) => write!(f, " is written by `{path}`"),
        }
    }
}

impl Schema {
    /// The parts without a shape, each with the path to it.
    #[must_use]
    pub fn opaque(&self) -> Vec<OpaquePart> {
        let mut search = OpaqueSearch { schema: self, entered: Vec::new(), found: Vec::new() };
        search.look(&self.root, "");
        search.found
    }

    /// The same in what types have gained since their first form.
    pub(crate) fn opaque_later(&self) -> Vec<OpaquePart> {
        let mut search = OpaqueSearch { schema: self, entered: Vec::new(), found: Vec::new() };
        for (path, of) in self.later_parts() {
            search.look(of, &path);
        }
        search.found
    }
}

struct OpaqueSearch<'a> {
    schema: &'a Schema,
    entered: Vec<usize>,
    found: Vec<OpaquePart>,
}

impl OpaqueSearch<'_> {
    fn look(&mut self, of: &Type, path: &str) {
        match of {
            Type::Optional(of) => self.look(of, path),
            Type::List(of) | Type::Set(of) | Type::Array(of, _) => self.look(of, &format!("{path}[]")),
            Type::Map(key, value) => {
                self.look(key, &format!("{path}{{key}}"));
                self.look(value, &format!("{path}{{}}"));
            }
            Type::Tuple(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    self.look(part, &join(path, &at.to_string()));
                }
            }
            Type::Opaque(of) => self.found(path, OpaqueCause::Type(of.clone())),
            Type::Custom(code) => self.found(path, OpaqueCause::Code(code.clone())),
            Type::Named(number) if !self.entered.contains(number) => {
                self.entered.push(*number);
                match self.schema.types.definitions.get(*number).map(|definition| &definition.form) {
                    Some(Form::Content(content)) => self.content(content, path),
                    Some(Form::Enum(variants)) => {
                        for variant in variants {
                            self.content(&variant.content, &join(path, variant.name));
                        }
                    }
                    None => {}
                }
            }
            Type::Plain(_) | Type::Named(_) => {}
        }
    }

    fn found(&mut self, path: &str, cause: OpaqueCause) {
        self.found.push(OpaquePart { path: path.to_owned(), cause });
    }

    fn content(&mut self, content: &Content, path: &str) {
        match content {
            Content::Unit => {}
            Content::Is(of) => self.look(of, path),
            Content::Tuple(fields) | Content::Struct(fields) => self.fields(fields, path),
        }
    }

    fn fields(&mut self, fields: &[Field], path: &str) {
        for field in fields {
            self.look(&field.shape, &join(path, field.name));
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
