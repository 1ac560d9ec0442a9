//! What the code says: the events of all aggregates of a lock.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::findings::Finding;
use crate::shape::{Cause, OpaquePart};
use crate::{Aggregate, Catalogue, EventShape};

/// One version of one event, which is what is published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Published {
    pub(super) name: String,
    pub(super) version: u32,
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` version {}", self.name, self.version)
    }
}

/// Reads a stored payload as one aggregate does: decodes, folds, and writes what came out.
type Replay = fn(&str, u32, &Value) -> Result<Vec<Written>, String>;

/// An event that was read, as it is written again.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) name: &'static str,
    pub(super) version: u32,
    pub(super) payload: Value,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) shape: EventShape,
    /// The newest version of this event, and its struct.
    pub(super) newest: (u32, &'static str),
    /// The aggregates that list the event.
    pub(super) readers: Vec<(&'static str, Replay)>,
}

#[derive(Debug, Default)]
pub(super) struct Code {
    pub(super) entries: BTreeMap<Published, Entry>,
    findings: Vec<Finding>,
}

impl Code {
    pub(super) fn add<A: Aggregate>(&mut self) {
        let catalogue = Catalogue::of::<A>();
        let mut newest = (0, "");
        let mut last = "";
        for shape in catalogue.events() {
            if shape.name() != last {
                (last, newest) = (shape.name(), (shape.version(), shape.struct_name()));
            }
            self.add_event(shape, newest, (A::NAME, replay::<A>));
        }
        for part in catalogue.state().map(crate::shape::Schema::opaque).unwrap_or_default() {
            self.findings.push(Finding::new(format!(
                "the state of aggregate `{}` is kept in snapshots, and a part of it has no shape: {part}\n\
                 A change of it would not be seen, and old snapshots be misread.\n{}",
                A::NAME,
                remedy(&part),
            )));
        }
    }

    fn add_event(&mut self, shape: &EventShape, newest: (u32, &'static str), reader: (&'static str, Replay)) {
        let published = Published { name: shape.name().to_owned(), version: shape.version() };
        match self.entries.get_mut(&published) {
            None => {
                for part in shape.schema().opaque() {
                    self.findings.push(Finding::new(format!(
                        "{published} (`{}`) has a part without a shape: {part}\n\
                         What nobody describes cannot be compared.\n{}",
                        shape.struct_name(),
                        remedy(&part),
                    )));
                }
                self.entries.insert(published, Entry { shape: shape.clone(), newest, readers: vec![reader] });
            }
            Some(entry) if entry.shape == *shape => entry.readers.push(reader),
            Some(entry) => self.findings.push(Finding::new(format!(
                "{published} are two structs: `{}` in aggregate `{}` and `{}` in aggregate `{}`\n\
                 Give one of the events another name, or list the same struct in both aggregates.",
                entry.shape.struct_name(),
                entry.readers.first().map_or("", |(aggregate, _)| aggregate),
                shape.struct_name(),
                reader.0,
            ))),
        }
    }

    /// What is wrong with the code alone.
    pub(super) fn findings(&self) -> Vec<Finding> {
        self.findings.clone()
    }
}

fn remedy(part: &OpaquePart) -> String {
    let derive = match &part.cause {
        Cause::Type(name) => format!("Derive `es_core::Shape` for `{name}`, or say on the field"),
        Cause::Code(_) => "Say on the field".into(),
    };
    format!(
        "{derive} how it is written: `#[shape(\"…\")]`, with a form such as `string:date-time`, `i64` or `list<string>`."
    )
}

fn replay<A: Aggregate>(name: &str, version: u32, payload: &Value) -> Result<Vec<Written>, String> {
    let mut events = Vec::new();
    crate::testing::as_stored(A::NAME, crate::Revision::new(1), name, version, payload, |raw| {
        A::decode(raw, &mut |event| events.push(event))
    })
    .map_err(|error| error.problem().to_string())?;
    let (mut written, mut state) = (Vec::new(), A::default());
    for event in events {
        let of = A::event_type(&event);
        let mut json = Vec::new();
        A::encode(&event, &mut json).map_err(|error| error.to_string())?;
        let payload = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
        written.push(Written { name: of.name, version: of.version, payload });
        state.apply_event(event);
    }
    Ok(written)
}
