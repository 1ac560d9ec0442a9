//! How values of generated types are created, and their meaning.

use std::fmt::Write as _;

use super::{arguments, generics};
use crate::types::{Body, Field, Fields, Id, Parameter, Program, TypeDef};

/// `Make` and `Mean` of a type, and the conversions of one that is written as another.
pub(super) fn of_type(_: &Program, of: &TypeDef, out: &mut String) {
    let (name, arguments) = (&of.rust, arguments(of));
    let (make, mean) = match &of.body {
        Body::Struct(fields) => {
            (construct("Self", fields), format!("let {} = self; {}", pattern("Self", fields), told(fields)))
        }
        Body::Converted(shifted) => {
            conversions(of, shifted.as_text, shifted.written, shifted.read, out);
            ("Self(random.part())".into(), "self.0.mean(out);".into())
        }
        Body::Enum(variants) => {
            // By number, so that a changed order does not create other values.
            let mut sorted: Vec<_> = variants.iter().collect();
            sorted.sort_by_key(|variant| variant.id);
            let (mut make, mut mean) = (String::new(), String::new());
            for (at, variant) in sorted.iter().enumerate() {
                let path = format!("Self::{}", variant.rust);
                let place = if at + 1 == sorted.len() { "_".into() } else { at.to_string() };
                let _ = write!(make, "{place} => {}, ", construct(&path, &variant.fields));
                let _ = write!(
                    mean,
                    "{} => {{ out.push_str(\".{}\"); {} }} ",
                    pattern(&path, &variant.fields),
                    variant.id,
                    told(&variant.fields)
                );
            }
            (format!("match random.below({}) {{ {make} }}", sorted.len()), format!("match self {{ {mean} }}"))
        }
    };
    let constant = if of.parameter == Parameter::Const { "out.push_str(&format!(\"<{N}>\"));" } else { "" };
    let _ = writeln!(
        out,
        "impl{} Make for {name}{arguments} {{\n    fn make(random: &mut Random) -> Self {{ let _ = &random; {make} }}\n}}\n\
         impl{} Mean for {name}{arguments} {{\n    fn mean(&self, out: &mut String) {{ out.push_str(\"#{}\"); {constant} {mean} }}\n}}\n",
        generics(of, "Make"),
        generics(of, "Mean"),
        of.id,
    );
}

/// The same for an event.
pub(super) fn of_struct(_: &Program, name: &str, id: Id, fields: &[Field], out: &mut String) {
    let fields = Fields::Named(fields.to_vec());
    let _ = writeln!(
        out,
        "impl Make for {name} {{\n    fn make(random: &mut Random) -> Self {{ let _ = &random; {} }}\n}}\n\
         impl Mean for {name} {{\n    fn mean(&self, out: &mut String) {{ out.push_str(\"#{id}\"); let {} = self; {} }}\n}}\n",
        construct("Self", &fields),
        pattern("Self", &fields),
        told(&fields),
    );
}

fn conversions(of: &TypeDef, as_text: bool, written: i64, read: i64, out: &mut String) {
    let (generics, arguments, name) = (generics(of, ""), arguments(of), &of.rust);
    let (wire, to) = if as_text { ("String", ".to_string()") } else { ("i64", "") };
    let _ = writeln!(
        out,
        "impl{generics} From<{name}{arguments}> for {wire} {{\n    \
         fn from(value: {name}{arguments}) -> Self {{ value.0.wrapping_add({written}){to} }}\n}}"
    );
    // Any text is read, as generated samples are not numbers.
    let from = if as_text { ".parse::<i64>().unwrap_or(0)" } else { "" };
    let _ = writeln!(
        out,
        "impl{generics} From<{wire}> for {name}{arguments} {{\n    \
         fn from(value: {wire}) -> Self {{ Self(value{from}.wrapping_sub({read})) }}\n}}"
    );
}

fn sorted(fields: &[Field]) -> Vec<(usize, &Field)> {
    let mut sorted: Vec<_> = fields.iter().enumerate().collect();
    sorted.sort_by_key(|(_, field)| field.id);
    sorted
}

/// Creates the fields in the order of their numbers, and assembles them in the order of the source.
fn construct(path: &str, fields: &Fields) -> String {
    let mut made = String::new();
    for (_, field) in sorted(fields.list()) {
        let _ = write!(made, "let part_{} = random.part(); ", field.id);
    }
    let put = match fields {
        Fields::Unit => path.to_owned(),
        Fields::Tuple(parts) => {
            let parts: Vec<String> = parts.iter().map(|field| format!("part_{}", field.id)).collect();
            format!("{path}({})", parts.join(", "))
        }
        Fields::Named(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|field| format!("{}: part_{}", field.rust, field.id)).collect();
            format!("{path} {{ {} }}", fields.join(", "))
        }
    };
    format!("{{ {made}{put} }}")
}

fn pattern(path: &str, fields: &Fields) -> String {
    match fields {
        Fields::Unit => path.to_owned(),
        Fields::Tuple(parts) => {
            let parts: Vec<String> = parts.iter().map(|field| format!("part_{}", field.id)).collect();
            format!("{path}({})", parts.join(", "))
        }
        Fields::Named(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|field| format!("{}: part_{}", field.rust, field.id)).collect();
            format!("{path} {{ {} }}", fields.join(", "))
        }
    }
}

fn told(fields: &Fields) -> String {
    let mut told = String::from("out.push('{'); ");
    for (_, field) in sorted(fields.list()) {
        let _ = write!(told, "out.push_str(\" {}=\"); part_{}.mean(out); ", field.id, field.id);
    }
    told + "out.push_str(\" }\");"
}
