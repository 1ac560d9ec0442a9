//! Forms of a type that cannot be distinguished where it is flattened, among the fields of others.

use super::{Ambiguity, Search, join};
use crate::shape::check::Tagging;
use crate::shape::model::{Content, Field, Form, Note, Type};
use crate::shape::schema::Schema;

impl Schema {
    /// Stored values in which a field of one form of a type may be what another type has stored.
    ///
    /// Checked for every version that is read, as old values would be misread. The schema has types with a
    /// history in their current form.
    pub(crate) fn mixed_forms(&self) -> Vec<Ambiguity> {
        let mut search = Search { schema: self, entered: Vec::new(), found: Vec::new() };
        if self.types.definitions.iter().all(|definition| definition.changed_names.is_none()) {
            return search.found;
        }
        for (number, definition) in self.types.definitions.iter().enumerate() {
            let path = if self.root == Type::Named(number) { "" } else { &*definition.name };
            let contents: Vec<&Content> = match &definition.form {
                Form::Content(content) => vec![content],
                Form::Enum(variants) => variants.iter().map(|variant| &variant.content).collect(),
            };
            if let (Form::Enum(variants), Tagging::Untagged) =
                (&definition.form, Tagging::of(definition.notes))
            {
                // A form that came later may match what was stored as a variant after it.
                search.untagged(variants, path);
            }
            for content in contents {
                if let Content::Struct(fields) = content {
                    search.mixed(fields, path);
                }
            }
        }
        search.found
    }
}

impl<'a> Search<'a> {
    fn mixed(&mut self, fields: &'a [Field], path: &str) {
        let is_flat = |field: &&Field| field.notes.contains(&Note::Flatten);
        for (at, field) in fields.iter().enumerate().filter(|(_, field)| is_flat(field)) {
            let Some(changed) = self.changed_names(&field.shape, &mut Vec::new()) else { continue };
            let others =
                || fields.iter().enumerate().filter(move |(other, _)| *other != at).map(|(_, other)| other);
            let path = join(path, &format!("..{}", field.name));
            if let Some(map) = others().filter(is_flat).find(|other| self.takes_rest(&other.shape)) {
                let problem = format!(
                    "a type with a history beside the map `..{}`, which may hold entries of the names that \
                     its fields have now: nothing tells which of the two was stored",
                    map.name
                );
                self.found(
                    &path,
                    problem,
                    "Give one of the two a name in a next version, without `flatten`.",
                );
            }
            for other in others() {
                let names = self.names_of_field(other);
                if let Some(name) = changed.iter().find(|name| names.iter().any(|other| other == *name)) {
                    let problem = format!(
                        "a type that has a field `{name}` in some of its forms, beside another of that name: \
                         nothing tells which of the two was stored"
                    );
                    self.found(&path, problem, "Give the other field a name that none ever had.");
                }
            }
        }
    }

    /// The names that only some forms of the type have, its own and those of types flattened in it; nothing
    /// if there is no history.
    fn changed_names(&self, of: &Type, seen: &mut Vec<usize>) -> Option<Vec<&'static str>> {
        match of {
            Type::Optional(of) => self.changed_names(of, seen),
            Type::Named(number) if !seen.contains(number) => {
                seen.push(*number);
                let definition = self.definition(of)?;
                let mut changed = definition.changed_names.clone();
                let mut add = |names: Option<Vec<&'static str>>| {
                    if let Some(names) = names {
                        changed.get_or_insert_default().extend(names);
                    }
                };
                let mut content = |content: &Content| match content {
                    Content::Is(of) => add(self.changed_names(of, seen)),
                    Content::Struct(fields) => {
                        for field in fields.iter().filter(|field| field.notes.contains(&Note::Flatten)) {
                            add(self.changed_names(&field.shape, seen));
                        }
                    }
                    Content::Unit | Content::Tuple(_) => {}
                };
                match &definition.form {
                    Form::Content(of) => content(of),
                    Form::Enum(variants) => {
                        // Otherwise the fields are in an object of their own.
                        if matches!(Tagging::of(definition.notes), Tagging::Internal(_) | Tagging::Untagged) {
                            variants.iter().for_each(|variant| content(&variant.content));
                        }
                    }
                }
                changed
            }
            _ => None,
        }
    }
}
