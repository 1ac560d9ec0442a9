//! A program as Rust source: one module with its types, events and aggregate.

mod aggregate;
mod attributes;
mod values;

use std::fmt::Write as _;

use crate::types::{
    Argument, Body, Default, Event, Field, Fields, Parameter, Past, Program, Shifted, Step, Ty, TypeDef,
};
use crate::valid::all_fields;

/// The module. It ends in a constant `SIDE`.
pub(crate) fn module(program: &Program) -> String {
    let mut out = String::from(
        "use es_core::model::Retired;\n\
         use es_core::shape::Shape;\n\
         use es_core::{event, Aggregate, Apply, Event, Events, UpcastContext, UpcastFrom, emit};\n\
         use es_tests::generated::{Make, Mean, Random, Side, Writer};\n\
         use serde::{Deserialize, Serialize};\n\
         use std::collections::{BTreeMap, BTreeSet, VecDeque};\n\n",
    );
    functions(program, &mut out);
    for of in &program.types {
        type_def(program, of, &mut out);
        values::of_type(program, of, &mut out);
    }
    for event in &program.events {
        self::event(program, event, &mut out);
    }
    aggregate::aggregate(program, &mut out);
    out
}

/// The name of a type in Rust.
pub(crate) fn rust(program: &Program, ty: &Ty) -> String {
    let of = |ty: &Ty| rust(program, ty);
    match ty {
        Ty::Bool => "bool".into(),
        Ty::Int(name) => (*name).into(),
        Ty::Float => "f64".into(),
        Ty::Char => "char".into(),
        Ty::Text => "String".into(),
        Ty::Option(inner) => format!("Option<{}>", of(inner)),
        Ty::List(inner) => format!("Vec<{}>", of(inner)),
        Ty::Deque(inner) => format!("VecDeque<{}>", of(inner)),
        Ty::Set(inner) => format!("BTreeSet<{}>", of(inner)),
        Ty::Map(key, value) => format!("BTreeMap<{}, {}>", of(key), of(value)),
        Ty::Pair(one, two) => format!("({}, {})", of(one), of(two)),
        Ty::Array(inner, len) => format!("[{}; {len}]", of(inner)),
        Ty::Boxed(inner) => format!("Box<{}>", of(inner)),
        Ty::T => "T".into(),
        Ty::Named(id, argument) => {
            let name = program.of(*id).map_or("Missing", |of| &of.rust);
            match argument {
                Argument::None => name.into(),
                Argument::Type(inner) => format!("{name}<{}>", of(inner)),
                Argument::Const(number) => format!("{name}<{number}>"),
            }
        }
    }
}

fn functions(program: &Program, out: &mut String) {
    let mut known = Vec::new();
    for field in all_fields(program) {
        if let Default::Path(path, seed) = &field.default
            && !known.contains(path)
        {
            known.push(path.clone());
            let ty = rust(program, &field.ty);
            let _ = writeln!(out, "fn {path}() -> {ty} {{ Random::fixed({seed}) }}");
        }
        if let Some(with) = &field.with
            && !known.contains(&with.module)
        {
            known.push(with.module.clone());
            let Shifted { as_text, written, read } = with.shifted;
            let wire = if as_text { "String" } else { "i64" };
            let to = if as_text { ".to_string()" } else { "" };
            let from = if as_text { ".parse::<i64>().unwrap_or(0)" } else { "" };
            let _ = writeln!(
                out,
                "mod {} {{\n    use serde::{{Deserialize as _, Serialize as _}};\n    \
                 pub fn serialize<S: serde::Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {{\n        \
                 value.wrapping_add({written}){to}.serialize(serializer)\n    }}\n    \
                 pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {{\n        \
                 Ok({wire}::deserialize(deserializer)?{from}.wrapping_sub({read}))\n    }}\n}}",
                with.module
            );
        }
    }
}

/// `<T>`, or `<const N: u32>`, with these bounds on `T`.
fn generics(of: &TypeDef, bounds: &str) -> String {
    match of.parameter {
        Parameter::None => String::new(),
        Parameter::Type if bounds.is_empty() => "<T>".into(),
        Parameter::Type => format!("<T: {bounds}>"),
        Parameter::Const => "<const N: u32>".into(),
    }
}

fn arguments(of: &TypeDef) -> &'static str {
    match of.parameter {
        Parameter::None => "",
        Parameter::Type => "<T>",
        Parameter::Const => "<N>",
    }
}

fn type_def(program: &Program, of: &TypeDef, out: &mut String) {
    out.push_str("#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Shape");
    let derives_default = match &of.body {
        Body::Enum(variants) => variants.iter().any(|variant| variant.is_default),
        _ => false,
    };
    if derives_default {
        out.push_str(", Default");
    }
    out.push_str(")]\n");
    attributes::of_type(of, out);
    let name = format!("{}{}", of.rust, generics(of, ""));
    match &of.body {
        Body::Struct(fields) => {
            let _ = write!(out, "pub struct {name}");
            self::fields(program, fields, "pub ", out);
            out.push_str(if matches!(fields, Fields::Named(_)) { "\n" } else { ";\n" });
        }
        Body::Converted(_) => {
            let _ = writeln!(out, "pub struct {name}(pub i64);");
        }
        Body::Enum(variants) => {
            let _ = writeln!(out, "pub enum {name} {{");
            for variant in variants {
                attributes::of_variant(variant, out);
                let _ = write!(out, "    {}", variant.rust);
                fields(program, &variant.fields, "", out);
                out.push_str(",\n");
            }
            out.push_str("}\n");
        }
    }
    if !derives_default {
        let (generics, arguments) = (generics(of, "Make"), arguments(of));
        let _ = writeln!(
            out,
            "impl{generics} Default for {}{arguments} {{ fn default() -> Self {{ Random::fixed({}) }} }}",
            of.rust, of.default
        );
    }
}

fn fields(program: &Program, fields: &Fields, public: &str, out: &mut String) {
    match fields {
        Fields::Unit => {}
        Fields::Tuple(parts) => {
            out.push('(');
            for part in parts {
                attributes::of_field(part, false, out);
                let _ = write!(out, "{public}{}, ", rust(program, &part.ty));
            }
            out.push(')');
        }
        Fields::Named(fields) => {
            out.push_str(" {\n");
            for field in fields {
                named(program, field, public, out);
            }
            out.push_str("    }");
        }
    }
}

fn named(program: &Program, field: &Field, public: &str, out: &mut String) {
    attributes::of_field(field, true, out);
    let _ = writeln!(out, "        {public}{}: {},", field.rust, rust(program, &field.ty));
}

fn event(program: &Program, event: &Event, out: &mut String) {
    let (version, previous) = match &event.past {
        Past::None | Past::Retired(_) => (1, String::new()),
        Past::History(_) => (2, String::new()),
        Past::Step { .. } => (2, format!(", previous = {}V1", event.rust)),
    };
    let semantics =
        event.semantics.as_ref().map(|text| format!(", semantics = {text:?}")).unwrap_or_default();
    let steps: &[Step] = if let Past::History(steps) = &event.past { steps } else { &[] };
    let removed: Vec<String> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Removed(name, ty) => Some(format!(", removed(in = 2, {name}: {})", rust(program, ty))),
            _ => None,
        })
        .collect();
    let _ = writeln!(
        out,
        "#[event(name = {:?}, version = {version}{previous}{semantics}{})]",
        event.wire,
        removed.concat()
    );
    out.push_str("#[derive(Debug, Clone, PartialEq)]\n");
    attributes::of_container(&event.serde, out);
    let _ = writeln!(out, "pub struct {} {{", event.rust);
    for field in &event.fields {
        for step in steps {
            let key = match step {
                Step::Added(id, seed) if *id == field.id => {
                    format!("added(in = 2, default = Random::fixed({seed}))")
                }
                Step::Renamed(id, from) if *id == field.id => format!("renamed(in = 2, from = {from:?})"),
                _ => continue,
            };
            let _ = writeln!(out, "        #[event({key})]");
        }
        named(program, field, "pub ", out);
    }
    out.push_str("}\n");
    let _ = writeln!(
        out,
        "impl Default for {} {{ fn default() -> Self {{ Random::fixed({}) }} }}",
        event.rust, event.default
    );
    values::of_struct(program, &event.rust, event.id, &event.fields, out);
    if let Past::Step { old, made } = &event.past {
        let before = format!("{}V1", event.rust);
        let _ = writeln!(
            out,
            "#[event(name = {:?}, version = 1)]\n#[derive(Debug, Clone, PartialEq)]",
            event.wire
        );
        let _ = writeln!(out, "pub struct {before} {{");
        for field in old {
            named(program, field, "pub ", out);
        }
        out.push_str("}\n");
        values::of_struct(program, &before, event.id + 100_000, old, out);
        aggregate::step(event, &before, old, made, out);
    }
}
