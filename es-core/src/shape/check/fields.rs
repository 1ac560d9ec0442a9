//! The fields of objects, including those of flattened types.

use serde_json::{Map, Value};

use super::misfit::{self, JsonPath, PathStep};
use super::walk::{Aside, Check, Fit, Side, has_default};
use crate::shape::model::{Content, Field, Form, Note, Type};

/// The entries of an object that no field has taken yet, and the flattened maps that take the rest.
#[derive(Clone)]
pub(super) struct OtherEntries<'a, 'v> {
    pub(super) entries: Vec<(&'v str, &'v Value)>,
    pub(super) open: Vec<&'a Type>,
}

impl<'v> OtherEntries<'_, 'v> {
    pub(super) fn of(object: &'v Map<String, Value>) -> Self {
        Self {
            entries: object.iter().map(|(name, value)| (name.as_str(), value)).collect(),
            open: Vec::new(),
        }
    }

    /// Removes the entry of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<&'v Value> {
        let at = self.entries.iter().position(|(entry, _)| *entry == name)?;
        Some(self.entries.remove(at).1)
    }
}

impl<'a> Check<'a> {
    pub(super) fn object(
        &mut self,
        fields: &'a [Field],
        notes: &'a [Note],
        object: &Map<String, Value>,
        way: &JsonPath<'_>,
    ) -> Fit {
        let mut rest = OtherEntries::of(object);
        self.fields(fields, notes, &mut rest, way)?;
        self.finish(notes, rest, way)
    }

    /// Removes the fields of a struct from `rest`.
    pub(super) fn fields(
        &mut self,
        fields: &'a [Field],
        notes: &'a [Note],
        rest: &mut OtherEntries<'a, '_>,
        way: &JsonPath<'_>,
    ) -> Fit {
        for note in notes {
            if let Note::Constant(name, text) = *note {
                let found = rest.take(name);
                // It is ignored when it is read.
                if !self.reads() && found.is_none_or(|found| found != text) {
                    let found = found.map_or("missing", |_| "something else");
                    return Err(way.step(PathStep::Field(name)).misfit(format!("{text:?}"), found));
                }
            }
        }
        let known: Vec<&Field> = fields.iter().filter(|field| self.knows(field.notes)).collect();
        let (flattened, own): (Vec<&Field>, Vec<&Field>) =
            known.into_iter().partition(|field| field.notes.contains(&Note::Flatten));
        for field in own {
            self.field(field, notes, rest, way)?;
        }
        let aside = std::mem::replace(&mut self.aside, Aside::Once);
        let fit = flattened.into_iter().try_for_each(|field| self.flattened(&field.shape, rest, way));
        self.aside = aside;
        fit
    }

    fn field(
        &mut self,
        field: &'a Field,
        notes: &[Note],
        rest: &mut OtherEntries<'a, '_>,
        way: &JsonPath<'_>,
    ) -> Fit {
        let mut found = None;
        for name in names(field.name, field.notes, self.side) {
            let way = way.step(PathStep::Field(name));
            let Some(value) = rest.take(name) else { continue };
            if found.replace(name).is_some() {
                return Err(way.misfit("absent, as it stands there under another name", misfit::kind(value)));
            }
            self.part(&field.shape, value, &way)?;
        }
        let may_be_absent = if self.reads() {
            has_default(field.notes) || has_default(notes) || self.reads_absent(&field.shape)
        } else {
            field.notes.iter().any(|note| matches!(note, Note::OmittedIf(_)))
        };
        if found.is_some() || may_be_absent {
            return Ok(());
        }
        Err(way.step(PathStep::Field(field.name)).misfit(self.expected(&field.shape), "missing"))
    }

    /// Whether serde reads a field of this type that is absent and has no default. A newtype may be
    /// transparent.
    pub(super) fn reads_absent(&self, of: &Type) -> bool {
        let mut of = of;
        for _ in 0..=self.types.definitions.len() {
            match of {
                Type::Optional(_) | Type::Opaque(_) | Type::Custom(_) => return true,
                Type::Named(number) => match self.definition(*number).map(|definition| &definition.form) {
                    Some(Form::Content(Content::Is(inner))) => of = inner,
                    _ => return false,
                },
                _ => return false,
            }
        }
        false
    }

    /// What no field took belongs to a flattened map, or should not be there.
    pub(super) fn finish(&mut self, notes: &[Note], rest: OtherEntries<'a, '_>, way: &JsonPath<'_>) -> Fit {
        let OtherEntries { entries, open } = rest;
        let is_refused = !self.reads() || notes.contains(&Note::NoUnknownFields);
        let aside = std::mem::replace(&mut self.aside, Aside::Again);
        let fit = entries.into_iter().try_for_each(|(name, value)| match open.as_slice() {
            [] if is_refused => Err(way.step(PathStep::Field(name)).misfit("absent", misfit::kind(value))),
            [] => Ok(()),
            open => self.left_over(open, name, value, way),
        });
        self.aside = aside;
        fit
    }

    /// Each flattened map reads all that is left, and one of them wrote it.
    fn left_over(&mut self, open: &[&'a Type], name: &str, value: &Value, way: &JsonPath<'_>) -> Fit {
        let mut first = None;
        for of in open {
            let fit = match of {
                Type::Map(key, of) => self.entry(key, of, name, value, way),
                _ => Ok(()),
            };
            match fit {
                Ok(()) if !self.reads() => return Ok(()),
                Ok(()) => {}
                Err(misfit) if self.reads() => return Err(misfit),
                Err(misfit) => {
                    first.get_or_insert(misfit);
                }
            }
        }
        first.map_or(Ok(()), Err)
    }
}

/// The names that a field or a variant has on the side that is checked.
pub(super) fn names<'n>(written: &'n str, notes: &'n [Note], side: Side) -> impl Iterator<Item = &'n str> {
    let reads = side == Side::Read;
    let read_as = notes.iter().find_map(|note| match note {
        Note::ReadAs(name) if reads => Some(*name),
        _ => None,
    });
    let aliases = notes.iter().filter_map(move |note| match note {
        Note::Alias(name) if reads => Some(*name),
        _ => None,
    });
    std::iter::once(read_as.unwrap_or(written)).chain(aliases)
}
