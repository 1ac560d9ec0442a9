//! Entering types into a shape: the derive's constants become the model, each type once.

use std::any::TypeId;

use super::description::{
    ChangeDescription, ContentDescription, Describe, FieldDescription, FormDescription, HistoryDescription,
    StepDescription, TypeDescription, VariantDescription,
};
use super::model::{
    Change, Content, Default, Definition, Field, Form, HistoryStep, Note, Type, Types, Variant,
};
use super::rust_name;

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
        // Entered before its parts are described, so that a part that contains the type again ends here.
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

    /// No types yet, for types with a history in their current form.
    pub(crate) fn in_current_form() -> Self {
        Self { today: true, ..Self::default() }
    }

    fn step(&mut self, step: &StepDescription) -> HistoryStep {
        let change = match step.what {
            ChangeDescription::Added((name, shape, notes), default) => {
                Change::Added(Field { name, shape: shape(self), notes }, Default(default))
            }
            ChangeDescription::AddedVariant(variant) => Change::AddedVariant(self.variant(&variant)),
            ChangeDescription::Renamed(from, to) => Change::Renamed(from, to),
            ChangeDescription::Removed(name) => Change::Removed(name),
        };
        HistoryStep { version: step.version, variant: step.variant, change }
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
