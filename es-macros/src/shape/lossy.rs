//! Declarations that lose or confuse a value, as far as the macro sees them. `Schema::ambiguities` of es-core
//! finds the rest.

use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Data, DataEnum, DeriveInput, Fields, GenericArgument, Ident, Meta, Path, PathArguments, Token,
    Type,
};

use super::attr;
use super::case::Rule;
use super::marker::is_marker;
use super::serde::{self, Both, OfPart};
use crate::errors::Errors;
use crate::paths::last_ident;

/// A type of which every field is stored.
#[derive(Clone, Copy)]
pub(crate) enum Stored {
    Event,
    /// The state of an aggregate with snapshots.
    State,
}

/// Reports names that clash, and options of options.
pub(super) fn check(input: &DeriveInput, errors: &mut Errors) {
    let of_type = serde::of_type(&input.attrs);
    // For a type that is written as another one, none of this is on the wire.
    if of_type.into.is_some() || of_type.from.is_some() || attr::has_form(&input.attrs) {
        return;
    }
    match &input.data {
        Data::Struct(data) => fields(&data.fields, &of_type.rename_all, errors),
        Data::Enum(data) => {
            if !of_type.untagged {
                variants(data, &of_type.rename_all, errors);
            }
            for variant in &data.variants {
                let rules = serde::of_part(&variant.attrs).rename_all;
                fields(&variant.fields, rules.as_ref().unwrap_or(&of_type.rename_all_fields), errors);
            }
        }
        Data::Union(_) => {}
    }
}

/// Reports fields that are not stored, or not read.
pub(crate) fn skipped(input: &DeriveInput, stored: Stored, errors: &mut Errors) {
    let Data::Struct(data) = &input.data else { return };
    for field in &data.fields {
        // The message about the history of a field is more specific.
        let has_history = field.attrs.iter().any(|attribute| attribute.path().is_ident("event"));
        if has_history || is_marker(&field.ty) {
            continue;
        }
        for key in skips(&field.attrs) {
            let what = match key.get_ident().map(ToString::to_string).as_deref() {
                Some("skip") => "is never stored",
                Some("skip_serializing") => "is read and never stored",
                _ => "is stored and never read",
            };
            errors.spanned(
                &key,
                match stored {
                    Stored::Event => format!(
                        "this field {what}, so its value is lost when the event is read again; remove \
                         `{}`, or the field",
                        last_ident(&key).map(ToString::to_string).unwrap_or_default()
                    ),
                    Stored::State => format!(
                        "this field {what}, so a state from a snapshot has its default and not the value \
                         folded from the events; remove `{}`, or `snapshot` of the aggregate",
                        last_ident(&key).map(ToString::to_string).unwrap_or_default()
                    ),
                },
            );
        }
    }
}

/// The keys of serde that omit a field on one side or on both.
fn skips(attributes: &[Attribute]) -> Vec<Path> {
    let serde = attributes.iter().filter(|attribute| attribute.path().is_ident("serde"));
    serde
        .filter_map(|attribute| {
            attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()
        })
        .flatten()
        .map(|meta| meta.path().clone())
        .filter(|path| {
            ["skip", "skip_serializing", "skip_deserializing"].iter().any(|key| path.is_ident(key))
        })
        .collect()
}

/// A field or a variant with its names on the wire.
struct Names<'a> {
    ident: &'a Ident,
    written: Option<String>,
    read: Vec<String>,
}

impl<'a> Names<'a> {
    fn of(ident: &'a Ident, keys: OfPart, rules: &Both<Rule>, apply: fn(Rule, &str) -> String) -> Self {
        let name = ident.unraw().to_string();
        let written = keys.rename.written.unwrap_or_else(|| apply(rules.written, &name));
        let read = keys.rename.read.unwrap_or_else(|| apply(rules.read, &name));
        Self {
            ident,
            written: (!keys.skip_writing).then_some(written),
            read: if keys.skip_reading {
                Vec::new()
            } else {
                std::iter::once(read).chain(keys.aliases).collect()
            },
        }
    }

    /// A name under which one is read as the other.
    fn shared<'n>(&'n self, other: &'n Self) -> Option<&'n String> {
        if self.written.is_some() && self.written == other.written {
            return self.written.as_ref();
        }
        let written = self.written.iter().filter(|_| !self.read.is_empty());
        written.chain(&self.read).find(|name| other.read.contains(name))
    }
}

fn variants(data: &DataEnum, rules: &Both<Rule>, errors: &mut Errors) {
    let tagged = data.variants.iter().filter_map(|variant| {
        let keys = serde::of_part(&variant.attrs);
        (!keys.untagged).then(|| Names::of(&variant.ident, keys, rules, Rule::variant))
    });
    meeting("variant", &tagged.collect::<Vec<_>>(), errors);
}

fn fields(fields: &Fields, rules: &Both<Rule>, errors: &mut Errors) {
    for field in fields {
        let keys = serde::of_part(&field.attrs);
        if keys.by.is_empty() && !(keys.skip_writing && keys.skip_reading) && !attr::has_form(&field.attrs) {
            options(&field.ty, errors);
        }
    }
    if let Fields::Named(fields) = fields {
        let names = fields.named.iter().filter_map(|field| {
            let keys = serde::of_part(&field.attrs);
            let ident = field.ident.as_ref()?;
            (!keys.flatten).then(|| Names::of(ident, keys, rules, Rule::field))
        });
        meeting("field", &names.collect::<Vec<_>>(), errors);
    }
}

fn meeting(what: &str, all: &[Names<'_>], errors: &mut Errors) {
    for (at, names) in all.iter().enumerate() {
        let shared = all[..at]
            .iter()
            .find_map(|before| Some((before, names.shared(before).or_else(|| before.shared(names))?)));
        if let Some((before, name)) = shared {
            errors.spanned(
                names.ident,
                format!(
                    "`{name}` is a name of the {what} `{}` as well, and one would be read as the other; \
                     rename one of the two, or remove the `alias`",
                    before.ident
                ),
            );
        }
    }
}

/// Reports `Option<Option<T>>` and `Option<()>`, anywhere in the type.
fn options(ty: &Type, errors: &mut Errors) {
    match ty {
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return };
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return };
            for argument in &arguments.args {
                let GenericArgument::Type(inner) = argument else { continue };
                if last.ident == "Option" && (is_option(inner) || is_unit(inner)) {
                    errors.spanned(
                        ty,
                        "JSON has one `null`, so `Some` of `None` or of `()` would be read as `None`; write \
                         one `Option`, a `bool`, or an enum with a variant for each case",
                    );
                    return;
                }
                options(inner, errors);
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|part| options(part, errors)),
        Type::Array(array) => options(&array.elem, errors),
        _ => {}
    }
}

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(ty) if last_ident(&ty.path).is_some_and(|ident| ident == "Option"))
}

fn is_unit(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())
}
