//! Where a value does not fit, with the path to it.

use std::fmt::{self, Write as _};

use serde_json::Value;

/// The part of a value that does not fit a shape.
///
/// It names fields, and no values: map keys, strings and numbers of the value are not included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct Misfit {
    /// The path to it: `items[2].kind`, with `{}` for an entry of a map; empty for the whole.
    pub path: String,
    /// What the shape requires.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, expected, found } = self;
        match path.as_str() {
            "" => write!(f, "it should be {expected}, and is {found}"),
            path => write!(f, "`{path}` should be {expected}, and is {found}"),
        }
    }
}

/// The path to a value; a list on the stack, so that a value that fits allocates nothing.
#[derive(Clone, Copy)]
pub(super) struct JsonPath<'a> {
    before: Option<&'a Self>,
    step: PathStep<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum PathStep<'a> {
    Root,
    Field(&'a str),
    Item(usize),
    Entry,
    Key,
}

impl<'a> JsonPath<'a> {
    pub(super) const fn root() -> Self {
        Self { before: None, step: PathStep::Root }
    }

    pub(super) const fn step<'b>(&'b self, step: PathStep<'b>) -> JsonPath<'b>
    where
        'a: 'b,
    {
        JsonPath { before: Some(self), step }
    }

    pub(super) fn misfit(&self, expected: impl Into<String>, found: impl Into<String>) -> Misfit {
        let mut path = String::new();
        self.write(&mut path);
        Misfit { path, expected: expected.into(), found: found.into() }
    }

    fn write(&self, path: &mut String) {
        if let Some(before) = self.before {
            before.write(path);
        }
        // Writing to a string cannot fail.
        let _ = match self.step {
            PathStep::Root => Ok(()),
            PathStep::Field(name) if path.is_empty() => write!(path, "{name}"),
            PathStep::Field(name) => write!(path, ".{name}"),
            PathStep::Item(at) => write!(path, "[{at}]"),
            PathStep::Entry => write!(path, "{{}}"),
            PathStep::Key => write!(path, "{{key}}"),
        };
    }
}

/// The kind of a value, in a word.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
