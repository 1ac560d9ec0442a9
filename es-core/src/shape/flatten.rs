//! The order of flattened fields: serde reads them one after the other, and each sees what the previous ones
//! left.
//!
//! A struct removes its own fields, a map everything that is there. So the order matters if two of them can
//! hold the same key, and only then.

use std::collections::BTreeSet;

use super::{Content, Definition, Field, Form, Note, Type, Types};

/// The keys that a part can take; `None` if they are unlimited.
type Keys = Option<BTreeSet<String>>;

impl Types {
    /// The flattened ones among `fields`: sorted by `key`, except that two that can hold the same key keep
    /// the declared order.
    pub(super) fn flattened<'a>(
        &self,
        fields: &'a [Field],
        key: impl Fn(&Field) -> String,
    ) -> Vec<&'a Field> {
        let mut rest: Vec<(String, Keys, &Field)> = fields
            .iter()
            .filter(|field| field.notes.contains(&Note::Flatten))
            .map(|field| (key(field), self.keys(&field.shape, &mut Vec::new()), field))
            .collect();
        let mut sorted = Vec::with_capacity(rest.len());
        while !rest.is_empty() {
            // The first of them conflicts with none, so there always is one.
            let is_next = |at: &usize| rest[..*at].iter().all(|before| !meet(&before.1, &rest[*at].1));
            let next = (0..rest.len()).filter(is_next).min_by_key(|at| &rest[*at].0).unwrap_or_default();
            sorted.push(rest.remove(next).2);
        }
        sorted
    }

    fn keys(&self, of: &Type, seen: &mut Vec<usize>) -> Keys {
        match of {
            Type::Plain(word) if word == "null" => Some(BTreeSet::new()),
            Type::Optional(of) => self.keys(of, seen),
            Type::Named(number) if seen.contains(number) => Some(BTreeSet::new()),
            Type::Named(number) => {
                seen.push(*number);
                self.keys_of(self.definitions.get(*number)?, seen)
            }
            _ => None,
        }
    }

    fn keys_of(&self, definition: &Definition, seen: &mut Vec<usize>) -> Keys {
        let mut keys = BTreeSet::new();
        let (mut has_tag, mut has_content) = (false, false);
        for note in definition.notes {
            match *note {
                Note::Tag(name) | Note::Constant(name, _) => {
                    has_tag = true;
                    keys.insert(name.to_owned());
                }
                Note::Content(name) => {
                    has_content = true;
                    keys.insert(name.to_owned());
                }
                _ => {}
            }
        }
        match &definition.form {
            Form::Content(content) => keys.extend(self.keys_of_content(content, seen)?),
            Form::Enum(_) if has_content => {}
            // It reads everything that is there.
            Form::Enum(_) if definition.notes.contains(&Note::NoUnknownFields) => return None,
            Form::Enum(variants) => {
                for variant in variants {
                    let is_untagged =
                        [definition.notes, variant.notes].iter().any(|notes| notes.contains(&Note::Untagged));
                    if has_tag || is_untagged {
                        keys.extend(self.keys_of_content(&variant.content, seen)?);
                    } else {
                        keys.extend(names(variant.name, variant.notes));
                    }
                }
            }
        }
        Some(keys)
    }

    fn keys_of_content(&self, content: &Content, seen: &mut Vec<usize>) -> Keys {
        match content {
            Content::Unit => Some(BTreeSet::new()),
            Content::Is(of) => self.keys(of, seen),
            Content::Tuple(_) => None,
            Content::Struct(fields) => {
                let mut keys = BTreeSet::new();
                for field in fields {
                    if field.notes.contains(&Note::Flatten) {
                        keys.extend(self.keys(&field.shape, seen)?);
                    } else {
                        keys.extend(names(field.name, field.notes));
                    }
                }
                Some(keys)
            }
        }
    }
}

/// The name, and the aliases.
fn names(name: &'static str, notes: &'static [Note]) -> impl Iterator<Item = String> {
    let others = notes.iter().filter_map(|note| match *note {
        Note::Alias(name) | Note::ReadAs(name) => Some(name),
        _ => None,
    });
    std::iter::once(name).chain(others).map(str::to_owned)
}

/// Whether one key can be in both.
fn meet(left: &Keys, right: &Keys) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => !left.is_disjoint(right),
        // A part without keys takes none from the other.
        (Some(some), None) | (None, Some(some)) => !some.is_empty(),
        (None, None) => true,
    }
}
