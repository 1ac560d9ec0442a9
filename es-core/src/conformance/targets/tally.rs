//! The projection of the suite, and its events.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::{Row, TargetHarness};
use crate::memory::MemoryStore;
use crate::model::ReadEvent;
use crate::projection::{Projection, Projector};
use crate::record::{BoxError, DecodeError, EventPlace, Metadata, NewEvent, RawEvent};
use crate::store::{Append, AppendOutcome, EventStore, Filter};
use crate::stream::{Revision, StreamId};

const NAME: &str = "tally.counted";

/// Writes a row for each event. It fails for the payload `"poison"`, unless that is switched off.
pub struct Tally<H, const BUILD: u32> {
    takes_poison: bool,
    harness: PhantomData<fn() -> H>,
}

/// An event of [`Tally`].
#[derive(Debug)]
pub struct Tallied {
    place: EventPlace,
    poison: bool,
}

impl<H, const BUILD: u32> fmt::Debug for Tally<H, BUILD> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").field("build", &BUILD).field("takes_poison", &self.takes_poison).finish()
    }
}

impl<H: TargetHarness, const BUILD: u32> Projection for Tally<H, BUILD> {
    const NAME: &'static str = "tally";
    const BUILD: u32 = BUILD;

    type Model = H::Model;
    type Error = BoxError;
    type Event = Tallied;

    fn filter() -> Filter {
        Filter::new().event_name(Cow::Borrowed(NAME))
    }

    fn decode(raw: &RawEvent<'_>) -> Result<Option<Tallied>, DecodeError> {
        Ok(Some(Tallied { place: EventPlace::new(raw), poison: raw.payload == br#""poison""# }))
    }

    fn events() -> &'static [ReadEvent] {
        &[]
    }

    async fn project_all(&self, events: &[Tallied], model: &mut H::Model) -> Result<(), BoxError> {
        for event in events {
            // Before it fails, so that what a failure leaves behind is seen.
            H::write(model, &(event.place.stream.key().to_owned(), event.place.revision.get())).await?;
            if event.poison && !self.takes_poison {
                return Err("poison".into());
            }
        }
        Ok(())
    }

    async fn set_up(&self, model: &mut H::Model) -> Result<(), BoxError> {
        H::set_up(model).await
    }
}

type Runner<H, const BUILD: u32> =
    Projector<Tally<H, BUILD>, <H as TargetHarness>::Source, <H as TargetHarness>::Target<Tally<H, BUILD>>>;

/// A runner of the projection.
pub(super) fn runner<H: TargetHarness, const BUILD: u32>(harness: &H) -> Runner<H, BUILD> {
    of(harness, Tally { takes_poison: false, harness: PhantomData })
}

/// The same, for a program that accepts the events that the other one does not.
pub(super) fn mended<H: TargetHarness>(harness: &H) -> Runner<H, 1> {
    of(harness, Tally { takes_poison: true, harness: PhantomData })
}

/// A runner that reads another store.
pub(super) fn reading<H: TargetHarness>(
    harness: &H,
    other: &MemoryStore,
) -> Projector<Tally<H, 1>, MemoryStore, H::Target<Tally<H, 1>>> {
    let tally = Tally { takes_poison: false, harness: PhantomData };
    Projector::with_target(other.clone(), tally, harness.target())
}

fn of<H: TargetHarness, const BUILD: u32>(harness: &H, tally: Tally<H, BUILD>) -> Runner<H, BUILD> {
    Projector::with_target(harness.source(), tally, harness.target())
}

/// Appends one event to each of these streams, in this order; a capital letter is an event that fails.
pub(super) async fn append<H: TargetHarness>(harness: &H, streams: &str) {
    append_to(&harness.source(), streams).await;
}

/// The same in any store.
pub(super) async fn append_to(source: &impl EventStore, streams: &str) {
    for letter in streams.chars() {
        let payload = if letter.is_uppercase() { r#""poison""# } else { r#""good""# };
        let stream = StreamId::new("tally", letter.to_lowercase().to_string()).expect("a stream id");
        let mut last = Revision::EMPTY;
        let mut count = |raw: RawEvent<'_>| {
            last = raw.revision;
            Ok(())
        };
        source.read_stream(&stream, crate::store::StreamRange::ALL, &mut count).await.expect("a stream");
        let events = [NewEvent::new(NAME, 1, payload.into(), Arc::new(Metadata::new()))];
        let done = source.append(Append::new(&stream, last, &events)).await.expect("an outcome");
        assert!(matches!(done, AppendOutcome::Appended(_)), "{done:?}");
    }
}

/// The rows for events of these streams, if each is projected once.
pub(super) fn expected(streams: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for key in streams.chars().map(|letter| letter.to_lowercase().to_string()) {
        let before = rows.iter().filter(|row| row.0 == key).count() as u64;
        rows.push((key, before + 1));
    }
    rows.sort();
    rows
}

pub(super) async fn rows<H: TargetHarness>(harness: &H, build: u32) -> Vec<Row> {
    let mut rows = harness.rows(build).await;
    rows.sort();
    rows
}

pub(super) async fn published<H: TargetHarness>(harness: &H) -> Vec<Row> {
    let mut rows = harness.published().await;
    rows.sort();
    rows
}
