//! A store under test, and its answers as text.

use std::sync::Arc;

use es_core::model::NewSnapshot;
use es_core::record::{NewEvent, RawEvent};
use es_core::store::{
    AllQuery, Append, AppendOutcome, Checkpoint, CloseStreams, Decision, FindEvents, ListQuery, ListStreams,
    Load, LoadItem, ReadAll, Rest,
};
use es_core::uuid::Uuid;
use es_core::{EventStore, Position, Revision, StoreError, StreamId};

use crate::call::{At, Call, Prepared};
use crate::given;
use crate::step::After;
use crate::told::{self, Places};

/// The traits of a store under test.
pub(crate) trait Store: EventStore + ReadAll + ListStreams + FindEvents + CloseStreams {}

impl<S: EventStore + ReadAll + ListStreams + FindEvents + CloseStreams> Store for S {}

/// A store, and its answers so far.
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    store: Arc<dyn Store>,
    places: Places,
}

impl Asked {
    pub(crate) fn new(name: &'static str, store: impl Store + 'static) -> Self {
        Self { name, store: Arc::new(store), places: Places::default() }
    }

    /// The head of a stream.
    pub(crate) async fn head(&self, stream: &StreamId) -> (Revision, Option<Uuid>) {
        let head = self.store.load(Load::all(stream).after(Revision::MAX), &mut |_| Ok(())).await;
        head.map_or((Revision::EMPTY, None), |head| (head.revision, head.event_id))
    }

    pub(crate) async fn answer(&mut self, call: &Call) -> String {
        let store = Arc::clone(&self.store);
        match call {
            Call::Append(append) => self.appended(append, store.append(append.append()).await).await,
            Call::Submit(append) => {
                let outcome = match store.submit(append.append()).await {
                    Ok(submitted) => submitted.await,
                    Err(refused) => Err(refused),
                };
                self.appended(append, outcome).await
            }
            Call::AppendAll(appends) => self.append_all(appends).await,
            Call::Remember { at, command, rejected } => {
                let decision = match rejected {
                    true => Decision::rejected(&at.stream, at.revision, *command),
                    false => Decision::empty(&at.stream, at.revision, *command),
                };
                let remembered = store.remember(decision.last_event_id(at.head)).await;
                self.settle(at, &[]).await;
                told::result(remembered, |kept| told::debug(&kept))
            }
            Call::Load { stream, after, up_to, fingerprint, command } => {
                let load = Load::all(stream).after(Revision::new(*after)).snapshot(*fingerprint);
                let load = load.up_to(up_to.map_or(Revision::MAX, Revision::new)).command_id(*command);
                self.load(load).await
            }
            Call::ReadStream { stream, range } => {
                let mut lines = Lines::default();
                let read = store.read_stream(stream, *range, &mut |raw| lines.take(&self.places, &raw)).await;
                lines.ended(told::result(read, |()| String::new()))
            }
            Call::ReadAll { .. } | Call::Head => self.read_all(call).await,
            Call::List { category, prefix, after, limit } => {
                let query = ListQuery::category(category).prefix(prefix).after(*after).limit(*limit);
                told::result(store.list_streams(query).await, |streams| told::debug(&streams))
            }
            Call::Find(what) => {
                let mut lines = Lines::default();
                let found = store.find(*what, &mut |raw| lines.take(&self.places, &raw)).await;
                lines.ended(told::result(found, |()| String::new()))
            }
            Call::Close(At { stream, revision, .. }) => {
                told::result(store.close_stream(stream, *revision).await, |closed| told::debug(&closed))
            }
            Call::Rename { name, was } => {
                told::result(store.rename_category(name, was).await, |()| String::from("renamed"))
            }
            Call::Register(events) => {
                told::result(store.register(events).await, |()| String::from("registered"))
            }
            Call::SaveSnapshot { at: At { stream, revision, head }, fingerprint } => {
                let state = format!("\"{stream} at {revision}\"").into_bytes();
                let snapshot =
                    NewSnapshot::new(stream.clone(), *revision, *fingerprint, state).event_id(*head);
                told::result(store.save_snapshot(snapshot).await, |()| String::from("kept, or not"))
            }
        }
    }

    async fn appended(&mut self, append: &Prepared, outcome: Result<AppendOutcome, StoreError>) -> String {
        if !matches!(outcome, Ok(AppendOutcome::Appended(_))) {
            self.settle(&append.at, &append.events).await;
        }
        told::result(outcome, |outcome| {
            self.places.take(&append.events, &outcome);
            told::outcome(&outcome)
        })
    }

    /// Makes a category and names known that were not written: whether they are known is up to the store.
    async fn settle(&self, At { stream, .. }: &At, events: &[NewEvent]) {
        let names: Vec<_> = events.iter().filter_map(given::registered).collect();
        self.store.register(&names).await.expect("nothing to conflict with");
        self.store.rename_category(stream.category(), &[]).await.expect("one name");
    }

    async fn append_all(&mut self, appends: &[Prepared]) -> String {
        let all: Vec<Append<'_>> = appends.iter().map(Prepared::append).collect();
        let outcomes = self.store.append_all(&all).await;
        let written = |outcomes: &Vec<_>| matches!(outcomes.first(), Some(AppendOutcome::Appended(_)));
        if !outcomes.as_ref().is_ok_and(written) {
            for append in appends {
                self.settle(&append.at, &[]).await;
            }
        }
        if let Err(StoreError::DuplicateStream { .. } | StoreError::NotRegistered { .. }) = outcomes {
            // Both errors may apply, and each store checks one of them first.
            return String::from("DuplicateStream, or NotRegistered");
        }
        told::result(outcomes, |outcomes| {
            for (append, outcome) in appends.iter().zip(&outcomes) {
                self.places.take(&append.events, outcome);
            }
            told::debug(&outcomes.iter().map(told::outcome).collect::<Vec<_>>())
        })
    }

    async fn load(&self, load: Load<'_>) -> String {
        let mut lines = Lines::default();
        let mut take = |item: LoadItem<'_>| match item {
            LoadItem::Snapshot { revision, state, .. } => {
                lines.0.push(format!("snapshot at {revision}: {}", told::text(state)));
                Ok(())
            }
            LoadItem::Event(raw) => lines.take(&self.places, &raw),
        };
        let head = self.store.load(load, &mut take).await;
        lines.ended(told::result(head, |head| told::debug(&head)))
    }

    async fn read_all(&self, call: &Call) -> String {
        let Call::ReadAll { after, filter, limit, bytes } = call else {
            return told::result(self.store.end().await, told::checkpoint);
        };
        let (mut lines, mut from) = (Lines::default(), self.checkpoint(*after));
        // The number of events in a page is up to the store, within the limits; the events are not.
        loop {
            let query = AllQuery::after(from, filter).limit(*limit).bytes(*bytes);
            let (before, mut size) = (lines.0.len(), 0);
            let mut take = |raw: RawEvent<'_>| {
                size += raw.bytes();
                lines.take(&self.places, &raw)
            };
            let page = match self.store.read_all(query, &mut take).await {
                Ok(page) => page,
                Err(error) => return lines.ended(told::error(&error)),
            };
            let events = lines.0.len() - before;
            assert!(events == page.events && events <= query.limit, "{} events: {page:?}", self.name);
            assert!(events < 2 || size <= *bytes, "{}: {size} bytes: {page:?}", self.name);
            if page.rest != Rest::More {
                return lines.ended(format!("{}, {:?}", told::checkpoint(page.checkpoint), page.rest));
            }
            assert!(page.checkpoint.position() > from.position(), "{} moves on: {page:?}", self.name);
            from = page.checkpoint;
        }
    }

    /// A checkpoint as this store would write it.
    fn checkpoint(&self, after: After) -> Checkpoint {
        let event = |nth: usize| {
            let id = given::event_id(nth as u128);
            Some((self.places.position(id)?, id))
        };
        let place = match after {
            After::Start => None,
            After::Event(nth) => event(nth),
            After::Other(nth) => event(nth).map(|(position, _)| (position, given::correlation(nth))),
            After::Nothing => Some((Position::new(1_000_000), given::event_id(0))),
        };
        place.map_or(Checkpoint::START, |(position, id)| Checkpoint::behind(position, id))
    }
}

/// What was passed to the sink, one line for each event.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn take(&mut self, places: &Places, raw: &RawEvent<'_>) -> Result<(), StoreError> {
        self.0.push(places.event(raw));
        Ok(())
    }

    fn ended(mut self, end: String) -> String {
        self.0.push(end);
        self.0.join("\n")
    }
}
