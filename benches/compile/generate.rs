//! Generates the crates that are compiled.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// The number of aggregates in a crate, and of events in each.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) aggregates: usize,
    pub(crate) events: usize,
}

impl Size {
    pub(crate) const ALL: [Self; 2] =
        [Self { aggregates: 10, events: 10 }, Self { aggregates: 1, events: 300 }];
}

/// The common prefix of all names, so that comparing them is as expensive as it can be.
const PREFIX: &str = "company.department.consumer-lending.applications";

/// Fields like those of real events.
const FIELDS: [&str; 10] = [
    "customer: String",
    "cents: i64",
    "currency: Option<String>",
    "reasons: Vec<String>",
    "confirmed: bool",
    "clerk: u32",
    "channel: Channel",
    "rate: f64",
    "note: Option<String>",
    "term: u16",
];

/// The kind of a generated crate.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// The structs with serde's derives.
    Serde,
    /// The same structs as events and aggregates.
    EsCore,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Serde, Self::EsCore];

    /// The name of the crate.
    pub(crate) fn name(self, size: Size) -> String {
        let kind = match self {
            Self::Serde => "serde-alone",
            Self::EsCore => "with-es-core",
        };
        format!("{kind}-{}x{}", size.aggregates, size.events)
    }
}

/// Writes a crate into `folder`. Both kinds have the same dependencies, including es-core at `root`.
pub(crate) fn write(folder: &Path, kind: Kind, size: Size, root: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         es-core = {{ path = {:?} }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n",
        kind.name(size),
        root.join("es-core"),
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let mut source = String::from("#![allow(missing_docs)]\n");
    for aggregate in 0..size.aggregates {
        source.push_str(&module(kind, aggregate, size.events));
    }
    fs::write(folder.join("src/lib.rs"), source)
}

fn module(kind: Kind, aggregate: usize, events: usize) -> String {
    let mut text = format!("pub mod m{aggregate} {{\nuse serde::{{Deserialize, Serialize}};\n");
    text.push_str("#[derive(Serialize, Deserialize)]\n");
    text.push_str("pub enum Channel { Web, Branch, Phone }\n");
    for event in 0..events {
        match kind {
            Kind::Serde => text.push_str("#[derive(Serialize, Deserialize)]\n"),
            Kind::EsCore => {
                line(
                    &mut text,
                    format_args!("#[es_core::event(name = \"{PREFIX}.m{aggregate}.event{event}\")]"),
                );
            }
        }
        line(&mut text, format_args!("pub struct Event{event} {{ {} }}", fields(event)));
    }
    match kind {
        Kind::Serde => text.push_str("#[derive(Default, Serialize, Deserialize)]\n"),
        Kind::EsCore => {
            let list: Vec<String> = (0..events).map(|event| format!("Event{event}")).collect();
            text.push_str("#[derive(Default, Serialize, Deserialize, es_core::Aggregate)]\n");
            line(
                &mut text,
                format_args!(
                    "#[aggregate(name = \"m{aggregate}\", events({}), snapshot(every = 100))]",
                    list.join(", ")
                ),
            );
        }
    }
    text.push_str("pub struct State { pub count: u64, pub customer: String, pub open: bool }\n");
    if let Kind::EsCore = kind {
        for event in 0..events {
            line(
                &mut text,
                format_args!(
                    "impl es_core::Apply<Event{event}> for State {{ fn apply(&mut self, _: Event{event}) {{ self.count += 1; }} }}"
                ),
            );
        }
    }
    text.push_str("}\n");
    text
}

/// Four fields, different ones for each event.
fn fields(event: usize) -> String {
    let fields: Vec<String> =
        (0..4).map(|at| format!("pub {}", FIELDS[(event + 3 * at) % FIELDS.len()])).collect();
    fields.join(", ")
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{words}");
}
