//! Serde's attributes.

use std::fmt::Write as _;

use crate::types::{Body, Container, Default, Field, Repr, TypeDef, Variant};

fn serde(keys: &[String], out: &mut String) {
    if !keys.is_empty() {
        let _ = writeln!(out, "        #[serde({})]", keys.join(", "));
    }
}

pub(super) fn of_type(of: &TypeDef, out: &mut String) {
    if let Some(name) = &of.shape {
        let _ = writeln!(out, "#[shape(name = {name:?})]");
    }
    if let Body::Converted(shifted) = &of.body {
        let inner = if shifted.as_text { "String" } else { "i64" };
        serde(&[format!("from = {inner:?}"), format!("into = {inner:?}")], out);
    }
    of_container(&of.serde, out);
}

pub(super) fn of_container(container: &Container, out: &mut String) {
    let mut keys = Vec::new();
    match &container.repr {
        Repr::External => {}
        Repr::Internal(tag) => keys.push(format!("tag = {tag:?}")),
        Repr::Adjacent(tag, content) => keys.push(format!("tag = {tag:?}, content = {content:?}")),
        Repr::Untagged => keys.push("untagged".into()),
    }
    keys.extend(container.rename_all.name().map(|rule| format!("rename_all = {rule:?}")));
    for (is, key) in [
        (container.deny_unknown, "deny_unknown_fields"),
        (container.default, "default"),
        (container.transparent, "transparent"),
    ] {
        keys.extend(is.then(|| key.into()));
    }
    serde(&keys, out);
}

pub(super) fn of_variant(variant: &Variant, out: &mut String) {
    let mut keys: Vec<String> = variant.rename.iter().map(|name| format!("rename = {name:?}")).collect();
    keys.extend(variant.aliases.iter().map(|name| format!("alias = {name:?}")));
    keys.extend(variant.is_other.then(|| "other".into()));
    keys.extend(variant.untagged.then(|| "untagged".into()));
    serde(&keys, out);
    if variant.is_default {
        out.push_str("        #[default]\n");
    }
}

pub(super) fn of_field(field: &Field, named: bool, out: &mut String) {
    let mut keys: Vec<String> = field.rename.iter().map(|name| format!("rename = {name:?}")).collect();
    keys.extend(field.aliases.iter().map(|name| format!("alias = {name:?}")));
    match &field.default {
        Default::None => {}
        Default::OfType => keys.push("default".into()),
        Default::Path(path, _) => keys.push(format!("default = {path:?}")),
    }
    if field.omitted {
        let path = match field.ty {
            crate::types::Ty::Option(_) => "Option::is_none",
            crate::types::Ty::Map(..) => "BTreeMap::is_empty",
            _ => "Vec::is_empty",
        };
        keys.push(format!("skip_serializing_if = {path:?}"));
    }
    keys.extend(field.flatten.then(|| "flatten".into()));
    if let Some(with) = &field.with {
        keys.push(format!("with = {:?}", with.module));
        let form = if with.shifted.as_text { "string" } else { "i64" };
        let _ = writeln!(out, "        #[shape({form:?})]");
    }
    if named || !keys.is_empty() {
        serde(&keys, out);
    }
}
