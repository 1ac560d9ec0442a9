//! The Rust names of what is published, where they are not those on the wire.

use crate::shape::Line;

/// Begins the line of a Rust name: `rust payload.paid: cents`.
pub(super) const RUST: &str = "rust";

/// The Rust names of one version, where they are not those on the wire; the path of the struct first.
pub(super) fn rust_lines(path: &str, shape: &[Line]) -> Vec<Line> {
    let mut lines = vec![Line::new(RUST, path)];
    for line in shape {
        let name = line.key.trim_start_matches("type ");
        if line.key != "payload" {
            lines.extend(
                line.rust.as_ref().map(|rust| Line::new(format!("{RUST} type {name}"), rust.as_str())),
            );
        }
        rust_parts(&format!("{RUST} {name}"), &line.below, &mut lines);
    }
    lines[1..].sort_by(|left, right| left.key.cmp(&right.key));
    lines
}

fn rust_parts(place: &str, parts: &[Line], lines: &mut Vec<Line>) {
    // What is flattened has no name on the wire that could be given to another field.
    for part in parts.iter().filter(|part| !part.key.starts_with("..")) {
        let place = format!("{place}.{}", part.key);
        lines.extend(part.rust.as_ref().map(|rust| Line::new(place.as_str(), rust.as_str())));
        rust_parts(&place, &part.below, lines);
    }
}

/// The lines of a published shape with the Rust names that the lock keeps of them.
pub(super) fn with_rust_names(shape: &[Line], rust: &[Line]) -> Vec<Line> {
    let rust_name = |key: &str| Line::find(rust, key).map(|line| line.value.clone());
    let mut lines = shape.to_vec();
    for line in &mut lines {
        let name = line.key.trim_start_matches("type ").to_owned();
        if line.key != "payload" {
            line.rust = rust_name(&format!("{RUST} type {name}"));
        }
        name_parts(&format!("{RUST} {name}"), &mut line.below, &rust_name);
    }
    lines
}

fn name_parts(place: &str, parts: &mut [Line], rust_name: &dyn Fn(&str) -> Option<String>) {
    for part in parts {
        let place = format!("{place}.{}", part.key);
        part.rust = rust_name(&place);
        name_parts(&place, &mut part.below, rust_name);
    }
}
