//! A store that is broken in one way.

use async_trait::async_trait;
use es_core::model::NewSnapshot;
use es_core::record::{NewEvent, RawEvent};
use es_core::shape::Fingerprint;
use es_core::store::{
    AllPage, AllQuery, Append, AppendOutcome, Appended, Checkpoint, CloseStreams, CommandOutcome, Decision,
    ExportStore, Filter, Find, FindEvents, ImportStore, ListQuery, ListStreams, Load, LoadItem, LoadManySink,
    LoadSink, ReadAll, Registration, Remembered, Rest, Sink, StoredCommand, StoredNames, StreamHead,
    StreamRange, StreamSummary, Submitted,
};
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{EventStore, MemoryStore, Metadata, Position, Revision, StoreError, StreamId};

/// A way to read events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Stream,
    Load,
    All,
    Find,
}

/// What becomes of events that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Skipped,
    Doubled,
    OtherName,
    OtherVersion,
    OtherPayload,
    OtherId,
    OtherRevision,
    OtherPosition,
    OtherRecordedTime,
    NoOccurredTime,
    NoMetadata,
    NoCorrelation,
    NoCausation,
    SinkErrorIgnored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Reads(Way, Event),
    /// Takes what should be this error.
    Accepts(&'static str),
    IgnoresExpectedRevision,
    IgnoresHead,
    WritesHalfOfAnAppend,
    WritesHalfOfABatch,
    IgnoresConditions,
    ConditionsHoldNothing,
    ConditionsForgetCommands,
    ConditionsMakeStreams,
    TellsOtherPositions,
    TellsOtherConflict,
    ForgetsCommands,
    RepeatsWithOtherRevision,
    RepeatsWithOtherCount,
    RepeatsWithoutName,
    RepeatsAsAppended,
    SubmitsNothing,
    RemembersNothing,
    RemembersOnAnyState,
    RemembersAsNotRejected,
    LoadsAfterNothing,
    LoadsManyForAnother,
    LoadsManyWithoutSnapshots,
    LoadsManyUpToAnError,
    LoadsUpToTheEnd,
    LoadsOtherRevision,
    LoadsWithoutHead,
    LoadsAsOpen,
    LoadsWithoutCommand,
    SnapshotOfAnotherFingerprint,
    SnapshotOfAnotherRevision,
    SnapshotOfAnotherState,
    SnapshotOfOtherEvents,
    NoSnapshots,
    ReadsFromTheBeginning,
    ReadsToTheEnd,
    ReadsForwardOnly,
    PageInAnotherOrder,
    PageBeyondItsLimit,
    PageBeyondItsBytes,
    PageOfEverything,
    PageCheckpointGoesBack,
    PageCheckpointSkips,
    PageIsTheLast,
    PageCountsWrongly,
    FollowsPastEvents,
    HeadIsTheStart,
    ListsFromTheBeginning,
    ListsEveryPrefix,
    ListsTooMany,
    ListsAsOpen,
    ListsOtherRevisions,
    ClosesNothing,
    ClosesAtAnyRevision,
    RegistersNothing,
    RenamesNothing,
    ExportsNoNames,
    ExportsNoCommands,
    ExportsNoClosedStreams,
    ImportsNoNames,
    ImportsNoEvents,
    ImportsNoCommands,
    ImportsNoClosedStreams,
}

pub(crate) struct Broken {
    inner: MemoryStore,
    fault: Option<Fault>,
}

impl Broken {
    pub(crate) fn by(fault: Option<Fault>) -> Self {
        Self { inner: MemoryStore::new(), fault }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn pass(&self, way: Way, mut raw: RawEvent<'_>, sink: Sink<'_>) -> Result<(), StoreError> {
        let Some(Fault::Reads(broken, event)) = self.fault else { return sink(raw) };
        if broken != way {
            return sink(raw);
        }
        let second = raw.revision == Revision::new(2);
        match event {
            Event::Skipped if second => return Ok(()),
            Event::Doubled if second => sink(raw)?,
            Event::Skipped | Event::Doubled => {}
            Event::OtherName => raw.name = "account.other",
            Event::OtherVersion => raw.version ^= 1,
            Event::OtherPayload => raw.payload = b"\"other\"",
            Event::OtherId => raw.event_id = Uuid::nil(),
            Event::OtherRevision => raw.revision = raw.revision.next(),
            Event::OtherPosition => raw.position = Position::new(raw.position.get() + 1),
            Event::OtherRecordedTime => raw.recorded_at = OffsetDateTime::UNIX_EPOCH,
            Event::NoOccurredTime => raw.occurred = None,
            Event::NoMetadata => raw.metadata = None,
            Event::NoCorrelation => raw.correlation_id = None,
            Event::NoCausation => raw.causation_id = None,
            Event::SinkErrorIgnored => {
                let _ignored = sink(raw);
                return Ok(());
            }
        }
        sink(raw)
    }

    /// Says that all is well where this error should be.
    fn accept<T>(&self, done: Result<T, StoreError>, instead: impl FnOnce() -> T) -> Result<T, StoreError> {
        let Some(Fault::Accepts(kind)) = self.fault else { return done };
        done.or_else(|error| if format!("{error:?}").starts_with(kind) { Ok(instead()) } else { Err(error) })
    }

    fn told(&self, outcome: AppendOutcome) -> AppendOutcome {
        match (outcome, self.fault) {
            (AppendOutcome::Appended(mut appended), Some(Fault::TellsOtherPositions)) => {
                appended.positions.reverse();
                let next = |position: &Position| Position::new(position.get() + 1);
                appended.positions = appended.positions.iter().map(next).collect();
                AppendOutcome::Appended(appended)
            }
            (AppendOutcome::Conflict { actual }, Some(Fault::TellsOtherConflict)) => {
                AppendOutcome::Conflict { actual: actual.next() }
            }
            (AppendOutcome::Repeated(_), Some(Fault::RepeatsAsAppended)) => nothing(),
            (AppendOutcome::Repeated(outcome), _) => AppendOutcome::Repeated(self.repeated(outcome)),
            (outcome, _) => outcome,
        }
    }

    fn repeated(&self, mut outcome: CommandOutcome) -> CommandOutcome {
        match self.fault {
            Some(Fault::RepeatsWithOtherRevision) => outcome.first = outcome.first.next(),
            Some(Fault::RepeatsWithOtherCount) => outcome.count += 1,
            Some(Fault::RepeatsWithoutName) => outcome.name = None,
            Some(Fault::RemembersAsNotRejected) => outcome.rejected = false,
            _ => {}
        }
        outcome
    }

    async fn revision(&self, stream: &StreamId) -> Result<Revision, StoreError> {
        Ok(self.inner.load(Load::all(stream), &mut |_| Ok(())).await?.revision)
    }

    /// What is left of an append.
    async fn broken<'a>(&self, mut append: Append<'a>) -> Result<Append<'a>, StoreError> {
        match self.fault {
            Some(Fault::IgnoresExpectedRevision) => append.expected = self.revision(append.stream).await?,
            Some(Fault::IgnoresHead) => append.last_event_id = None,
            Some(Fault::ForgetsCommands) => append.command = None,
            Some(Fault::WritesHalfOfAnAppend) if append.events.len() > 1 => {
                append.events = &append.events[..append.events.len() / 2];
            }
            _ => {}
        }
        Ok(append)
    }

    /// Asks for the conditions by themselves, if at all, and then writes.
    async fn apart(&self, appends: Vec<Append<'_>>) -> Result<Vec<AppendOutcome>, StoreError> {
        let (conditions, written): (Vec<_>, Vec<_>) =
            appends.iter().partition(|append| append.is_condition());
        if written.is_empty() || conditions.is_empty() {
            return self.inner.append_all(&appends).await;
        }
        if self.is(Fault::ConditionsHoldNothing) {
            let outcomes = self.inner.append_all(&conditions).await?;
            if outcomes.iter().any(|outcome| !matches!(outcome, AppendOutcome::Appended(_))) {
                return self.inner.append_all(&appends).await;
            }
            // Long enough for another caller to come to this line as well.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let mut outcomes = self.inner.append_all(&written).await?.into_iter();
        let mut outcome = |append: &Append<'_>| {
            if append.is_condition() { nothing() } else { outcomes.next().unwrap_or_else(nothing) }
        };
        Ok(appends.iter().map(&mut outcome).collect())
    }
}

fn nothing() -> AppendOutcome {
    AppendOutcome::Appended(Appended::new(Vec::new(), OffsetDateTime::UNIX_EPOCH))
}

#[async_trait]
impl EventStore for Broken {
    es_core::forward_event_store!(
        EventStore to |this| &this.inner,
        except append, submit, append_all, remember, load, read_stream, save_snapshot, register,
            rename_category
    );

    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        let done = self.inner.append(self.broken(append).await?).await;
        Ok(self.told(self.accept(done, nothing)?))
    }

    async fn submit(&self, append: Append<'_>) -> Result<Submitted, StoreError> {
        let outcome = match self.is(Fault::SubmitsNothing) {
            true => Ok(nothing()),
            false => self.append(append).await,
        };
        Ok(Box::pin(std::future::ready(outcome)))
    }

    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        let mut broken = Vec::new();
        for append in appends {
            broken.push(self.broken(*append).await?);
        }
        let made = [NewEvent::new("account.noted", 1, b"1".to_vec(), Metadata::new().into())];
        for condition in broken.iter_mut().filter(|append| append.is_condition()) {
            match self.fault {
                Some(Fault::ConditionsForgetCommands) => condition.command = None,
                Some(Fault::ConditionsMakeStreams) => condition.events = &made,
                _ => {}
            }
        }
        if self.is(Fault::IgnoresConditions) || self.is(Fault::ConditionsHoldNothing) {
            return self.apart(broken).await;
        }
        if self.is(Fault::WritesHalfOfABatch) {
            let mut outcomes = Vec::new();
            for append in broken {
                outcomes.push(self.inner.append_all(&[append]).await?.remove(0));
            }
            return Ok(outcomes);
        }
        let done = self.inner.append_all(&broken).await;
        let outcomes = self.accept(done, || appends.iter().map(|_| nothing()).collect())?;
        Ok(outcomes.into_iter().map(|outcome| self.told(outcome)).collect())
    }

    async fn remember(&self, mut decision: Decision<'_>) -> Result<Remembered, StoreError> {
        match self.fault {
            Some(Fault::RemembersNothing) => return Ok(Remembered::Kept),
            Some(Fault::RemembersOnAnyState) => decision.revision = self.revision(decision.stream).await?,
            _ => {}
        }
        let done = self.inner.remember(decision).await;
        Ok(match self.accept(done, || Remembered::Kept)? {
            Remembered::Repeated(outcome) => Remembered::Repeated(self.repeated(outcome)),
            other => other,
        })
    }

    async fn load_many(
        &self,
        streams: &[StreamId],
        snapshot: Option<Fingerprint>,
        sink: LoadManySink<'_>,
    ) -> Result<Vec<Result<StreamHead, StoreError>>, StoreError> {
        let mut heads = Vec::new();
        for (number, stream) in streams.iter().enumerate() {
            let (number, snapshot) = match self.fault {
                Some(Fault::LoadsManyForAnother) => ((number + 1) % streams.len(), snapshot),
                Some(Fault::LoadsManyWithoutSnapshots) => (number, None),
                _ => (number, snapshot),
            };
            let load = Load::all(stream).snapshot(snapshot);
            let head = self.load(load, &mut |item| sink(number, item)).await;
            match head {
                Err(error) if self.is(Fault::LoadsManyUpToAnError) => return Err(error),
                head => heads.push(head),
            }
        }
        Ok(heads)
    }

    async fn load(&self, mut load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        match self.fault {
            Some(Fault::LoadsAfterNothing) => load.after = Revision::EMPTY,
            Some(Fault::LoadsUpToTheEnd) => load.up_to = Revision::MAX,
            Some(Fault::SnapshotOfAnotherFingerprint) => load.snapshot = Some(Fingerprint::EMPTY),
            _ => {}
        }
        let mut pass = |item: LoadItem<'_>| match item {
            LoadItem::Event(raw) => self.pass(Way::Load, raw, &mut |raw| sink(LoadItem::Event(raw))),
            LoadItem::Snapshot { revision, .. } if self.is(Fault::SnapshotOfAnotherState) => {
                sink(LoadItem::snapshot(revision, b"0"))
            }
            LoadItem::Snapshot { revision, state, .. } if self.is(Fault::SnapshotOfAnotherRevision) => {
                sink(LoadItem::snapshot(revision.next(), state))
            }
            LoadItem::Snapshot { .. } => sink(item),
        };
        let mut head = self.inner.load(load, &mut pass).await?;
        head.command = head.command.map(|outcome| self.repeated(outcome));
        match self.fault {
            Some(Fault::LoadsOtherRevision) => head.revision = head.revision.next(),
            Some(Fault::LoadsWithoutHead) => head.event_id = None,
            Some(Fault::LoadsAsOpen) => head.closed = false,
            Some(Fault::LoadsWithoutCommand) => head.command = None,
            _ => {}
        }
        Ok(head)
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        mut range: StreamRange,
        sink: Sink<'_>,
    ) -> Result<(), StoreError> {
        match self.fault {
            Some(Fault::ReadsFromTheBeginning) => range.from = Revision::EMPTY,
            Some(Fault::ReadsToTheEnd) => range.to = Revision::MAX,
            Some(Fault::ReadsForwardOnly) => range.backward = false,
            _ => {}
        }
        self.inner.read_stream(stream, range, &mut |raw| self.pass(Way::Stream, raw, sink)).await
    }

    async fn save_snapshot(&self, mut snapshot: NewSnapshot) -> Result<(), StoreError> {
        match self.fault {
            Some(Fault::NoSnapshots) => return Ok(()),
            Some(Fault::SnapshotOfAnotherFingerprint) => snapshot.fingerprint = Fingerprint::EMPTY,
            Some(Fault::SnapshotOfOtherEvents) => snapshot.event_id = None,
            _ => {}
        }
        self.inner.save_snapshot(snapshot).await
    }

    async fn register(&self, events: &[Registration]) -> Result<(), StoreError> {
        if self.is(Fault::RegistersNothing) {
            return Ok(());
        }
        self.accept(self.inner.register(events).await, || ())
    }

    async fn rename_category(&self, name: &str, was: &[&str]) -> Result<(), StoreError> {
        if self.is(Fault::RenamesNothing) {
            return Ok(());
        }
        self.accept(self.inner.rename_category(name, was).await, || ())
    }
}

#[async_trait]
impl ReadAll for Broken {
    es_core::forward_event_store!(ReadAll to |this| &this.inner, except read_all, end);

    async fn read_all(&self, mut query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        let (after, everything) = (query.after, Filter::new());
        match self.fault {
            Some(Fault::PageBeyondItsLimit) => query.limit = query.limit.saturating_add(1),
            Some(Fault::PageBeyondItsBytes) => query.bytes = query.bytes.saturating_add(100),
            Some(Fault::PageOfEverything) => query.filter = &everything,
            Some(Fault::PageInAnotherOrder) => {
                // The second event before the first.
                let mut nth = 0;
                let mut second = |raw: RawEvent<'_>| {
                    nth += 1;
                    if nth == 2 { sink(raw) } else { Ok(()) }
                };
                self.inner.read_all(query, &mut second).await?;
                let mut nth = 0;
                let mut others = |raw: RawEvent<'_>| {
                    nth += 1;
                    if nth == 2 { Ok(()) } else { sink(raw) }
                };
                return self.inner.read_all(query, &mut others).await;
            }
            _ => {}
        }
        let mut pass = |raw: RawEvent<'_>| self.pass(Way::All, raw, sink);
        let mut page = match self.inner.read_all(query, &mut pass).await {
            Err(StoreError::ForeignCheckpoint { .. }) if self.is(Fault::Accepts("ForeignCheckpoint")) => {
                query.after = Checkpoint::START;
                self.inner.read_all(query, &mut pass).await?
            }
            page => page?,
        };
        match self.fault {
            Some(Fault::PageCheckpointGoesBack) => page.checkpoint = after,
            Some(Fault::PageCheckpointSkips) => page.checkpoint = self.inner.end().await?,
            Some(Fault::PageIsTheLast) => page.rest = Rest::Nothing,
            Some(Fault::PageCountsWrongly) => page.events += 1,
            _ => {}
        }
        Ok(page)
    }

    async fn follow(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        let mut page = self.read_all(query, sink).await?;
        if self.is(Fault::FollowsPastEvents) {
            page.checkpoint = self.inner.end().await?;
        }
        Ok(page)
    }

    async fn end(&self) -> Result<Checkpoint, StoreError> {
        if self.is(Fault::HeadIsTheStart) { Ok(Checkpoint::START) } else { self.inner.end().await }
    }
}

#[async_trait]
impl FindEvents for Broken {
    async fn find(&self, what: Find, sink: Sink<'_>) -> Result<(), StoreError> {
        self.inner.find(what, &mut |raw| self.pass(Way::Find, raw, sink)).await
    }
}

#[async_trait]
impl ListStreams for Broken {
    async fn list_streams(&self, mut query: ListQuery<'_>) -> Result<Vec<StreamSummary>, StoreError> {
        match self.fault {
            Some(Fault::ListsEveryPrefix) => query.prefix = "",
            Some(Fault::ListsFromTheBeginning) => query.after = None,
            Some(Fault::ListsTooMany) => query.limit += 1,
            _ => {}
        }
        let mut listed = self.inner.list_streams(query).await?;
        for summary in &mut listed {
            match self.fault {
                Some(Fault::ListsAsOpen) => summary.closed = false,
                Some(Fault::ListsOtherRevisions) => summary.revision = summary.revision.next(),
                _ => {}
            }
        }
        Ok(listed)
    }
}

#[async_trait]
impl CloseStreams for Broken {
    async fn close_stream(&self, stream: &StreamId, expected: Revision) -> Result<bool, StoreError> {
        match self.fault {
            Some(Fault::ClosesNothing) => Ok(self.revision(stream).await? == expected),
            Some(Fault::ClosesAtAnyRevision) => {
                self.inner.close_stream(stream, self.revision(stream).await?).await
            }
            _ => self.inner.close_stream(stream, expected).await,
        }
    }
}

#[async_trait]
impl ExportStore for Broken {
    async fn export_names(&self) -> Result<StoredNames, StoreError> {
        if self.is(Fault::ExportsNoNames) {
            return Ok(StoredNames::default());
        }
        self.inner.export_names().await
    }

    async fn export_commands(
        &self,
        after: Option<&StoredCommand>,
        limit: usize,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        if self.is(Fault::ExportsNoCommands) {
            return Ok(Vec::new());
        }
        self.inner.export_commands(after, limit).await
    }

    async fn export_closed(
        &self,
        after: Option<&StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamId>, StoreError> {
        if self.is(Fault::ExportsNoClosedStreams) {
            return Ok(Vec::new());
        }
        self.inner.export_closed(after, limit).await
    }
}

#[async_trait]
impl ImportStore for Broken {
    async fn import_names(&self, names: &StoredNames) -> Result<(), StoreError> {
        if self.is(Fault::ImportsNoNames) {
            return Ok(());
        }
        self.accept(self.inner.import_names(names).await, || ())
    }

    async fn import_events(&self, events: &[RawEvent<'_>]) -> Result<(), StoreError> {
        if self.is(Fault::ImportsNoEvents) {
            return Ok(());
        }
        self.accept(self.inner.import_events(events).await, || ())
    }

    async fn import_commands(&self, commands: &[StoredCommand]) -> Result<(), StoreError> {
        if self.is(Fault::ImportsNoCommands) {
            return Ok(());
        }
        self.accept(self.inner.import_commands(commands).await, || ())
    }

    async fn import_closed(&self, streams: &[StreamId]) -> Result<(), StoreError> {
        if self.is(Fault::ImportsNoClosedStreams) {
            return Ok(());
        }
        self.inner.import_closed(streams).await
    }
}
