//! A part that nobody describes.

use crate::shape::{Cause, OpaquePart, without_paths};

/// What to write, for a part of the type `within`.
pub(in crate::lock) fn no_shape(part: &OpaquePart, within: &str) -> String {
    let form = "`#[shape(\"…\")]`, with a form such as `string:date-time`, `i64` or `list<string>`";
    let as_type = "`#[shape(as = …)]`, with a type that is written the same and has a shape";
    let Cause::Type(path) = &part.cause else {
        return format!("Say on the field how it is written: {form}.");
    };
    let (mut own, mut foreign) = (Vec::new(), Vec::new());
    lacking(path, crate_of(within), &mut own, &mut foreign);
    let foreign: Vec<String> = foreign
        .iter()
        .map(|path| format!("`{}` belongs to the crate `{}`", without_paths(path), crate_of(path)))
        .collect();
    let own: Vec<String> = own.iter().map(|name| format!("`{name}`")).collect();
    match (&own[..], &foreign[..]) {
        ([], []) => format!("Say on the field how it is written: {form}."),
        ([], foreign) => {
            format!("{}, so say on the field how it is written: {as_type}, or {form}.", foreign.join(" and "))
        }
        ([name], []) => {
            format!("Derive `es_core::Shape` for {name}, or say on the field how it is written: {form}.")
        }
        (names, []) => format!(
            "Derive `es_core::Shape` for each of {} that lacks it, or say on the field how it is written: {form}.",
            names.join(", ")
        ),
        (names, foreign) => format!(
            "Derive `es_core::Shape` for {} where it is not derived yet. If it is, a parameter lacks a shape: {}, so say on \
             the field how it is written: {as_type}, or {form}.",
            names.join(" and "),
            foreign.join(" and "),
        ),
    }
}

/// Crates whose types have shapes where they can have one.
const DESCRIBED: &[&str] =
    &["alloc", "chrono", "core", "es_core", "rust_decimal", "serde_json", "std", "time", "uuid"];

/// The types that can lack a shape: those of the crate itself without their arguments, those of others with them.
fn lacking(path: &str, own_crate: &str, own: &mut Vec<String>, foreign: &mut Vec<String>) {
    let (head, arguments) = parts(path);
    let of = crate_of(head);
    let is_named = head.contains("::");
    if is_named && of == own_crate {
        let name = without_paths(head);
        if !own.contains(&name) {
            own.push(name);
        }
    } else if is_named && !DESCRIBED.contains(&of) {
        // A derive on what it holds would not help.
        return foreign.push(path.to_owned());
    }
    for argument in arguments {
        lacking(argument, own_crate, own, foreign);
    }
}

/// A path, and the types between its brackets.
fn parts(path: &str) -> (&str, Vec<&str>) {
    let path = path.trim_start_matches('&').trim_start_matches("mut ");
    let Some(open) = path.find(['<', '(', '[']) else { return (path, Vec::new()) };
    let inner = path[open + 1..].strip_suffix(['>', ')', ']']).unwrap_or_default();
    let (mut arguments, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, letter) in inner.char_indices() {
        match letter {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' | ';' if depth == 0 => {
                arguments.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments.push(inner[start..].trim());
    (&path[..open], arguments)
}

fn crate_of(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}
