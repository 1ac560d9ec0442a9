//! The text that the fingerprint of a state is made of: what serde sees of the struct, and nothing else.

use std::fmt::Write as _;

use syn::{Attribute, Data, DeriveInput, Fields};

use crate::text::written;

/// Name, fields with their types, variants and serde's attributes, one a line. Comments, other attributes and layout stay
/// outside, so that a snapshot survives them.
pub(super) fn shape(name: &str, rev: u64, input: &DeriveInput) -> String {
    let mut text = format!("{name}\nrev {rev}\n");
    serde(&input.attrs, &mut text);
    match &input.data {
        Data::Struct(data) => fields(&data.fields, &mut text),
        Data::Enum(data) => {
            for variant in &data.variants {
                line(&mut text, format_args!("variant {}", variant.ident));
                serde(&variant.attrs, &mut text);
                fields(&variant.fields, &mut text);
            }
        }
        Data::Union(data) => fields(&Fields::Named(data.fields.clone()), &mut text),
    }
    text
}

fn fields(fields: &Fields, text: &mut String) {
    for (index, field) in fields.iter().enumerate() {
        let ty = written(&field.ty);
        match &field.ident {
            Some(ident) => line(text, format_args!("field {ident}: {ty}")),
            None => line(text, format_args!("field {index}: {ty}")),
        }
        serde(&field.attrs, text);
    }
}

fn serde(attributes: &[Attribute], text: &mut String) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        line(text, format_args!("{}", written(&attribute.meta)));
    }
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{words}");
}
