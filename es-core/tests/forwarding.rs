//! A store that forwards to another one leaves nothing to the defaults of the trait.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use es_core::{
    AllPage, AllQuery, Append, AppendIn, AppendOutcome, Bell, Catalogue, Checkpoint, CommandRecord, Decision,
    EventStore, Filter, Find, Fingerprint, Limits, Listener, Load, LoadSink, NewSnapshot, Remembered, Rest,
    Revision, Sink, StoreError, StreamHead, StreamId, StreamRange, StreamSummary, Submitted, Uuid,
};

/// Does nothing but write down which of its methods were called.
#[derive(Default)]
struct Probe(Mutex<BTreeSet<&'static str>>);

impl Probe {
    fn called(&self, method: &'static str) {
        self.0.lock().expect("no panic").insert(method);
    }

    fn take(&self) -> BTreeSet<&'static str> {
        std::mem::take(&mut *self.0.lock().expect("no panic"))
    }
}

#[async_trait]
impl EventStore for Probe {
    async fn append(&self, _: Append<'_>) -> Result<AppendOutcome, StoreError> {
        self.called("append");
        Ok(AppendOutcome::NotWritten)
    }

    async fn submit(&self, _: Append<'_>) -> Result<Submitted, StoreError> {
        self.called("submit");
        Ok(Box::pin(std::future::ready(Ok(AppendOutcome::NotWritten))))
    }

    async fn remember(&self, _: Decision<'_>) -> Result<Remembered, StoreError> {
        self.called("remember");
        Ok(Remembered::Kept)
    }

    async fn append_all(&self, _: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        self.called("append_all");
        Ok(Vec::new())
    }

    async fn load(&self, _: Load<'_>, _: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        self.called("load");
        Ok(StreamHead::default())
    }

    async fn read_stream(&self, _: &StreamId, _: StreamRange, _: Sink<'_>) -> Result<(), StoreError> {
        self.called("read_stream");
        Ok(())
    }

    async fn read_all(&self, query: AllQuery<'_>, _: Sink<'_>) -> Result<AllPage, StoreError> {
        self.called("read_all");
        Ok(AllPage::new(query.after, 0, Rest::Nothing))
    }

    async fn head(&self) -> Result<Checkpoint, StoreError> {
        self.called("head");
        Ok(Checkpoint::START)
    }

    async fn find(&self, _: Find, _: Sink<'_>) -> Result<(), StoreError> {
        self.called("find");
        Ok(())
    }

    async fn list_streams_with_prefix(
        &self,
        _: &str,
        _: &str,
        _: Option<&str>,
        _: usize,
    ) -> Result<Vec<StreamSummary>, StoreError> {
        self.called("list_streams_with_prefix");
        Ok(Vec::new())
    }

    fn listen(&self) -> Listener {
        self.called("listen");
        Bell::new().listen()
    }

    fn limits(&self) -> Limits {
        self.called("limits");
        Limits::NONE
    }

    async fn list_streams(
        &self,
        _: &str,
        _: Option<&str>,
        _: usize,
    ) -> Result<Vec<StreamSummary>, StoreError> {
        self.called("list_streams");
        Ok(Vec::new())
    }

    async fn close_stream(&self, _: &StreamId, _: Revision) -> Result<bool, StoreError> {
        self.called("close_stream");
        Ok(true)
    }

    async fn save_snapshot(&self, _: NewSnapshot) -> Result<(), StoreError> {
        self.called("save_snapshot");
        Ok(())
    }

    async fn register(&self, _: &Catalogue) -> Result<(), StoreError> {
        self.called("register");
        Ok(())
    }

    async fn rename_category(&self, _: &str, _: &[&str]) -> Result<(), StoreError> {
        self.called("rename_category");
        Ok(())
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

/// An event.
#[es_core::event(name = "door.opened")]
pub struct Opened;

/// An aggregate.
#[derive(es_core::Aggregate, Default)]
#[aggregate(name = "door", id = u64, events(Opened))]
pub struct Door;

impl es_core::Apply<Opened> for Door {
    fn apply(&mut self, _: Opened) {}
}

/// Calls every method of [`EventStore`].
async fn call_all<S: EventStore + ?Sized>(store: &S) -> Result<(), StoreError> {
    let stream = StreamId::new("door", "7")?;
    let append = Append::new(&stream, Revision::EMPTY, &[]);
    let _outcome = store.append(append).await?;
    let _outcome = store.submit(append).await?.await?;
    let command = CommandRecord { key: Uuid::nil().into(), name: "Open" };
    let _remembered = store.remember(Decision::empty(&stream, Revision::EMPTY, command)).await?;
    store.append_all(&[append]).await?;
    store.load(Load::all(&stream), &mut |_| Ok(())).await?;
    store.read_stream(&stream, StreamRange::ALL, &mut |_| Ok(())).await?;
    store.read_all(AllQuery::after(Checkpoint::START, &Filter::new()), &mut |_| Ok(())).await?;
    store.head().await?;
    store.find(Find::Event(Uuid::nil()), &mut |_| Ok(())).await?;
    store.list_streams_with_prefix("door", "", None, 1).await?;
    drop(store.listen());
    assert_eq!(store.limits(), Limits::NONE);
    store.list_streams("door", None, 1).await?;
    store.close_stream(&stream, Revision::EMPTY).await?;
    let nothing = NewSnapshot::new(stream.clone(), Revision::EMPTY, Fingerprint::EMPTY, Vec::new());
    store.save_snapshot(nothing).await?;
    store.register(&Catalogue::of::<Door>()).await?;
    store.rename_category("door", &[]).await
}

async fn call_all_in<S: AppendIn<Vec<u8>> + ?Sized>(store: &S) -> Result<(), StoreError> {
    let (mut tx, stream) = (Vec::new(), StreamId::new("door", "7")?);
    let _outcome = store.append_in(&mut tx, Append::new(&stream, Revision::EMPTY, &[])).await?;
    store.load_in(&mut tx, Load::all(&stream), &mut |_| Ok(())).await?;
    let command = CommandRecord { key: Uuid::nil().into(), name: "Open" };
    let _remembered = store.remember_in(&mut tx, Decision::empty(&stream, Revision::EMPTY, command)).await?;
    Ok(())
}

/// The names of the methods of a trait, read from its source.
fn methods_of(name: &str) -> BTreeSet<&'static str> {
    let source = include_str!("../src/store/mod.rs");
    let (_, body) = source.split_once(&format!("pub trait {name}")).expect("the trait");
    let (body, _) = body.split_once("\n}\n").expect("its end");
    let named = body.lines().filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "))?.split(['(', '<']).next()
    });
    let methods: BTreeSet<_> = named.collect();
    assert!(methods.len() > 1, "{methods:?}");
    methods
}

struct Wrapper<S>(S);

#[async_trait]
impl<S: EventStore> EventStore for Wrapper<S> {
    es_core::forward_event_store!(to | this | &this.0);
}

#[tokio::test]
async fn every_method_of_a_store_is_forwarded() {
    let (probe, all) = (Arc::new(Probe::default()), methods_of("EventStore"));
    call_all(&*probe).await.expect("no error");
    assert_eq!(probe.take(), all, "every method is called here");
    let object: Arc<dyn EventStore> = Arc::clone(&probe) as _;
    call_all(&probe).await.expect("no error");
    assert_eq!(probe.take(), all, "by Arc");
    call_all(&object).await.expect("no error");
    assert_eq!(probe.take(), all, "by Arc of an object");
    call_all(&&*probe).await.expect("no error");
    assert_eq!(probe.take(), all, "by reference");
    call_all(&Box::new(Arc::clone(&probe))).await.expect("no error");
    assert_eq!(probe.take(), all, "by Box");
    call_all(&Wrapper(Arc::clone(&probe))).await.expect("no error");
    assert_eq!(probe.take(), all, "by the macro");
}

#[tokio::test]
async fn every_method_for_a_callers_transaction_is_forwarded() {
    let (probe, all) = (Arc::new(Probe::default()), methods_of("AppendIn"));
    call_all_in(&*probe).await.expect("no error");
    assert_eq!(probe.take(), all, "every method is called here");
    call_all_in(&probe).await.expect("no error");
    assert_eq!(probe.take(), all, "by Arc");
    call_all_in(&&*probe).await.expect("no error");
    assert_eq!(probe.take(), all, "by reference");
    call_all_in(&Box::new(Arc::clone(&probe))).await.expect("no error");
    assert_eq!(probe.take(), all, "by Box");
}

/// Counts in its `append`.
struct Counted(Arc<Probe>, Mutex<u32>);

#[async_trait]
impl EventStore for Counted {
    es_core::forward_event_store!(to |this| &this.0, except append);

    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        *self.1.lock().expect("no panic") += 1;
        self.0.append(append).await
    }
}

#[tokio::test]
async fn what_is_submitted_does_not_pass_by_a_wrappers_append() {
    let store = Counted(Arc::default(), Mutex::new(0));
    let stream = StreamId::new("door", "7").expect("a valid key");
    let submitted = store.submit(Append::new(&stream, Revision::EMPTY, &[])).await.expect("no error");
    let _outcome = submitted.await.expect("no error");
    assert_eq!(*store.1.lock().expect("no panic"), 1);
    assert_eq!(store.0.take(), BTreeSet::from(["append"]));
}
