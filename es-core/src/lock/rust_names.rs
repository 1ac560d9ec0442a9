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
    for part in parts {
        let place = format!("{place}.{}", part.key);
        lines.extend(part.rust.as_ref().map(|rust| Line::new(place.as_str(), rust.as_str())));
        rust_parts(&place, &part.below, lines);
    }
}
