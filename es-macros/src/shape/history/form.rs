//! The forms that the type had: how each is written, and how all of them are read.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;
use syn::{Attribute, Data, DeriveInput, Fields, Generics, Ident};

use super::super::describe::describe;
use super::super::described::{Content, DescribedField, DescribedVariant, Form};
use super::super::serde;
use super::{Part, TypeHistory, earlier_names};
use crate::errors::Errors;
use crate::history::{Field, FieldChange, default};
use crate::paths::CratePath;

/// One change, by the names that the parts had at that time, so that later changes do not affect it.
pub(in crate::shape) struct Step {
    pub(in crate::shape) version: u32,
    /// The variant that changed, by its first name.
    pub(in crate::shape) variant: Option<String>,
    pub(in crate::shape) what: FormChange,
}

pub(in crate::shape) enum FormChange {
    /// With a function that writes its default as JSON.
    Added(DescribedField, TokenStream),
    AddedVariant(DescribedVariant),
    Renamed(String, String),
    Removed(String),
}

/// The name of the function that creates an added field.
pub(super) fn default_name(part: &Part, field: &Field) -> Ident {
    let upper = |ident: &Ident| ident.unraw().to_string().to_uppercase();
    match &part.variant {
        Some(variant) => format_ident!("__ES_ADDED_{}__{}", upper(&variant.ident), upper(&field.ident)),
        None => format_ident!("__ES_ADDED_{}", upper(&field.ident)),
    }
}

/// The field that receives the value of a removed field when it is read.
pub(super) fn gone_name(at: usize) -> Ident {
    format_ident!("__es_removed_{at}")
}

impl TypeHistory {
    /// The type as it was in a version.
    pub(in crate::shape) fn in_version(&self, version: u32) -> DeriveInput {
        self.rebuilt(
            |part| part.variant.as_ref().is_none_or(|variant| variant.since() <= version),
            |part| {
                let fields = part.fields.iter().filter(|field| field.is_in(version));
                fields.map(|field| (field.clone(), field.attributes_in(version))).collect()
            },
            |variant| match variant.name(version) {
                earlier if earlier != variant.name(u32::MAX) => {
                    crate::history::attributes::named(&variant.attributes, &earlier)
                }
                _ => variant.attributes.clone(),
            },
        )
    }

    /// The type as it is read: in every form that it had.
    pub(in crate::shape) fn reading(&self) -> DeriveInput {
        let takes_gone = serde::of_type(&self.input.attrs).no_unknown_fields;
        self.rebuilt(
            |_| true,
            |part| {
                let current = part.current().map(|field| {
                    let mut attributes = field.attributes.clone();
                    if field.added().is_some() {
                        let path = default_name(part, field).to_string();
                        attributes.push(syn::parse_quote!(#[serde(default = #path)]));
                    }
                    attributes.extend(earlier_names(field).map(alias));
                    (field.clone(), attributes)
                });
                let gone = part.gone().enumerate().filter(|_| takes_gone).map(|(at, field)| {
                    let name = field.name(u32::MAX, part.rule);
                    let mut attributes: Vec<Attribute> = vec![
                        syn::parse_quote!(#[serde(default, rename = #name, skip_serializing)]),
                        // Its value is ignored.
                        syn::parse_quote!(#[shape("any")]),
                    ];
                    attributes.extend(earlier_names(field).filter(|earlier| *earlier != name).map(alias));
                    let ident = gone_name(at);
                    let ty = syn::parse_quote!(__EsPassedOver);
                    (Field { ident, ty, ..field.clone() }, attributes)
                });
                current.chain(gone).collect()
            },
            |variant| {
                let mut attributes = variant.attributes.clone();
                attributes.extend(variant.earlier_names().map(alias));
                attributes
            },
        )
    }

    /// The type with other fields and attributes.
    fn rebuilt(
        &self,
        has_part: impl Fn(&Part) -> bool,
        fields: impl Fn(&Part) -> Vec<(Field, Vec<Attribute>)>,
        of_variant: impl Fn(&super::Variant) -> Vec<Attribute>,
    ) -> DeriveInput {
        let mut input = self.input.clone();
        let mut parts = self.parts.iter();
        let refill = |of: &mut Fields, part: &Part| {
            // Only fields with names have a history.
            if let Fields::Named(named) = of {
                named.named = fields(part)
                    .into_iter()
                    .filter_map(|(Field { ident, ty, .. }, attributes)| {
                        syn::Field::parse_named.parse2(quote!(#(#attributes)* #ident: #ty)).ok()
                    })
                    .collect();
            }
        };
        match &mut input.data {
            Data::Struct(data) => parts.by_ref().for_each(|part| refill(&mut data.fields, part)),
            Data::Enum(data) => {
                let variants = std::mem::take(&mut data.variants);
                for (mut variant, part) in variants.into_iter().zip(parts) {
                    if !has_part(part) {
                        continue;
                    }
                    if let Some(of) = &part.variant {
                        variant.attrs = of_variant(of);
                    }
                    refill(&mut variant.fields, part);
                    data.variants.push(variant);
                }
            }
            Data::Union(_) => {}
        }
        input
    }
}

fn alias(name: impl AsRef<str>) -> Attribute {
    let name = name.as_ref();
    syn::parse_quote!(#[serde(alias = #name)])
}

/// All changes, in the order of their versions.
pub(in crate::shape) fn steps(history: &TypeHistory, es_core: &CratePath) -> Vec<Step> {
    let mut steps = Vec::new();
    for (at, part) in history.parts.iter().enumerate() {
        let variant = part.variant.as_ref().map(|variant| variant.name(1));
        if let Some(of) = &part.variant {
            for change in &of.changes {
                let version = change.since.version;
                let what = match &change.what {
                    FieldChange::Added(_) => {
                        described_variant(history, at, version).map(FormChange::AddedVariant)
                    }
                    FieldChange::Renamed(from) => Some(FormChange::Renamed(from.value(), of.name(version))),
                };
                steps.extend(what.map(|what| Step { version, variant: None, what }));
            }
        }
        for field in &part.fields {
            for change in &field.changes {
                let version = change.since.version;
                let what = match &change.what {
                    FieldChange::Added(_) => {
                        described_field(history, part, field, version).map(|described| {
                            let name = default_name(part, field);
                            FormChange::Added(
                                described,
                                default::as_json(&name, field, &history.input.attrs, es_core),
                            )
                        })
                    }
                    FieldChange::Renamed(from) => {
                        Some(FormChange::Renamed(from.value(), field.name(version, part.rule)))
                    }
                };
                steps.extend(what.map(|what| Step { version, variant: variant.clone(), what }));
            }
            if let Some(removed) = &field.removed {
                let what = FormChange::Removed(field.name(u32::MAX, part.rule));
                steps.push(Step { version: removed.version, variant: variant.clone(), what });
            }
        }
    }
    steps.sort_by_key(|step| step.version);
    steps
}

/// A field as it was when it was added.
fn described_field(
    history: &TypeHistory,
    part: &Part,
    field: &Field,
    version: u32,
) -> Option<DescribedField> {
    let name = field.name(version, part.rule);
    let (attributes, ident, ty) = (field.attributes_in(version), &field.ident, &field.ty);
    let alone: DeriveInput =
        syn::parse_quote!(struct __EsAlone { #(#attributes)* #[serde(rename = #name)] #ident: #ty });
    let alone = DeriveInput { generics: history.input.generics.clone(), ..alone };
    match described(&alone) {
        Form::Content(Content::Struct(mut fields)) => fields.pop(),
        _ => None,
    }
}

/// A variant as it was when it was added.
fn described_variant(history: &TypeHistory, at: usize, version: u32) -> Option<DescribedVariant> {
    let before = |part: &&Part| part.variant.as_ref().is_some_and(|variant| variant.since() <= version);
    let at = history.parts[..at].iter().filter(before).count();
    let mut input = history.in_version(version);
    if let Data::Enum(data) = &mut input.data {
        data.variants = std::mem::take(&mut data.variants).into_iter().skip(at).take(1).collect();
    }
    match described(&input) {
        Form::Enum(mut variants) => variants.pop(),
        Form::Content(_) => None,
    }
}

fn described(input: &DeriveInput) -> Form {
    // Mistakes are reported where the current type is described.
    let mut unreported = Errors::new();
    let form = describe(input, &mut unreported).form;
    unreported.finish();
    form
}

/// The names of a type's parameters.
pub(super) fn parameters(generics: &Generics) -> Vec<String> {
    let names = generics.params.iter().map(|parameter| match parameter {
        syn::GenericParam::Type(of) => of.ident.to_string(),
        syn::GenericParam::Const(of) => of.ident.to_string(),
        syn::GenericParam::Lifetime(of) => of.lifetime.ident.to_string(),
    });
    names.collect()
}

/// Replaces `Self` by the type itself.
pub(super) fn without_self(tokens: TokenStream, this: &TokenStream) -> TokenStream {
    let replaced = tokens.into_iter().map(|token| match token {
        proc_macro2::TokenTree::Ident(ident) if ident == "Self" => this.clone(),
        proc_macro2::TokenTree::Group(group) => {
            let mut same = proc_macro2::Group::new(group.delimiter(), without_self(group.stream(), this));
            same.set_span(group.span());
            proc_macro2::TokenTree::Group(same).into()
        }
        other => other.into(),
    });
    replaced.collect()
}
