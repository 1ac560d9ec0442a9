//! From Rust types with serde's attributes to their form on the wire.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::{Attribute, Data, DataEnum, DeriveInput, Fields, GenericParam, LitStr, Type, Variant};

use super::attr::{self, DeclaredForm};
use super::case::Rule;
use super::described::{Argument, Content, Described, DescribedField, DescribedVariant, Form, Note, Source};
use super::marker;
use super::serde::{self, Both, DefaultValue, OfPart, OfType};
use crate::errors::Errors;

pub(super) fn describe(input: &DeriveInput, errors: &mut Errors) -> Described {
    let declared = attr::of_type(&input.attrs, errors);
    let keys = serde::of_type(&input.attrs);
    let rust_name = input.ident.unraw().to_string();
    let mut notes = Vec::new();
    let mut form = if let Some(form) = declared.form {
        // Fields are still read for the mistakes in their attributes.
        content_of(input, &keys, errors);
        let by = conversions(&keys).map(|(verb, ty)| Note::By(verb, ty)).collect();
        Form::Content(Content::Is(form.into(), by))
    } else if let Some(source) = conversion(&keys) {
        content_of(input, &keys, errors);
        if keys.is_narrow {
            notes.push(Note::Narrow);
        }
        Form::Content(Content::Is(source, Vec::new()))
    } else {
        notes = notes_of_type(&keys, &input.data, &rust_name);
        content_of(input, &keys, errors)
    };
    if let Form::Content(Content::Is(_, of_content)) = &mut form {
        notes.append(of_content);
    }
    Described {
        name: declared.name.map_or(rust_name, |name| name.value()),
        rust_name: input.ident.to_string(),
        arguments: arguments(input),
        notes,
        form,
        is_generic: !input.generics.params.is_empty(),
    }
}

fn arguments(input: &DeriveInput) -> Vec<Argument> {
    let argument = |parameter: &GenericParam| match parameter {
        GenericParam::Type(parameter) => Some(Argument::Type(parameter.ident.clone())),
        GenericParam::Const(parameter) => Some(Argument::Const(parameter.ident.clone())),
        _ => None,
    };
    input.generics.params.iter().filter_map(argument).collect()
}

/// The form of a type that is written as another one.
fn conversion(keys: &OfType) -> Option<Source> {
    match (&keys.into, &keys.from) {
        (None, None) => None,
        (Some(into), Some(from)) if into.value() == from.value() => Some(match into.parse::<Type>() {
            Ok(ty) => Source::Of(Box::new(ty)),
            Err(_) => Source::Custom(into.value()),
        }),
        _ => {
            let sides: Vec<String> = conversions(keys).map(|(verb, ty)| format!("{verb} {ty}")).collect();
            Some(Source::Custom(sides.join(" ")))
        }
    }
}

/// The types that replace this one when it is written and read.
fn conversions(keys: &OfType) -> impl Iterator<Item = (&'static str, String)> {
    let side = |verb, ty: &Option<LitStr>| ty.as_ref().map(|ty| (verb, ty.value()));
    side("into", &keys.into).into_iter().chain(side("from", &keys.from))
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
    if let Data::Struct(data) = data {
        notes.extend(skipped(&data.fields));
    }
    notes
}

/// The fields that are neither written nor read, except markers, which contain nothing.
fn skipped(fields: &Fields) -> impl Iterator<Item = Note> {
    fields.iter().enumerate().filter_map(|(at, field)| {
        let keys = serde::of_part(&field.attrs);
        let is_lost = keys.skip_writing && keys.skip_reading && !marker::is_marker(&field.ty);
        is_lost.then(|| {
            let name = field.ident.as_ref().map(|ident| ident.unraw().to_string());
            Note::Skipped(name.unwrap_or_else(|| at.to_string()))
        })
    })
}

fn content_of(input: &DeriveInput, keys: &OfType, errors: &mut Errors) -> Form {
    match &input.data {
        Data::Struct(data) => {
            let content = content(&data.fields, &keys.rename_all, errors);
            Form::Content(match content {
                Content::Tuple(fields) | Content::Struct(fields) if keys.transparent => only(fields),
                content => content,
            })
        }
        Data::Enum(data) => Form::Enum(variants(data, keys, errors)),
        Data::Union(_) => Form::Content(Content::Unit),
    }
}

/// The one field that a transparent struct is written as; serde ignores markers here.
fn only(fields: Vec<DescribedField>) -> Content {
    let is_marker = |field: &DescribedField| matches!(&field.source, Source::Of(ty) if marker::is_marker(ty));
    let real = fields.into_iter().find(|field| !is_marker(field));
    real.map_or(Content::Unit, DescribedField::alone)
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
    let (name, mut notes) = named(&variant.ident, &keys, &of_type.rename_all, Rule::variant);
    let mut content = match source(form, keys.by) {
        Some((source, by)) => Content::Is(source, by),
        None => {
            notes.extend(skipped(&variant.fields));
            written
        }
    };
    if let Content::Is(_, of_content) = &mut content {
        notes.append(of_content);
    }
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
            let mut described: Vec<DescribedField> = described.collect();
            match described.pop() {
                Some(field) if is_newtype => field.alone(),
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
) -> Option<DescribedField> {
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
    notes.extend(keys.omitted_if.map(Note::OmittedIf));
    let (source, by) =
        source(form, keys.by).unwrap_or_else(|| (Source::Of(Box::new(ty.clone())), Vec::new()));
    notes.extend(by);
    Some(DescribedField { name, source, notes })
}

/// The shape of a part whose form is declared, or which is written by code, and its notes: a form does not
/// tell what the numbers in it mean, so the note keeps the code that writes them.
fn source(form: Option<DeclaredForm>, by: Vec<(&'static str, String)>) -> Option<(Source, Vec<Note>)> {
    match form {
        Some(form) => Some((form.into(), by.into_iter().map(|(verb, path)| Note::By(verb, path)).collect())),
        None if by.is_empty() => None,
        None => {
            let paths: Vec<String> = by.into_iter().map(|(_, path)| path).collect();
            Some((Source::Custom(paths.join(", ")), Vec::new()))
        }
    }
}

/// The wire name of a field or a variant, and its notes.
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
    // With its `r#`, as it would be written in code.
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
