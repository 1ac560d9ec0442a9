//! What an aggregate needs from the store.

use async_trait::async_trait;
use es_core::model::NewSnapshot;
use es_core::store::{
    Append, AppendOutcome, Decision, Limits, Load, LoadItem, LoadSink, Registration, Remembered, Sink,
    StreamHead, StreamRange,
};
use es_core::{EventStore, StoreError, StreamId};

use crate::reader::Reader;
use crate::record::{Outcome, Record, text};
use crate::store::FileStore;

#[async_trait]
impl EventStore for FileStore {
    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        append.check(self.limits())?;
        let mut outcomes = self.append_each(self.content(), &[append])?;
        Ok(outcomes.pop().unwrap_or(AppendOutcome::NotWritten))
    }

    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        Append::check_all(appends, self.limits())?;
        let content = self.content();
        for (at, append) in appends.iter().enumerate() {
            let key = content.index.key(append.stream);
            let is_same = |other: &Append<'_>| {
                other.stream == append.stream || (key.is_some() && content.index.key(other.stream) == key)
            };
            if appends[..at].iter().any(is_same) {
                return Err(StoreError::DuplicateStream { stream: append.stream.clone() });
            }
        }
        for append in appends {
            append.check_registered(|name, version| content.index.is_known(name, version))?;
        }
        self.append_each(content, appends)
    }

    async fn remember(&self, decision: Decision<'_>) -> Result<Remembered, StoreError> {
        let Decision { stream, revision, last_event_id, command, rejected, .. } = decision;
        command.check(stream)?;
        let mut content = self.content();
        if let Some(outcome) = content.index.command(stream, command.key.id) {
            outcome.check(stream, command)?;
            return Ok(Remembered::Repeated(outcome.clone()));
        }
        let (actual, last) = content.index.last(content.index.stream(stream));
        if actual != revision || last_event_id.is_some_and(|head| last != Some(head)) {
            return Ok(Remembered::Conflict { actual });
        }
        let command = Outcome::new(command, revision, 0, rejected);
        content.note(&Record::Remember { stream: stream.into(), command })?;
        Ok(Remembered::Kept)
    }

    async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        let (mut head, snapshot, mut places) = self.content().index.look(&load);
        let mut reader = Reader::new(&self.file);
        if let Some((revision, at)) = snapshot {
            match reader.snapshot(at) {
                Ok(state) => sink(LoadItem::snapshot(revision, state))?,
                // If the snapshot is damaged, all events are read, which only takes longer.
                Err(_) => (head, _, places) = self.content().index.look(&load.snapshot(None)),
            }
        }
        for place in places {
            sink(LoadItem::Event(reader.event(load.stream, place)?))?;
        }
        Ok(head)
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        range: StreamRange,
        sink: Sink<'_>,
    ) -> Result<(), StoreError> {
        let mut places = {
            let index = &self.content().index;
            index.stream(stream).map(|found| index.places(found, range.from, range.to)).unwrap_or_default()
        };
        if range.backward {
            places.reverse();
        }
        let mut reader = Reader::new(&self.file);
        places.into_iter().try_for_each(|place| sink(reader.event(stream, place)?))
    }

    async fn save_snapshot(&self, snapshot: NewSnapshot) -> Result<(), StoreError> {
        let mut content = self.content();
        if content.index.takes(&snapshot) {
            let (revision, fingerprint) = (snapshot.revision.get(), snapshot.fingerprint.to_i64());
            let (stream, state) = ((&snapshot.stream).into(), text(snapshot.state)?);
            content.note(&Record::Snapshot { stream, revision, fingerprint, state })?;
        }
        Ok(())
    }

    async fn register(&self, events: &[Registration]) -> Result<(), StoreError> {
        Registration::check_all(events)?;
        let mut content = self.content();
        let mut news = Vec::new();
        for event in events {
            if content.index.is_new(event)? {
                news.push(event.into());
            }
        }
        if news.is_empty() { Ok(()) } else { content.note(&Record::Register { events: news }) }
    }

    async fn rename_category(&self, name: &str, was: &[&str]) -> Result<(), StoreError> {
        let names: Vec<&str> = was.iter().copied().chain([name]).collect();
        names.iter().try_for_each(|name| StreamId::check_category(name))?;
        let mut content = self.content();
        let categories = &content.index.categories;
        let known: Vec<_> = names.iter().filter_map(|name| categories.get_key_value(*name)).collect();
        if let Some((other, _)) = known.iter().find(|(_, number)| *number != known[0].1) {
            return Err(StoreError::SplitCategory { name: String::clone(other), other: known[0].0.clone() });
        }
        if known.len() == names.len() {
            return Ok(());
        }
        content.note(&Record::Rename { names: names.into_iter().map(str::to_owned).collect() })
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }
}
