//! The aggregate that reads the events, and the upcasts from older versions.

use std::fmt::Write as _;

use crate::types::{Aggregate, Event, Field, Id, Past, Program, Source};

pub(super) fn aggregate(program: &Program, out: &mut String) {
    let is_retired = |event: &&Event| matches!(event.past, Past::Retired(_));
    let names =
        |events: Vec<&Event>| events.iter().map(|event| event.rust.as_str()).collect::<Vec<_>>().join(", ");
    let written: Vec<&Event> = program.events.iter().filter(|event| !is_retired(event)).collect();
    let retired: Vec<&Event> = program.events.iter().filter(is_retired).collect();
    let list =
        if retired.is_empty() { String::new() } else { format!(", retired({})", names(retired.clone())) };
    let Aggregate { name, id, snapshots, adds } = &program.aggregate;
    let (derived, kept) = if *snapshots {
        (", Clone, Serialize, Deserialize, Shape", ", snapshot(every = 10)")
    } else {
        ("", "")
    };
    let _ = writeln!(
        out,
        "/// Keeps what it was told.\n#[derive(Aggregate, Debug, Default{derived})]\n\
         #[aggregate(name = {name:?}, id = {id}, events({}){list}{kept})]\npub struct Subject {{ told: Vec<String> }}\n\
         impl Mean for Subject {{ fn mean(&self, out: &mut String) {{ out.push_str(&self.told.join(\", then \")); }} }}",
        names(written.clone())
    );
    let adds = if *adds == 0 { String::new() } else { format!(" + \" and {adds}\"") };
    let mut writers = String::new();
    for event in &written {
        let name = &event.rust;
        let _ = writeln!(
            out,
            "impl Apply<{name}> for Subject {{ fn apply(&mut self, event: {name}) {{ self.told.push(event.meaning(){adds}); }} }}"
        );
        let _ = write!(writers, "Writer::of::<{name}>(), ");
        if matches!(event.past, Past::Step { .. }) {
            let _ = write!(writers, "Writer::old::<{name}V1>(), ");
        }
    }
    for event in retired {
        let (name, first) = (&event.rust, &program.events[0].rust);
        if let Past::Retired(seed) = event.past {
            let _ = writeln!(
                out,
                "impl Retired<{name}> for Subject {{\n    type Error = std::convert::Infallible;\n    \
                 fn retired(_: {name}, _: &UpcastContext<'_>) -> Result<Events<Self>, Self::Error> {{\n        \
                 emit(Random::fixed::<{first}>({seed}))\n    }}\n}}"
            );
        }
        let _ = write!(writers, "Writer::old::<{name}>(), ");
    }
    let _ = writeln!(out, "pub const SIDE: Side = Side::of::<Subject>(&[{writers}]);");
}

pub(super) fn step(event: &Event, before: &str, old: &[Field], made: &[(Id, Source)], out: &mut String) {
    let name_of = |id: Id| old.iter().find(|field| field.id == id).map_or("missing", |field| &field.rust);
    let fields: Vec<String> = event
        .fields
        .iter()
        .map(|field| {
            let source = made.iter().find(|(id, _)| *id == field.id).map(|(_, source)| source);
            let value = match source {
                Some(Source::Kept(id)) => format!("old.{}", name_of(*id)),
                Some(Source::Plus(id, by)) => format!("old.{}.wrapping_add({by})", name_of(*id)),
                Some(Source::Made(seed)) => format!("Random::fixed({seed})"),
                None => "missing".into(),
            };
            format!("{}: {value}", field.rust)
        })
        .collect();
    let _ = writeln!(
        out,
        "impl UpcastFrom<{before}> for {} {{\n    type Error = std::convert::Infallible;\n    \
         fn upcast_from(old: {before}, _: &UpcastContext<'_>) -> Result<Self, Self::Error> {{\n        \
         let _ = &old;\n        Ok(Self {{ {} }})\n    }}\n}}",
        event.rust,
        fields.join(", ")
    );
}
