//! A type in its form on the wire.

use proc_macro2::Ident;
use syn::{LitStr, Type};

use super::attr::DeclaredForm;

/// A type as it is written. Mirrors `es_core::shape::TypeDescription`.
pub(super) struct Described {
    pub(super) name: String,
    pub(super) rust_name: String,
    pub(super) arguments: Vec<Argument>,
    pub(super) notes: Vec<Note>,
    pub(super) form: Form,
    pub(super) is_generic: bool,
}

/// A parameter that is part of the name.
pub(super) enum Argument {
    Type(Ident),
    Const(Ident),
}

pub(super) enum Form {
    Content(Content),
    Enum(Vec<DescribedVariant>),
}

pub(super) enum Content {
    Unit,
    /// With its notes, as it has no name of its own.
    Is(Source, Vec<Note>),
    Tuple(Vec<DescribedField>),
    Struct(Vec<DescribedField>),
}

pub(super) struct DescribedField {
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) notes: Vec<Note>,
}

pub(super) struct DescribedVariant {
    pub(super) name: String,
    pub(super) content: Content,
    pub(super) notes: Vec<Note>,
}

/// Where the shape of a part comes from.
pub(super) enum Source {
    /// The shape of this type, if it has one.
    Of(Box<Type>),
    /// The shape of this type, declared by the user.
    As(Box<Type>),
    /// A form declared by the user.
    Declared(LitStr),
    /// Written by code, in an unknown form.
    Custom(String),
}

/// Mirrors `es_core::shape::Note`.
pub(super) enum Note {
    Defaulted,
    DefaultedBy(String),
    OmittedIf(String),
    Alias(String),
    ReadAs(String),
    ReadOnly,
    WrittenOnly,
    Skipped(String),
    Flatten,
    Tag(String),
    Content(String),
    Untagged,
    Constant(String, String),
    NoUnknownFields,
    Other,
    Narrow,
    By(&'static str, String),
    Rust(String),
}

impl DescribedField {
    /// How it is written if it is the only content.
    pub(super) fn alone(mut self) -> Content {
        self.notes.retain(|note| matches!(note, Note::By(..)));
        Content::Is(self.source, self.notes)
    }
}

impl From<DeclaredForm> for Source {
    fn from(form: DeclaredForm) -> Self {
        match form {
            DeclaredForm::Words(form) => Self::Declared(form),
            DeclaredForm::As(ty) => Self::As(ty),
        }
    }
}
