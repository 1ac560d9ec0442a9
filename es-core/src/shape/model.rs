//! The model of a shape: types, and the definitions that they refer to by number.

use std::any::TypeId;
use std::borrow::Cow;

use super::description::{
    ChangeDescription, ContentDescription, FormDescription, HistoryDescription, StepDescription,
    TypeDescription, VariantDescription,
};
use super::history::{self, Change, Step};
use super::{Describe, FieldDescription, rust_name};

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
    /// Written by code that nobody describes, by the path that serde's attribute gives.
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

/// What serde's attributes say about a type, a field or a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Note {
    /// May be absent; then it is the default of its type.
    Defaulted,
    /// May be absent; then this function makes it.
    DefaultedBy(&'static str),
    /// Absent where this function says so.
    OmittedIf(&'static str),
    /// Read under this name as well.
    Alias(&'static str),
    /// Read under this name instead.
    ReadAs(&'static str),
    /// Read and never written.
    ReadOnly,
    /// Written and never read.
    WrittenOnly,
    /// A field of this name in Rust is neither written nor read. Not part of the canonical text.
    Skipped(&'static str),
    /// Its fields stand among those of the type around it.
    Flatten,
    /// The variant's name stands in this field.
    Tag(&'static str),
    /// The variant's content stands in this field.
    Content(&'static str),
    /// The variant's name is not written.
    Untagged,
    /// A field that holds a fixed text.
    Constant(&'static str, &'static str),
    /// Fields that are not known are refused.
    NoUnknownFields,
    /// Stands for every unknown variant.
    Other,
    /// Code refuses some of the values that the shape takes. Not part of the canonical text.
    Narrow,
    /// This code writes it, or reads it, or this type stands for it: a verb, and a path.
    By(&'static str, &'static str),
    /// The name in Rust, where it is not the one on the wire. Not part of the canonical text.
    Rust(&'static str),
}

/// The named types of one shape.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Types {
    pub(crate) definitions: Vec<Definition>,
    /// Whether types with a history stand here as they are today, and not as they were first stored.
    today: bool,
}

/// One named type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    /// Tells types of one name apart. Never two types, and never another one for a type that differs in
    /// lifetimes only.
    identity: TypeId,
    /// The type as code names it, without paths: `Page<String>`.
    pub(crate) rust: String,
    pub(crate) notes: &'static [Note],
    pub(crate) form: Form,
    /// What came after the first form, where that is what stands here.
    pub(crate) steps: Vec<Step>,
    /// Of a type with a history, the names that some forms have and others have not.
    pub(crate) changed_names: Option<Vec<&'static str>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    Content(Content),
    Enum(Vec<Variant>),
}

/// What a struct or a variant holds.
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

impl Types {
    /// Enters a derived type, once. `rust` is its name in Rust, which may have paths.
    #[doc(hidden)]
    pub fn named(
        &mut self,
        identity: TypeId,
        rust: &'static str,
        description: &'static TypeDescription,
    ) -> Type {
        self.enter(identity, rust, description, None)
    }

    /// The same for a type with a history.
    #[doc(hidden)]
    pub fn with_history(
        &mut self,
        identity: TypeId,
        rust: &'static str,
        first: &'static TypeDescription,
        history: &'static HistoryDescription,
    ) -> Type {
        self.enter(identity, rust, first, Some(history))
    }

    fn enter(
        &mut self,
        identity: TypeId,
        rust: &'static str,
        description: &'static TypeDescription,
        history: Option<&'static HistoryDescription>,
    ) -> Type {
        let arguments: Vec<Type> = description.arguments.iter().map(|argument| argument(self)).collect();
        let known = self.definitions.iter().position(|definition| definition.identity == identity);
        if let Some(number) = known {
            return Type::Named(number);
        }
        let mut name = description.name.to_owned();
        if !arguments.is_empty() {
            let arguments: Vec<String> = arguments.iter().map(|argument| self.inline(argument)).collect();
            name = format!("{name}<{}>", arguments.join(", "));
        }
        let number = self.definitions.len();
        // Entered before its parts are described, so that a part that holds the type again ends here.
        let form = Form::Content(Content::Unit);
        let rust = rust_name::without_paths(rust);
        let (notes, steps) = (description.notes, Vec::new());
        let changed_names = history.map(|history| {
            let names = history.steps.iter().flat_map(|step| match step.what {
                ChangeDescription::Added((name, ..), _) | ChangeDescription::Removed(name) => vec![name],
                ChangeDescription::AddedVariant(variant) => vec![variant.name],
                ChangeDescription::Renamed(from, to) => vec![from, to],
            });
            names.collect()
        });
        self.definitions.push(Definition { name, identity, rust, notes, form, steps, changed_names });
        match history {
            Some(history) if self.today => self.definitions[number].form = self.form(&history.today),
            Some(history) => {
                self.definitions[number].form = self.form(&description.form);
                self.definitions[number].steps = history.steps.iter().map(|step| self.step(step)).collect();
            }
            None => self.definitions[number].form = self.form(&description.form),
        }
        Type::Named(number)
    }

    /// Enters a part of another type as a type of its own.
    pub(super) fn entered(&mut self, name: &str, notes: &'static [Note], form: Form) -> Type {
        let (identity, rust) = (TypeId::of::<()>(), name.to_owned());
        self.definitions.push(Definition {
            name: name.to_owned(),
            identity,
            rust,
            notes,
            form,
            steps: Vec::new(),
            changed_names: None,
        });
        Type::Named(self.definitions.len() - 1)
    }

    /// No types yet, where those with a history are to stand as they are today.
    pub(crate) fn of_today() -> Self {
        Self { today: true, ..Self::default() }
    }

    fn step(&mut self, step: &StepDescription) -> Step {
        let change = match step.what {
            ChangeDescription::Added((name, shape, notes), default) => {
                Change::Added(Field { name, shape: shape(self), notes }, history::Default(default))
            }
            ChangeDescription::AddedVariant(variant) => Change::AddedVariant(self.variant(&variant)),
            ChangeDescription::Renamed(from, to) => Change::Renamed(from, to),
            ChangeDescription::Removed(name) => Change::Removed(name),
        };
        Step { version: step.version, variant: step.variant, change }
    }

    fn form(&mut self, form: &FormDescription) -> Form {
        match form {
            FormDescription::Content(content) => Form::Content(self.content(content)),
            FormDescription::Enum(variants) => {
                Form::Enum(variants.iter().map(|variant| self.variant(variant)).collect())
            }
        }
    }

    fn variant(&mut self, variant: &VariantDescription) -> Variant {
        Variant { name: variant.name, content: self.content(&variant.content), notes: variant.notes }
    }

    fn content(&mut self, content: &ContentDescription) -> Content {
        match content {
            ContentDescription::Unit => Content::Unit,
            ContentDescription::Is(shape) => Content::Is(shape(self)),
            ContentDescription::Tuple(fields) => Content::Tuple(self.fields(fields)),
            ContentDescription::Struct(fields) => Content::Struct(self.fields(fields)),
        }
    }

    fn fields(&mut self, fields: &[FieldDescription]) -> Vec<Field> {
        fields.iter().map(|&(name, shape, notes)| Field { name, shape: shape(self), notes }).collect()
    }

    // One call each, so that the generic implementations stay short wherever they are compiled.

    /// A value or `null`.
    pub fn option(&mut self, of: Describe) -> Type {
        Type::Optional(Box::new(of(self)))
    }

    /// An array of any length.
    pub fn list(&mut self, of: Describe) -> Type {
        Type::List(Box::new(of(self)))
    }

    /// An array without repetitions.
    pub fn set(&mut self, of: Describe) -> Type {
        Type::Set(Box::new(of(self)))
    }

    /// An array of one length.
    pub fn array(&mut self, of: Describe, len: usize) -> Type {
        Type::Array(Box::new(of(self)), len)
    }

    /// An object with keys that are data.
    pub fn map(&mut self, key: Describe, value: Describe) -> Type {
        Type::Map(Box::new(key(self)), Box::new(value(self)))
    }

    /// An array of parts, each with its own shape.
    pub fn tuple(&mut self, parts: &[Describe]) -> Type {
        Type::Tuple(parts.iter().map(|part| part(self)).collect())
    }
}
