//! What reads stored events: an aggregate, a projection, a reactor or a publisher.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::published::Published;
use crate::codec::{Exact, Payload};
use crate::messaging::Publisher;
use crate::model::{Aggregate, EventDescription, ReadEvent, ReadWhole};
use crate::projection::Projection;
use crate::reactor::Effects;
use crate::record::RawEvent;
use crate::stream::{Position, Revision, StreamId};

/// An event, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) payload: Exact,
}

/// What reads an event, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reader {
    Aggregate(&'static str),
    Projection(&'static str),
    Reactor(&'static str),
    /// Reads private events, and those that it publishes.
    Publisher(&'static str),
    /// A process, of what it reads besides its own events.
    Process(&'static str),
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregate(name) => write!(f, "aggregate `{name}`"),
            Self::Projection(name) => write!(f, "projection `{name}`"),
            Self::Reactor(name) => write!(f, "reactor `{name}`"),
            Self::Publisher(name) => write!(f, "publisher `{name}`"),
            Self::Process(name) => write!(f, "process `{name}`"),
        }
    }
}

impl Reader {
    const fn name(self) -> &'static str {
        match self {
            Self::Aggregate(name)
            | Self::Projection(name)
            | Self::Reactor(name)
            | Self::Publisher(name)
            | Self::Process(name) => name,
        }
    }

    /// The reader in a file.
    pub(super) fn in_file(self) -> String {
        match self {
            Self::Aggregate(name) => format!("aggregate {name}"),
            Self::Projection(name) => format!("projection {name}"),
            Self::Reactor(name) => format!("reactor {name}"),
            Self::Publisher(name) => format!("publisher {name}"),
            Self::Process(name) => format!("process {name}"),
        }
    }
}

/// Reads a stored payload: decodes it, folds it, and writes the result.
pub(super) type Replay = fn(&Written) -> Result<Vec<Written>, String>;

/// Replays, and catches panics of user code.
pub(super) fn replayed<T>(
    reader: Reader,
    replay: impl FnOnce(&Written) -> Result<T, String>,
    stored: &Written,
) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(|| replay(stored))) {
        Ok(Ok(written)) => Ok(written),
        Ok(Err(problem)) => Err(format!("{reader}: {problem}")),
        Err(_) => Err(format!("{reader} panics when it reads or applies it")),
    }
}

pub(super) fn by_aggregate<A: Aggregate>(stored: &Written) -> Result<Vec<Written>, String> {
    as_stored(A::NAME, 1, stored, |raw| {
        let mut events = Vec::new();
        A::decode(raw, &mut |event| events.push(event)).map_err(|error| error.problem().to_string())?;
        let whole = match &events[..] {
            [one] => whole(raw, A::event_type(one).name, A::description().all())?,
            _ => None,
        };
        let (mut written, mut state) = (Vec::new(), A::initial());
        for event in events {
            if whole.is_none() {
                written.push(encoded::<A>(&event)?);
            }
            state.apply_event(event);
        }
        written.extend(whole);
        Ok(written)
    })
}

/// What is written of an event for programs that know no newer version; nothing where the event is refused.
pub(super) type WriteForOld = fn(&Written) -> Result<Option<Written>, String>;

pub(super) fn downcast<A: Aggregate>(stored: &Written) -> Result<Option<Written>, String> {
    as_stored(A::NAME, 1, stored, |raw| {
        let mut events = Vec::new();
        A::decode(raw, &mut |event| events.push(event)).map_err(|error| error.problem().to_string())?;
        // The downcast may reject what the previous version cannot express.
        Ok(events.first().and_then(|event| encoded::<A>(event).ok()))
    })
}

fn encoded<A: Aggregate>(event: &A::Event) -> Result<Written, String> {
    let of = A::event_type(event);
    let mut json = Payload::new();
    A::encode(event, &mut json).map_err(|error| error.to_string())?;
    as_written(of.name, of.written, json.as_slice())
}

/// Reads a stored event as one version of it, and writes it as that one.
pub(super) fn as_version(
    reader: Reader,
    (of, read): (&Published, ReadWhole),
    stored: &Written,
) -> Result<Written, String> {
    let read = |stored: &Written| {
        as_stored(reader.name(), 1, stored, |raw| as_written(&of.name, of.version, &read(raw)?))
    };
    replayed(reader, read, stored)
}

pub(super) fn by_projection<P: Projection>(stored: &Written) -> Result<Vec<Written>, String> {
    by_list(P::NAME, &projected::<P>(), stored)
}

/// The events of a projection, those of whole aggregates included.
pub(super) fn projected<P: Projection>() -> Vec<ReadEvent> {
    let whole = P::whole_aggregates().iter().flat_map(|all_events| all_events());
    P::events().iter().chain(whole).copied().collect()
}

pub(super) fn by_reactor<E: Effects>(stored: &Written) -> Result<Vec<Written>, String> {
    by_list(E::NAME, E::events(), stored)
}

pub(super) fn by_publisher<P: Publisher>(stored: &Written) -> Result<Vec<Written>, String> {
    by_list(P::NAME, &[P::events(), P::public_events()].concat(), stored)
}

/// By a process: its inputs, timers and commands.
pub(super) fn by_process<A: Aggregate>(stored: &Written) -> Result<Vec<Written>, String> {
    by_list(A::NAME, A::description().beside, stored)
}

/// By one that takes the events of a list as they were stored.
fn by_list(name: &'static str, events: &[ReadEvent], stored: &Written) -> Result<Vec<Written>, String> {
    let events = events.iter().map(|(event, read)| (event(), read));
    let is_read =
        |event: &EventDescription| event.name == stored.name || event.was.contains(&stored.name.as_str());
    let Some((event, read)) = events.into_iter().find(|(event, _)| is_read(event)) else {
        return Err("it does not list this event".into());
    };
    as_stored(name, 1, stored, |raw| Ok(vec![as_written(event.name, event.version, &read(raw)?)?]))
}

/// With `write_as`, what is written is not all of the event.
fn whole(
    raw: &RawEvent<'_>,
    name: &str,
    mut events: impl Iterator<Item = &'static EventDescription>,
) -> Result<Option<Written>, String> {
    let is_read = |event: &&EventDescription| {
        event.name == name && (event.name == raw.name || event.was.contains(&raw.name))
    };
    match events.find(is_read).and_then(|event| Some((event, event.whole?))) {
        Some((event, whole)) => as_written(event.name, event.version, &whole(raw)?).map(Some),
        None => Ok(None),
    }
}

fn as_written(name: &str, version: u32, json: &[u8]) -> Result<Written, String> {
    let payload =
        Exact::parse(json).map_err(|refused| format!("in what the code writes of `{name}`, {refused}"))?;
    Ok(Written { name: name.to_owned(), version, payload })
}

/// Lets `take` look at an event as a store would return it. All that a step may look at is the same each
/// time.
pub(super) fn as_stored<T>(
    category: &str,
    revision: u64,
    Written { name, version, payload }: &Written,
    take: impl FnOnce(&RawEvent<'_>) -> Result<T, String>,
) -> Result<T, String> {
    let stream = StreamId::new(category, "test").map_err(|error| error.to_string())?;
    take(&RawEvent {
        stream: &stream,
        revision: Revision::new(revision),
        position: Position::new(revision),
        event_id: Uuid::from_u128(0x00e3_7f1f_4400_7000_8000_0000_0000_0000),
        name,
        version: *version,
        payload: payload.to_string().as_bytes(),
        // The first second of the year 2001.
        recorded_at: OffsetDateTime::UNIX_EPOCH + Duration::days(11_323),
        occurred: None,
        correlation_id: None,
        causation_id: None,
        metadata: None,
    })
}
