//! What the derive generates: constants that describe a type, with a function wherever another type occurs.
//!
//! Constants, because they cost almost no build time: no code is generated for them, and the functions of
//! most types are compiled already.

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
    /// A struct with these fields, without attributes.
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

/// The contents of a struct or a variant.
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

/// The history of a type that was stored before.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct HistoryDescription {
    /// How it is read, in each of its forms, and written.
    pub today: FormDescription,
    pub steps: &'static [StepDescription],
}

/// One change of a type.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct StepDescription {
    /// The version of the type that introduced it.
    pub version: u32,
    /// The variant that changed, by its first name.
    pub variant: Option<&'static str>,
    pub what: ChangeDescription,
}

#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub enum ChangeDescription {
    /// With its value for values that were stored before, as JSON, if it can be serialized.
    Added(FieldDescription, fn() -> Option<String>),
    AddedVariant(VariantDescription),
    Renamed(&'static str, &'static str),
    Removed(&'static str),
}
