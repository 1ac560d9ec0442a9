//! Values that are written like others, or not at all.

use super::{Search, join};
use crate::shape::check::Tagging;
use crate::shape::model::{Content, Field, Form, Note, Type, Variant};

impl<'a> Search<'a> {
    pub(super) fn option(&mut self, of: &'a Type, path: &str) {
        if self.may_be_null(of) {
            self.found(
                path,
                "an option of what may be `null` itself; `Some` of that is read as `None`",
                "Write one `Option`, or an enum with a variant for each case.",
            );
        }
    }

    /// The fields that exist in Rust only.
    pub(super) fn skipped(&mut self, notes: &[Note], path: &str) {
        for note in notes {
            if let Note::Skipped(name) = note {
                self.found(
                    &join(path, name),
                    "neither written nor read; whatever it holds is read as the default",
                    "Remove `skip`, or the field; a method can return what follows from the other fields.",
                );
            }
        }
    }

    /// A field that may be left out, or exists on one side only.
    pub(super) fn absence(&mut self, field: &'a Field, notes: &[Note], path: &str) {
        if field.notes.contains(&Note::WrittenOnly) {
            self.found(
                path,
                "written and never read; whatever was written is read as the default",
                "Remove `skip_deserializing`, or the field.",
            );
        }
        if field.notes.contains(&Note::ReadOnly) {
            self.found(
                path,
                "read and never written; whatever it holds is read as the default",
                "Remove `skip_serializing`, or the field; an `alias` reads an earlier name.",
            );
            return;
        }
        let omitted = field.notes.iter().find_map(|note| match note {
            Note::OmittedIf(path) => Some(*path),
            _ => None,
        });
        let Some(omitted) = omitted.filter(|_| !field.notes.contains(&Note::Flatten)) else { return };
        let default = field.notes.iter().chain(notes).find_map(|note| match note {
            Note::Defaulted => Some(None),
            Note::DefaultedBy(path) => Some(Some(*path)),
            _ => None,
        });
        match default {
            None if self.is_read_absent(&field.shape) => {}
            None => self.found(
                path,
                format!("left out if `{omitted}`, and without a default cannot be read then"),
                "Write `#[serde(default)]` beside `skip_serializing_if`.",
            ),
            Some(Some(default)) if omits_nothing_else(omitted) && !makes_nothing(default) => self.found(
                path,
                format!("left out if `{omitted}`, and read as `{default}` says then"),
                "Write `#[serde(default)]` without a path, or remove `skip_serializing_if`.",
            ),
            Some(_) => {}
        }
    }

    fn is_read_absent(&self, of: &Type) -> bool {
        self.may_be(of, &mut Vec::new(), &|of| match of {
            Type::Optional(_) | Type::Opaque(_) | Type::Custom(_) => Some(true),
            Type::Plain(_) => Some(false),
            _ => None,
        })
    }

    /// A field of a tuple, identified by its index.
    pub(super) fn place(&mut self, field: &'a Field, path: &str) {
        let moves = field
            .notes
            .iter()
            .any(|note| matches!(note, Note::OmittedIf(_) | Note::ReadOnly | Note::WrittenOnly));
        if moves {
            self.found(
                path,
                "left out of a list; those after it are read in its place",
                "Name the fields, or always write it.",
            );
        }
    }

    /// A key, which is written as a string.
    pub(super) fn key(&mut self, of: &'a Type, path: &str) {
        match self.definition(of) {
            None => match of {
                Type::Plain(word) if !matches!(&**word, "null" | "object" | "array") => {}
                Type::Opaque(_) | Type::Custom(_) | Type::Named(_) => {}
                _ => self.no_key(path),
            },
            Some(definition) => match &definition.form {
                Form::Content(Content::Is(of)) => self.key(of, path),
                Form::Content(_) => self.no_key(path),
                Form::Enum(variants) => match Tagging::of(definition.notes) {
                    Tagging::External => {
                        if variants.iter().any(|variant| !matches!(variant.content, Content::Unit)) {
                            self.no_key(path);
                        }
                    }
                    Tagging::Untagged => {
                        if variants.len() > 1 {
                            self.found(
                                path,
                                "a key without a tag is a string, whatever variant it was; two keys may \
                                 become one",
                                "Use a `String` or a newtype of one as the key, or a list of pairs.",
                            );
                        }
                    }
                    Tagging::Internal(_) | Tagging::Adjacent(..) => self.no_key(path),
                },
            },
        }
    }

    fn no_key(&mut self, path: &str) {
        self.found(
            path,
            "a key that cannot be written as a string, or not with every value",
            "Use a string, a number or an enum of variants without values as the key, or a list of pairs.",
        );
    }

    /// A variant whose fields are beside its tag.
    pub(super) fn tagged(&mut self, variant: &'a Variant, tag: &str, path: &str) {
        let has_no_fields = match &variant.content {
            Content::Is(of) => self.has_no_fields(of, &mut Vec::new()),
            Content::Tuple(_) => true,
            Content::Unit | Content::Struct(_) => false,
        };
        if has_no_fields {
            self.found(
                path,
                format!(
                    "its value has no fields that could stand beside the tag `{tag}`; it cannot be written"
                ),
                format!(
                    "Name the field, `{} {{ value: … }}`, or add `content = \"…\"` beside `tag`.",
                    variant.name
                ),
            );
        }
        if self.content_names(&variant.content).iter().any(|name| name == tag) {
            self.found(
                &join(path, tag),
                format!("a field of the name of the tag `{tag}`, which is read in its place"),
                "Rename the field or the tag.",
            );
        }
    }

    fn has_no_fields(&self, of: &Type, seen: &mut Vec<usize>) -> bool {
        match of {
            Type::Plain(word) => !matches!(&**word, "null" | "any" | "object"),
            Type::Map(..) | Type::Opaque(_) | Type::Custom(_) => false,
            Type::Optional(_) | Type::List(_) | Type::Set(_) | Type::Array(..) | Type::Tuple(_) => true,
            Type::Named(number) => {
                if seen.contains(number) {
                    return false;
                }
                seen.push(*number);
                match self.definition(of).map(|definition| &definition.form) {
                    Some(Form::Content(Content::Is(of))) => self.has_no_fields(of, seen),
                    Some(Form::Content(Content::Tuple(_))) => true,
                    _ => false,
                }
            }
        }
    }
}

/// Whether a function of this name is true for one value only, the empty one.
fn omits_nothing_else(path: &str) -> bool {
    matches!(path.rsplit("::").next(), Some("is_none" | "is_empty"))
}

/// Whether a function of this name makes an empty value.
fn makes_nothing(path: &str) -> bool {
    matches!(path.rsplit("::").next(), Some("default" | "new"))
}
