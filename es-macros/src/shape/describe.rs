//! From Rust types with serde's attributes to what is on the wire.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::{Attribute, Data, DataEnum, DeriveInput, Fields, LitStr, Type, Variant};

use super::attr;
use super::case::Rule;
use super::serde::{self, Both, DefaultValue, OfPart, OfType};
use crate::errors::Errors;

/// A type as it is written. Mirrors `es_core::shape::TypeDescription`.
pub(super) struct Described {
    pub(super) name: String,
    pub(super) rust_name: String,
    pub(super) arguments: Vec<Ident>,
    pub(super) notes: Vec<Note>,
    pub(super) form: Form,
    pub(super) is_generic: bool,
}

pub(super) enum Form {
    Content(Content),
    Enum(Vec<DescribedVariant>),
}

pub(super) enum Content {
    Unit,
    Is(Source),
    Tuple(Vec<Field>),
    Struct(Vec<Field>),
}

pub(super) struct Field {
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
    /// The user says so.
    Declared(LitStr),
    /// Some code writes it, and nobody says how.
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
    Flatten,
    Tag(String),
    Content(String),
    Untagged,
    Constant(String, String),
    NoUnknownFields,
    Other,
    Narrow,
    Rust(String),
}

pub(super) fn describe(input: &DeriveInput, errors: &mut Errors) -> Described {
    let declared = attr::of_type(&input.attrs, errors);
    let keys = serde::of_type(&input.attrs);
    let rust_name = input.ident.unraw().to_string();
    let mut notes = Vec::new();
    let form = if let Some(form) = declared.form {
        // Fields are still read for the mistakes in their attributes.
        content_of(input, &keys, errors);
        Form::Content(Content::Is(Source::Declared(form)))
    } else if let Some(source) = conversion(&keys, errors) {
        content_of(input, &keys, errors);
        if keys.is_narrow {
            notes.push(Note::Narrow);
        }
        Form::Content(Content::Is(source))
    } else {
        notes = notes_of_type(&keys, &input.data, &rust_name);
        content_of(input, &keys, errors)
    };
    Described {
        name: declared.name.map_or(rust_name, |name| name.value()),
        rust_name: input.ident.to_string(),
        arguments: input.generics.type_params().map(|parameter| parameter.ident.clone()).collect(),
        notes,
        form,
        is_generic: !input.generics.params.is_empty(),
    }
}

/// The form of a type that is written as another one.
fn conversion(keys: &OfType, errors: &mut Errors) -> Option<Source> {
    if let Some(remote) = &keys.remote {
        errors.spanned(
            remote,
            "`remote` says how another type is written, and this one is never stored; leave `Shape` out here, and write \
             `#[shape(\"…\")]` on the fields that use it",
        );
        return Some(Source::Custom(remote.value()));
    }
    match (&keys.into, &keys.from) {
        (None, None) => None,
        (Some(into), Some(from)) if into.value() == from.value() => Some(match into.parse::<Type>() {
            Ok(ty) => Source::Of(Box::new(ty)),
            Err(_) => Source::Custom(into.value()),
        }),
        (into, from) => {
            let side =
                |word: &str, side: &Option<LitStr>| side.as_ref().map(|ty| format!("{word} {}", ty.value()));
            let sides: Vec<String> = side("into", into).into_iter().chain(side("from", from)).collect();
            Some(Source::Custom(sides.join(" ")))
        }
    }
}

fn notes_of_type(keys: &OfType, data: &Data, rust_name: &str) -> Vec<Note> {
    let mut notes = Vec::new();
    if let (Some(tag), Data::Struct(_)) = (&keys.tag, data) {
        let name = keys.rename.written.clone().unwrap_or_else(|| rust_name.to_owned());
        notes.push(Note::Constant(tag.clone(), name));
    } else {
        notes.extend(keys.tag.clone().map(Note::Tag));
        notes.extend(keys.content.clone().map(Note::Content));
    }
    if keys.untagged {
        notes.push(Note::Untagged);
    }
    if keys.no_unknown_fields {
        notes.push(Note::NoUnknownFields);
    }
    notes.extend(default(keys.default.as_ref()));
    notes
}

fn content_of(input: &DeriveInput, keys: &OfType, errors: &mut Errors) -> Form {
    match &input.data {
        Data::Struct(data) => {
            let content = content(&data.fields, &keys.rename_all, errors);
            Form::Content(match content {
                Content::Tuple(mut fields) | Content::Struct(mut fields)
                    if keys.transparent && fields.len() == 1 =>
                {
                    fields.pop().map_or(Content::Unit, |field| Content::Is(field.source))
                }
                content => content,
            })
        }
        Data::Enum(data) => Form::Enum(variants(data, keys, errors)),
        Data::Union(_) => Form::Content(Content::Unit),
    }
}

fn variants(data: &DataEnum, keys: &OfType, errors: &mut Errors) -> Vec<DescribedVariant> {
    data.variants.iter().filter_map(|variant| described_variant(variant, keys, errors)).collect()
}

fn described_variant(variant: &Variant, of_type: &OfType, errors: &mut Errors) -> Option<DescribedVariant> {
    let keys = serde::of_part(&variant.attrs);
    let rules = keys.rename_all.as_ref().unwrap_or(&of_type.rename_all_fields);
    let written = content(&variant.fields, rules, errors);
    let form = attr::form_of_part(&variant.attrs, errors);
    if keys.skip_writing && keys.skip_reading {
        return None;
    }
    let content = match (form, &keys.with) {
        (Some(form), _) => Content::Is(Source::Declared(form)),
        (None, Some(with)) => Content::Is(Source::Custom(with.clone())),
        (None, None) => written,
    };
    let (name, mut notes) = named(&variant.ident, &keys, &of_type.rename_all, Rule::variant);
    if keys.untagged {
        notes.push(Note::Untagged);
    }
    if keys.other {
        notes.push(Note::Other);
    }
    Some(DescribedVariant { name, content, notes })
}

fn content(fields: &Fields, rules: &Both<Rule>, errors: &mut Errors) -> Content {
    match fields {
        Fields::Unit => Content::Unit,
        Fields::Named(fields) => {
            let described = fields.named.iter().filter_map(|field| {
                let ident = field.ident.as_ref()?;
                described_field(ident, &field.attrs, &field.ty, rules, errors)
            });
            Content::Struct(described.collect())
        }
        Fields::Unnamed(fields) => {
            let is_newtype = fields.unnamed.len() == 1;
            let described = fields.unnamed.iter().enumerate().filter_map(|(at, field)| {
                let ident = quote::format_ident!("_{at}");
                let mut described =
                    described_field(&ident, &field.attrs, &field.ty, &Both::default(), errors)?;
                described.name = at.to_string();
                described.notes.retain(|note| !matches!(note, Note::Rust(_)));
                Some(described)
            });
            let mut described: Vec<Field> = described.collect();
            match described.pop() {
                Some(field) if is_newtype => Content::Is(field.source),
                last => {
                    described.extend(last);
                    Content::Tuple(described)
                }
            }
        }
    }
}

fn described_field(
    ident: &Ident,
    attributes: &[Attribute],
    ty: &Type,
    rules: &Both<Rule>,
    errors: &mut Errors,
) -> Option<Field> {
    let keys = serde::of_part(attributes);
    let form = attr::form_of_part(attributes, errors);
    if keys.skip_writing && keys.skip_reading {
        return None;
    }
    let (name, mut notes) = named(ident, &keys, rules, Rule::field);
    notes.extend(default(keys.default.as_ref()));
    if keys.flatten {
        notes.push(Note::Flatten);
    }
    let source = match (form, keys.with) {
        (Some(form), _) => Source::Declared(form),
        (None, Some(with)) => Source::Custom(with),
        (None, None) => Source::Of(Box::new(ty.clone())),
    };
    notes.extend(keys.omitted_if.map(Note::OmittedIf));
    Some(Field { name, source, notes })
}

/// The wire name of a field or a variant, and what is to be said about it.
fn named(
    ident: &Ident,
    keys: &OfPart,
    rules: &Both<Rule>,
    apply: fn(Rule, &str) -> String,
) -> (String, Vec<Note>) {
    let rust_name = ident.unraw().to_string();
    let written = keys.rename.written.clone().unwrap_or_else(|| apply(rules.written, &rust_name));
    let read = keys.rename.read.clone().unwrap_or_else(|| apply(rules.read, &rust_name));
    let mut notes = Vec::new();
    // With its `r#`, as it is there to be written in code.
    if *ident != written {
        notes.push(Note::Rust(ident.to_string()));
    }
    notes.extend(keys.aliases.iter().filter(|alias| **alias != read).cloned().map(Note::Alias));
    if read != written {
        notes.push(Note::ReadAs(read));
    }
    if keys.skip_writing {
        notes.push(Note::ReadOnly);
    }
    if keys.skip_reading {
        notes.push(Note::WrittenOnly);
    }
    (written, notes)
}

fn default(value: Option<&DefaultValue>) -> Option<Note> {
    value.map(|value| match value {
        DefaultValue::OfItsType => Note::Defaulted,
        DefaultValue::From(path) => Note::DefaultedBy(path.clone()),
    })
}
