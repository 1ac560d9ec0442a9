//! Checking whether a JSON value fits a shape, as written or as read.

mod enums;
mod fields;
mod flattened;
mod formats;
mod keys;
mod misfit;
mod tagging;
mod walk;
mod words;

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::model::{Content, Field, Form, Note, Type};
use super::schema::Schema;

use fields::OtherEntries;
pub(super) use formats::is_checked;
pub use misfit::Misfit;
use misfit::{JsonPath, PathStep};
pub(super) use tagging::Tagging;
use walk::{Aside, Check, Fit, Side, has_default, has_flattened, length};

/// `serde_json` reads no text that is nested more deeply.
const DEEPEST: usize = 127;

impl Schema {
    /// Checks whether `value` is what a type of this shape writes.
    ///
    /// Ranges, lengths, names, tags, repetitions in sets and the common string formats are checked. Parts
    /// without a shape fit everything; [`opaque`](Self::opaque) finds them. An unknown format is only checked
    /// to be a string.
    ///
    /// ```
    /// use es_core::shape::{Schema, Shape};
    /// use serde_json::json;
    ///
    /// #[derive(Shape)]
    /// struct Item { count: u8, note: Option<String> }
    ///
    /// let items = Schema::of::<Vec<Item>>();
    /// assert!(items.check(&json!([{ "count": 1, "note": null }])).is_ok());
    ///
    /// let misfit = items.check(&json!([{ "count": 256, "note": null }])).unwrap_err();
    /// assert_eq!(misfit.to_string(), "`[0].count` should be `u8`, and is a number out of its range");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Misfit`] for the first part that does not fit.
    pub fn check(&self, value: &Value) -> Result<(), Misfit> {
        self.check_side(value, Side::Written)
    }

    /// Checks whether serde's derives read `value` as a type of this shape.
    ///
    /// Accepts more than [`check`](Self::check): aliases, fields that are absent and have a default, unknown
    /// fields unless they are denied, whole numbers for floats, structs as lists.
    ///
    /// ```
    /// # use es_core::shape::{Schema, Shape};
    /// # use serde_json::json;
    /// # #[derive(Shape)]
    /// # struct Item { count: u8, note: Option<String> }
    /// let item = Schema::of::<Item>();
    /// assert!(item.check_read(&json!({ "count": 1, "colour": "red" })).is_ok());
    /// assert!(item.check_read(&json!({ "count": 1.0 })).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`Misfit`] for the first part that does not fit.
    pub fn check_read(&self, value: &Value) -> Result<(), Misfit> {
        self.check_side(value, Side::Read)
    }

    /// Checks whether serde's derives read a flattened type of this shape from the object around it. A
    /// flattened option is `None` if they do not.
    pub(super) fn check_read_flattened(&self, around: &Map<String, Value>) -> Result<(), Misfit> {
        let mut check = Check::new(&self.types, Side::Read);
        check.aside = Aside::Once;
        check.flattened(&self.root, &mut OtherEntries::of(around), &JsonPath::root())
    }

    fn check_side(&self, value: &Value, side: Side) -> Fit {
        let way = JsonPath::root();
        if is_deeper_than(value, DEEPEST) {
            return Err(way.misfit("nested at most 127 levels deep", "nested deeper"));
        }
        Check::new(&self.types, side).value(&self.root, value, &way)
    }
}

fn is_deeper_than(value: &Value, most: usize) -> bool {
    let mut open = vec![(value, 0)];
    while let Some((value, depth)) = open.pop() {
        if depth > most {
            return true;
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(fields) => open.extend(fields.values().map(|field| (field, depth + 1))),
            _ => {}
        }
    }
    false
}

impl<'a> Check<'a> {
    /// Checks a part of the current value that is a value of its own.
    fn part(&mut self, of: &'a Type, value: &Value, way: &JsonPath<'_>) -> Fit {
        let entered = std::mem::take(&mut self.entered);
        let fit = self.value(of, value, way);
        self.entered = entered;
        fit
    }

    fn value(&mut self, of: &'a Type, value: &Value, way: &JsonPath<'_>) -> Fit {
        match (of, value) {
            (Type::Plain(word), Value::Object(fields))
                if word == "null" && self.reads_empty(fields.len()) =>
            {
                Ok(())
            }
            (Type::Plain(word), _) => {
                words::check(word, value, self.side).map_err(|found| way.misfit(self.expected(of), found))
            }
            (Type::Optional(_), Value::Null) | (Type::Opaque(_) | Type::Custom(_), _) => Ok(()),
            (Type::Optional(of), _) => self.value(of, value, way),
            (Type::List(part), Value::Array(items)) => self.items(part, items, way),
            (Type::Set(part), Value::Array(items)) => {
                self.items(part, items, way)?;
                if self.reads() || items.iter().collect::<HashSet<_>>().len() == items.len() {
                    return Ok(());
                }
                Err(way.misfit("a list without repetitions", "a list that holds one value twice"))
            }
            (Type::Array(part, len), Value::Array(items)) => {
                length(items, *len, *len, way)?;
                self.items(part, items, way)
            }
            (Type::Tuple(parts), Value::Array(items)) => {
                length(items, parts.len(), parts.len(), way)?;
                for (at, (part, item)) in parts.iter().zip(items).enumerate() {
                    self.part(part, item, &way.step(PathStep::Item(at)))?;
                }
                Ok(())
            }
            (Type::Map(key, of), Value::Object(entries)) => {
                for (name, entry) in entries {
                    self.entry(key, of, name, entry, way)?;
                }
                Ok(())
            }
            (Type::Named(number), _) => self.named(*number, value, way),
            _ => Err(way.misfit(self.expected(of), misfit::kind(value))),
        }
    }

    fn items(&mut self, of: &'a Type, items: &[Value], way: &JsonPath<'_>) -> Fit {
        for (at, item) in items.iter().enumerate() {
            self.part(of, item, &way.step(PathStep::Item(at)))?;
        }
        Ok(())
    }

    fn entry(&mut self, key: &'a Type, of: &'a Type, name: &str, entry: &Value, way: &JsonPath<'_>) -> Fit {
        let entered = std::mem::take(&mut self.entered);
        let fit = self.key(key, name, &way.step(PathStep::Key));
        self.entered = entered;
        fit?;
        self.part(of, entry, &way.step(PathStep::Entry))
    }

    fn named(&mut self, number: usize, value: &Value, way: &JsonPath<'_>) -> Fit {
        let Some(definition) = self.definition(number) else { return Ok(()) };
        if self.entered.contains(&number) {
            return Err(way.misfit(format!("`{}`", definition.name), "one that holds itself without end"));
        }
        self.entered.push(number);
        let fit = match &definition.form {
            Form::Content(content) => self.content(content, definition.notes, &definition.name, value, way),
            Form::Enum(variants) => self.enumeration(definition, variants, value, way),
        };
        self.entered.pop();
        fit
    }

    /// The contents of a struct or a variant that is a value of its own. `name` is that of the type, for
    /// messages.
    fn content(
        &mut self,
        content: &'a Content,
        notes: &'a [Note],
        name: &str,
        value: &Value,
        way: &JsonPath<'_>,
    ) -> Fit {
        match (content, value) {
            (Content::Is(of), _) => self.value(of, value, way),
            (Content::Unit, Value::Null) => Ok(()),
            (Content::Unit, Value::Object(fields)) if self.reads_empty(fields.len()) => Ok(()),
            (Content::Unit, Value::Array(items)) if self.reads_empty(items.len()) => Ok(()),
            (Content::Unit, _) => Err(way.misfit("`null`", misfit::kind(value))),
            (Content::Tuple(fields), Value::Array(items)) => self.tuple(fields, notes, items, way),
            (Content::Struct(fields), Value::Object(entries)) => self.object(fields, notes, entries, way),
            (Content::Struct(fields), Value::Array(items)) if self.reads() && !has_flattened(fields) => {
                self.tuple(fields, notes, items, way)
            }
            (Content::Tuple(_), _) => Err(way.misfit(format!("`{name}`, a list"), misfit::kind(value))),
            (Content::Struct(_), _) => Err(way.misfit(format!("`{name}`, an object"), misfit::kind(value))),
        }
    }

    /// The same for variants whose fields serde reads by name only.
    fn content_by_name(
        &mut self,
        content: &'a Content,
        notes: &'a [Note],
        name: &str,
        value: &Value,
        way: &JsonPath<'_>,
    ) -> Fit {
        if matches!((content, value), (Content::Struct(_), Value::Array(_))) {
            return Err(way.misfit(format!("`{name}`, an object"), misfit::kind(value)));
        }
        self.content(content, notes, name, value, way)
    }

    /// Fields by their index. An omitted one moves those after it, so which one is missing is unknown.
    fn tuple(&mut self, fields: &'a [Field], notes: &[Note], items: &[Value], way: &JsonPath<'_>) -> Fit {
        let fields: Vec<&Field> = fields.iter().filter(|field| self.knows(field.notes)).collect();
        let is_sure = |field: &&&Field| match self.side {
            Side::Written => !field.notes.iter().any(|note| matches!(note, Note::OmittedIf(_))),
            Side::Read => !has_default(field.notes) && !has_default(notes),
        };
        let least = match self.side {
            Side::Written => fields.iter().filter(is_sure).count(),
            // Defaults replace what is missing at the end.
            Side::Read => fields.iter().rposition(|field| is_sure(&field)).map_or(0, |last| last + 1),
        };
        length(items, least, fields.len(), way)?;
        if self.side == Side::Written && items.len() < fields.len() {
            return Ok(());
        }
        for (at, (field, item)) in fields.into_iter().zip(items).enumerate() {
            self.part(&field.shape, item, &way.step(PathStep::Item(at)))?;
        }
        Ok(())
    }

    /// Whether a value without parts is read from something that has `len` parts.
    fn reads_empty(&self, len: usize) -> bool {
        self.reads() && self.aside == Aside::Once && len == 0
    }

    /// Whether a value without parts is read from this one.
    fn is_nothing(&self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Object(fields) => self.reads_empty(fields.len()),
            _ => false,
        }
    }
}
