//! What the derive writes: constants that describe a type, with a function in each place where another type
//! stands.
//!
//! Constants, because they cost the user's build next to nothing: no code is generated for them, and the
//! functions of most types are compiled already.

use super::{Note, Type, Types};

/// A function that describes a type: [`Shape::shape`](super::Shape::shape).
pub type Describe = fn(&mut Types) -> Type;

/// A struct or an enum.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct TypeDescription {
    pub name: &'static str,
    /// The types and constants that it is generic over, which belong to the name.
    pub arguments: &'static [Describe],
    pub notes: &'static [Note],
    pub form: FormDescription,
}

impl TypeDescription {
    /// A struct with these fields, about which nothing else is said.
    pub(crate) const fn of_struct(name: &'static str, fields: &'static [FieldDescription]) -> Self {
        let form = FormDescription::Content(ContentDescription::Struct(fields));
        Self { name, arguments: &[], notes: &[], form }
    }
}

#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub enum FormDescription {
    Content(ContentDescription),
    Enum(&'static [VariantDescription]),
}

/// What a struct or a variant holds.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub enum ContentDescription {
    Unit,
    Is(Describe),
    Tuple(&'static [FieldDescription]),
    Struct(&'static [FieldDescription]),
}

/// Name, shape and notes of a field: a tuple, as there are many of them and the compiler is quicker with it.
#[doc(hidden)]
pub type FieldDescription = (&'static str, Describe, &'static [Note]);

#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct VariantDescription {
    pub name: &'static str,
    pub content: ContentDescription,
    pub notes: &'static [Note],
}

/// What became of a type that was stored before.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct HistoryDescription {
    /// How it is read, in each form that it had, and written.
    pub today: FormDescription,
    pub steps: &'static [StepDescription],
}

/// One change of a type.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct StepDescription {
    /// The version of the type that brought it.
    pub version: u32,
    /// The variant in which it happened, by its first name.
    pub variant: Option<&'static str>,
    pub what: ChangeDescription,
}

#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub enum ChangeDescription {
    /// With what it is in values that were stored before, as JSON, where it can be written.
    Added(FieldDescription, fn() -> Option<String>),
    AddedVariant(VariantDescription),
    Renamed(&'static str, &'static str),
    Removed(&'static str),
}
