//! The model of a shape: types, and the definitions that they refer to by number.

use std::any::TypeId;
use std::borrow::Cow;

/// The shape of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// A value without parts, by its word: `bool`, `i64`, `string`, `string:uuid`, `any`.
    Plain(Cow<'static, str>),
    /// A value or `null`.
    Optional(Box<Self>),
    /// An array of any length.
    List(Box<Self>),
    /// An array without repetitions.
    Set(Box<Self>),
    /// An array of one length.
    Array(Box<Self>, usize),
    /// An object with keys that are data.
    Map(Box<Self>, Box<Self>),
    /// An array of parts, each with its own shape.
    Tuple(Vec<Self>),
    /// A type with a name, by its number in [`Types`].
    Named(usize),
    /// A type without a shape, by its path in Rust.
    Opaque(String),
    /// Written by undescribed code, by the path in serde's attribute.
    Custom(String),
}

impl Type {
    /// A value without parts: `Type::plain("i64")`.
    #[must_use]
    pub const fn plain(word: &'static str) -> Self {
        Self::Plain(Cow::Borrowed(word))
    }

    /// A string of some format: `Type::string("date-time")`.
    #[must_use]
    pub fn string(format: &str) -> Self {
        Self::Plain(format!("string:{format}").into())
    }
}

/// What serde's attributes define about a type, a field or a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Note {
    /// May be absent; then it is the default of its type.
    Defaulted,
    /// May be absent; then this function makes it.
    DefaultedBy(&'static str),
    /// Absent if this function returns true.
    OmittedIf(&'static str),
    /// Also read under this name.
    Alias(&'static str),
    /// Read under this name instead.
    ReadAs(&'static str),
    /// Read and never written.
    ReadOnly,
    /// Written and never read.
    WrittenOnly,
    /// A field of this name in Rust is neither written nor read. Not part of the canonical text.
    Skipped(&'static str),
    /// Its fields are among those of the type around it.
    Flatten,
    /// The variant's name is in this field.
    Tag(&'static str),
    /// The variant's content is in this field.
    Content(&'static str),
    /// The variant's name is not written.
    Untagged,
    /// A field that holds a fixed text.
    Constant(&'static str, &'static str),
    /// Unknown fields are rejected.
    NoUnknownFields,
    /// Matches every unknown variant.
    Other,
    /// Code rejects some of the values of the shape. Not part of the canonical text.
    Narrow,
    /// This code writes it, or reads it, or this type replaces it: a verb, and a path.
    By(&'static str, &'static str),
    /// The name in Rust, if it differs from the one on the wire. Not part of the canonical text.
    Rust(&'static str),
}

/// The named types of one shape.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Types {
    pub(crate) definitions: Vec<Definition>,
    /// Whether types with a history appear in their current form, and not as they were first stored.
    pub(super) today: bool,
}

/// One named type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    /// Distinguishes types of one name. Never the same for two types, and the same for types that differ in
    /// lifetimes only.
    pub(super) identity: TypeId,
    /// The type as code names it, without paths: `Page<String>`.
    pub(crate) rust: String,
    pub(crate) notes: &'static [Note],
    pub(crate) form: Form,
    /// The changes after the first form, if that is the one here.
    pub(crate) steps: Vec<HistoryStep>,
    /// For a type with a history, the names that only some forms have.
    pub(crate) changed_names: Option<Vec<&'static str>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    Content(Content),
    Enum(Vec<Variant>),
}

/// The contents of a struct or a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Unit,
    Is(Type),
    Tuple(Vec<Field>),
    Struct(Vec<Field>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Type,
    pub(crate) notes: &'static [Note],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) content: Content,
    pub(crate) notes: &'static [Note],
}

/// One change of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryStep {
    pub(crate) version: u32,
    /// The variant that changed, by its first name.
    pub(crate) variant: Option<&'static str>,
    pub(crate) change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Added(Field, Default),
    AddedVariant(Variant),
    Renamed(&'static str, &'static str),
    Removed(&'static str),
}

/// Makes the value of an added field for values that were stored before, and writes it as JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Default(pub(crate) fn() -> Option<String>);

/// Functions cannot be compared, and the identity of the type around it determines whether they are the same.
impl PartialEq for Default {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Default {}
