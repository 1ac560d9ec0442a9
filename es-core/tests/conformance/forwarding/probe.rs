//! A store that writes down what was asked of it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use es_core::model::NewSnapshot;
use es_core::record::RawEvent;
use es_core::shape::Fingerprint;
use es_core::store::{
    AllPage, AllQuery, Append, AppendIn, AppendOutcome, Bell, Checkpoint, CloseStreams, Decision,
    ExportStore, Find, FindEvents, ImportStore, Limits, ListQuery, ListStreams, Listener, Load, LoadManySink,
    LoadSink, ReadAll, Registration, Remembered, Rest, Sink, StoredCommand, StoredNames, StreamHead,
    StreamRange, StreamSummary, Submitted,
};
use es_core::{EventStore, Revision, StoreError, StreamId};

/// Does nothing but write down which of its methods were called.
#[derive(Default)]
pub(crate) struct Probe(Mutex<BTreeSet<&'static str>>);

impl Probe {
    fn called(&self, method: &'static str) {
        self.0.lock().expect("no panic").insert(method);
    }

    pub(crate) fn take(&self) -> BTreeSet<&'static str> {
        std::mem::take(&mut *self.0.lock().expect("no panic"))
    }
}

#[async_trait]
impl EventStore for Probe {
    async fn append(&self, _: Append<'_>) -> Result<AppendOutcome, StoreError> {
        self.called("append");
        Ok(AppendOutcome::NotWritten)
    }

    async fn append_all(&self, _: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        self.called("append_all");
        Ok(Vec::new())
    }

    async fn remember(&self, _: Decision<'_>) -> Result<Remembered, StoreError> {
        self.called("remember");
        Ok(Remembered::Kept)
    }

    async fn load(&self, _: Load<'_>, _: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        self.called("load");
        Ok(StreamHead::default())
    }

    async fn load_many(
        &self,
        _: &[StreamId],
        _: Option<Fingerprint>,
        _: LoadManySink<'_>,
    ) -> Result<Vec<Result<StreamHead, StoreError>>, StoreError> {
        self.called("load_many");
        Ok(Vec::new())
    }

    async fn read_stream(&self, _: &StreamId, _: StreamRange, _: Sink<'_>) -> Result<(), StoreError> {
        self.called("read_stream");
        Ok(())
    }

    async fn save_snapshot(&self, _: NewSnapshot) -> Result<(), StoreError> {
        self.called("save_snapshot");
        Ok(())
    }

    async fn register(&self, _: &[Registration]) -> Result<(), StoreError> {
        self.called("register");
        Ok(())
    }

    async fn rename_category(&self, _: &str, _: &[&str]) -> Result<(), StoreError> {
        self.called("rename_category");
        Ok(())
    }

    fn limits(&self) -> Limits {
        self.called("limits");
        Limits::NONE
    }

    async fn submit(&self, _: Append<'_>) -> Result<Submitted, StoreError> {
        self.called("submit");
        Ok(Box::pin(std::future::ready(Ok(AppendOutcome::NotWritten))))
    }
}

#[async_trait]
impl AppendIn<Vec<u8>> for Probe {
    async fn append_in(&self, _: &mut Vec<u8>, _: Append<'_>) -> Result<AppendOutcome, StoreError> {
        self.called("append_in");
        Ok(AppendOutcome::NotWritten)
    }

    async fn load_in(&self, _: &mut Vec<u8>, _: Load<'_>, _: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        self.called("load_in");
        Ok(StreamHead::default())
    }

    async fn remember_in(&self, _: &mut Vec<u8>, _: Decision<'_>) -> Result<Remembered, StoreError> {
        self.called("remember_in");
        Ok(Remembered::Kept)
    }
}

#[async_trait]
impl ReadAll for Probe {
    async fn read_all(&self, query: AllQuery<'_>, _: Sink<'_>) -> Result<AllPage, StoreError> {
        self.called("read_all");
        Ok(AllPage::new(query.after, 0, Rest::Nothing))
    }

    async fn end(&self) -> Result<Checkpoint, StoreError> {
        self.called("end");
        Ok(Checkpoint::START)
    }

    fn listen(&self) -> Listener {
        self.called("listen");
        Bell::new().listen()
    }

    async fn follow(&self, query: AllQuery<'_>, _: Sink<'_>) -> Result<AllPage, StoreError> {
        self.called("follow");
        Ok(AllPage::new(query.after, 0, Rest::Nothing))
    }
}

#[async_trait]
impl ListStreams for Probe {
    async fn list_streams(&self, _: ListQuery<'_>) -> Result<Vec<StreamSummary>, StoreError> {
        self.called("list_streams");
        Ok(Vec::new())
    }
}

#[async_trait]
impl FindEvents for Probe {
    async fn find(&self, _: Find, _: Sink<'_>) -> Result<(), StoreError> {
        self.called("find");
        Ok(())
    }
}

#[async_trait]
impl CloseStreams for Probe {
    async fn close_stream(&self, _: &StreamId, _: Revision) -> Result<bool, StoreError> {
        self.called("close_stream");
        Ok(true)
    }
}

#[async_trait]
impl ExportStore for Probe {
    async fn export_names(&self) -> Result<StoredNames, StoreError> {
        self.called("export_names");
        Ok(StoredNames::default())
    }

    async fn export_commands(
        &self,
        _: Option<&StoredCommand>,
        _: usize,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        self.called("export_commands");
        Ok(Vec::new())
    }

    async fn export_closed(&self, _: Option<&StreamId>, _: usize) -> Result<Vec<StreamId>, StoreError> {
        self.called("export_closed");
        Ok(Vec::new())
    }
}

#[async_trait]
impl ImportStore for Probe {
    async fn import_names(&self, _: &StoredNames) -> Result<(), StoreError> {
        self.called("import_names");
        Ok(())
    }

    async fn import_events(&self, _: &[RawEvent<'_>]) -> Result<(), StoreError> {
        self.called("import_events");
        Ok(())
    }

    async fn import_commands(&self, _: &[StoredCommand]) -> Result<(), StoreError> {
        self.called("import_commands");
        Ok(())
    }

    async fn import_closed(&self, _: &[StreamId]) -> Result<(), StoreError> {
        self.called("import_closed");
        Ok(())
    }
}
