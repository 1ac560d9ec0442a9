//! Finding values that do not survive serialization, as far as the shape shows.

mod flattened;
mod forms;
mod names;
mod untagged;
mod values;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::check::Tagging;
use super::model::{Content, Definition, Field, Form, Note, Type, Variant};
use super::schema::Schema;

/// A value that is lost or mistaken for another one between writing and reading.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ambiguity {
    /// The path to it: field names and variants, joined by dots; empty for the whole.
    pub path: String,
    /// What reads back as what.
    pub problem: String,
    /// What to write instead.
    pub remedy: String,
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.problem),
            path => write!(f, "`{path}`: {}", self.problem),
        }
    }
}

impl Schema {
    /// The values that are lost or mistaken for others when they are written and read again, as far as the
    /// shape shows.
    ///
    /// ```
    /// use es_core::shape::{Schema, Shape};
    ///
    /// #[derive(Shape)]
    /// struct Unknown;
    ///
    /// #[derive(Shape)]
    /// struct Changed { address: Option<Unknown> }
    ///
    /// let ambiguities = Schema::of::<Changed>().ambiguities();
    /// assert_eq!(
    ///     ambiguities[0].to_string(),
    ///     "`address`: an option of what may be `null` itself; `Some` of that is read as `None`"
    /// );
    /// ```
    #[must_use]
    pub fn ambiguities(&self) -> Vec<Ambiguity> {
        let mut search = Search { schema: self, entered: Vec::new(), found: Vec::new() };
        search.look(&self.root, "");
        if search.found.is_empty() && self.opaque().is_empty() {
            search.samples();
        }
        search.found
    }
}

/// What to do if serde buffers a value before reading it.
const KEYS_STAY_STRINGS: &str = "Where serde reads a tag, `untagged` or `flatten` around it, keys of maps \
                                 stay strings: use `String` keys, or another tagging.";

struct Search<'a> {
    schema: &'a Schema,
    entered: Vec<usize>,
    found: Vec<Ambiguity>,
}

impl<'a> Search<'a> {
    fn found(&mut self, path: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        let found = Ambiguity { path: path.to_owned(), problem: problem.into(), remedy: remedy.into() };
        if !self.found.contains(&found) {
            self.found.push(found);
        }
    }

    fn definition(&self, of: &Type) -> Option<&'a Definition> {
        match of {
            Type::Named(number) => self.schema.types.definitions.get(*number),
            _ => None,
        }
    }

    fn look(&mut self, of: &'a Type, path: &str) {
        match of {
            Type::Optional(of) => {
                self.option(of, path);
                self.look(of, path);
            }
            Type::List(of) | Type::Set(of) | Type::Array(of, _) => self.look(of, &format!("{path}[]")),
            Type::Map(key, of) => {
                self.key(key, &format!("{path}{{key}}"));
                self.look(key, &format!("{path}{{key}}"));
                self.look(of, &format!("{path}{{}}"));
            }
            Type::Tuple(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    self.look(part, &join(path, &at.to_string()));
                }
            }
            Type::Named(number) if !self.entered.contains(number) => {
                self.entered.push(*number);
                if let Some(definition) = self.definition(of) {
                    self.type_of(definition, path);
                }
            }
            Type::Plain(_) | Type::Opaque(_) | Type::Custom(_) | Type::Named(_) => {}
        }
    }

    fn type_of(&mut self, definition: &'a Definition, path: &str) {
        match &definition.form {
            Form::Content(content) => {
                self.skipped(definition.notes, path);
                self.content(content, definition.notes, path);
            }
            Form::Enum(variants) => {
                self.variants(definition, variants, path);
                for variant in variants {
                    self.skipped(variant.notes, &join(path, variant.name));
                    self.content(&variant.content, &[], &join(path, variant.name));
                }
            }
        }
    }

    fn variants(&mut self, definition: &'a Definition, variants: &'a [Variant], path: &str) {
        let tagging = Tagging::of(definition.notes);
        if !matches!(tagging, Tagging::Untagged) {
            self.variant_names(variants, path);
        }
        match tagging {
            Tagging::Untagged => self.untagged(variants, path),
            Tagging::Internal(tag) => {
                for variant in variants.iter().filter(|variant| !variant.notes.contains(&Note::Untagged)) {
                    self.tagged(variant, tag, &join(path, variant.name));
                }
            }
            Tagging::External | Tagging::Adjacent(..) => {}
        }
        for variant in variants.iter().filter(|variant| variant.notes.contains(&Note::WrittenOnly)) {
            self.found(
                &join(path, variant.name),
                "a variant that is written and never read",
                "Remove `skip_deserializing`, or the variant.",
            );
        }
    }

    fn content(&mut self, content: &'a Content, notes: &'a [Note], path: &str) {
        match content {
            Content::Unit => {}
            Content::Is(of) => self.look(of, path),
            Content::Tuple(fields) => {
                for field in fields {
                    self.place(field, &join(path, field.name));
                    self.field(field, notes, path);
                }
            }
            Content::Struct(fields) => {
                self.field_names(fields, notes, path);
                self.flattened(fields, path);
                for field in fields {
                    self.field(field, notes, path);
                }
            }
        }
    }

    fn field(&mut self, field: &'a Field, notes: &[Note], path: &str) {
        let path = if field.notes.contains(&Note::Flatten) {
            join(path, &format!("..{}", field.name))
        } else {
            join(path, field.name)
        };
        self.absence(field, notes, &path);
        // If `None` is left out, user code can read `null` as the content of the option.
        let is_omitted = field.notes.iter().any(|note| matches!(note, Note::OmittedIf(_)));
        let is_by_code = field.notes.iter().any(|note| matches!(note, Note::By(..)));
        match &field.shape {
            Type::Optional(of) if is_omitted && is_by_code => self.look(of, &path),
            of => self.look(of, &path),
        }
    }

    /// What the derives write, and cannot read again for other reasons than those above.
    fn samples(&mut self) {
        for sample in self.schema.samples() {
            let Err(misfit) = self.schema.check_read(&sample) else { continue };
            if self.schema.check(&sample).is_ok() {
                self.found(
                    &misfit.path,
                    format!(
                        "a value that is written and cannot be read: it should be {}, and is {}",
                        misfit.expected, misfit.found
                    ),
                    KEYS_STAY_STRINGS,
                );
            }
        }
    }

    /// Whether `null` is a value of this type.
    fn may_be_null(&self, of: &Type) -> bool {
        self.may_be(of, &mut Vec::new(), &|of| match of {
            // A form that a user declares as `any` is often not any value.
            Type::Plain(Cow::Borrowed("any" | "null")) | Type::Optional(_) => Some(true),
            Type::Plain(word) => Some(word == "null"),
            _ => None,
        })
    }

    fn may_be_null_in(&self, content: &Content) -> bool {
        match content {
            Content::Unit => true,
            Content::Is(of) => self.may_be_null(of),
            Content::Tuple(_) | Content::Struct(_) => false,
        }
    }

    /// Looks through newtypes and untagged variants, until `is` knows.
    fn may_be(&self, of: &Type, seen: &mut Vec<usize>, is: &dyn Fn(&Type) -> Option<bool>) -> bool {
        if let Some(known) = is(of) {
            return known;
        }
        let Type::Named(number) = of else { return false };
        if seen.contains(number) {
            return false;
        }
        seen.push(*number);
        let Some(definition) = self.definition(of) else { return false };
        let mut content = |content: &Content| match content {
            Content::Unit => is(&Type::plain("null")).unwrap_or(false),
            Content::Is(of) => self.may_be(of, seen, is),
            Content::Tuple(_) | Content::Struct(_) => false,
        };
        match &definition.form {
            Form::Content(of) => content(of),
            Form::Enum(variants) => {
                let is_untagged = matches!(Tagging::of(definition.notes), Tagging::Untagged);
                variants.iter().any(|variant| {
                    (is_untagged || variant.notes.contains(&Note::Untagged)) && content(&variant.content)
                })
            }
        }
    }

    /// The shape of a part, for itself.
    fn schema_of(&self, of: &Type) -> Schema {
        Schema { types: self.schema.types.clone(), root: of.clone() }
    }

    fn reads(&self, of: &Type, value: &Value) -> bool {
        self.schema_of(of).check_read(value).is_ok()
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
