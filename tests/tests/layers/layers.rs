//! The layers of a crate, as drawn in `ARCHITECTURE.md`, and imports from a higher layer.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use crate::arrows::Arrows;

/// The layer of each folder, and of each file outside of folders.
pub(crate) type Layers = BTreeMap<String, u32>;

/// The drawing after this line.
pub(crate) fn drawn(first: &str) -> Layers {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ARCHITECTURE.md");
    let page = fs::read_to_string(page).expect("the page is read");
    let (_, drawing) = page.split_once(&format!("{first}\n\n```text\n")).expect("the drawing");
    let (drawing, _) = drawing.split_once("```").expect("its end");
    read(drawing)
}

/// Each line has the number of a layer, its folders and files, and then their description.
pub(crate) fn read(drawing: &str) -> Layers {
    let mut layers = Layers::new();
    for line in drawing.lines() {
        let mut words = line.split_whitespace();
        let Some(Ok(layer)) = words.next().map(str::parse) else { panic!("no layer: {line}") };
        let entries = words.take_while(|word| word.ends_with('/') || word.ends_with(".rs"));
        layers.extend(entries.map(|entry| (entry.trim_end_matches('/').to_owned(), layer)));
    }
    layers
}

/// The files that import from a higher layer than their own, and those that are in no layer. The root, and
/// the names in `beside`, may import everything.
pub(crate) fn faults(arrows: &Arrows, layers: &Layers, beside: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for (from, taken) in arrows {
        for (to, names) in taken {
            let (of, by) = (entry(from), entry(to));
            if [of, by].iter().any(|entry| beside.contains(entry)) || of == by {
                continue;
            }
            match (layers.get(of), layers.get(by)) {
                (Some(of), Some(by)) if of >= by => {}
                (Some(of), Some(by)) => {
                    let names: Vec<_> = names.iter().map(String::as_str).collect();
                    faults.push(format!(
                        "{from}, in layer {of}, imports from {to}, in layer {by}: {}",
                        names.join(", ")
                    ));
                }
                (of_layer, _) => {
                    let entry = if of_layer.is_none() { of } else { by };
                    faults.push(format!("{entry} is in no layer"));
                }
            }
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

fn entry(file: &str) -> &str {
    file.split_once('/').map_or(file, |(entry, _)| entry)
}
