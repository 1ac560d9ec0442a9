//! The event that is reacted to is the cause of what the reaction writes.

use std::convert::Infallible;
use std::sync::Arc;

use es_core::reactor::{React, Reactor, ReactorRunner};
use es_core::record::BoxError;
use es_core::store::StreamRange;
use es_core::uuid::Uuid;
use es_core::{
    Aggregate, Apply, Events, ExecuteOptions, Handle, Metadata, Recorded, Repository, emit, event,
};

use crate::reactors::support::{Opened, Store, on_every_store, open_because};

#[event(name = "visit.noted")]
pub(crate) struct Noted {}

#[derive(Aggregate, Default)]
#[aggregate(name = "visit", id = String, events(Noted))]
pub(crate) struct Visit {
    notes: u32,
}

impl Apply<Noted> for Visit {
    fn apply(&mut self, _: Noted) {
        self.notes += 1;
    }
}

struct Note;

impl Handle<Note> for Visit {
    type Error = Infallible;

    fn handle(&self, _: &Note) -> Result<Events<Self>, Infallible> {
        emit(Noted {})
    }
}

/// Records each visit in every possible way.
#[derive(Reactor)]
#[reactor(name = "visits", events(Opened))]
struct Visits<S: Store> {
    visits: Arc<Repository<Visit, S>>,
    own: Uuid,
}

impl<S: Store> React<Opened> for Visits<S> {
    async fn react(&self, event: &Recorded<Opened>) -> Result<(), BoxError> {
        let id = event.stream.key().to_owned();
        self.visits.execute(&id, Note).await?;
        let said = ExecuteOptions::new().metadata(Metadata::new().causation_id(self.own));
        self.visits.execute_with(&id, Note, said).await?;
        let said = ExecuteOptions::new().metadata(Metadata::new().correlation_id(self.own).actor("clerk"));
        self.visits.execute_with(&id, Note, said).await?;
        let noted = async |_: Arc<Visit>| -> Result<Events<Visit>, Infallible> { emit(Noted {}) };
        self.visits.decide(&id, noted).await?;
        Ok(())
    }
}

on_every_store!(commands_of_a_reaction_are_caused_by_its_event);

async fn commands_of_a_reaction_are_caused_by_its_event<S: Store>(store: S) {
    let correlation = Uuid::now_v7();
    open_because(&store, "first", 1, Metadata::new()).await;
    open_because(&store, "correlated", 1, Metadata::new().correlation_id(correlation)).await;
    let visits = Arc::new(Repository::<Visit, _>::new(store.clone()));
    let own = Uuid::now_v7();
    let reactor = Visits { visits: Arc::clone(&visits), own };
    ReactorRunner::new(store.clone(), reactor).catch_up().await.expect("it catches up");
    for (key, correlation) in [("first", None), ("correlated", Some(correlation))] {
        let mut cause = None;
        let door = es_core::StreamId::new("door", key).expect("a stream id");
        let mut take = |raw: es_core::record::RawEvent<'_>| {
            cause = Some(raw.event_id);
            Ok(())
        };
        store.read_stream(&door, StreamRange::ALL, &mut take).await.expect("the stream");
        let cause = cause.expect("an event");
        let correlation = correlation.unwrap_or(cause);
        let mut found = Vec::new();
        let take = |recorded: Recorded<VisitEvent>| {
            found.push((recorded.metadata.causation_id, recorded.metadata.correlation_id));
            Ok(())
        };
        visits.history(&key.to_owned(), StreamRange::ALL, take).await.expect("the history");
        let by = |causation, correlation| (Some(causation), Some(correlation));
        let wanted = [by(cause, correlation), by(own, correlation), by(cause, own), by(cause, correlation)];
        assert_eq!(found, wanted, "{key}");
    }
    // Outside of a reaction no cause is set.
    let outside = visits.execute(&String::from("outside"), Note).await.expect("a note");
    assert_eq!(*outside.events[0].metadata, Metadata::new());
}
