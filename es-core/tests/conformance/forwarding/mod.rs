//! A store that forwards to another one leaves nothing to the defaults of a trait.

mod probe;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use es_core::model::NewSnapshot;
use es_core::shape::Fingerprint;
use es_core::store::{
    AllPage, AllQuery, Append, AppendIn, AppendOutcome, Checkpoint, CloseStreams, CommandRecord, Decision,
    ExportStore, Filter, Find, FindEvents, ImportStore, Limits, ListQuery, ListStreams, Load, LoadSink,
    ReadAll, Sink, StreamHead, StreamRange,
};
use es_core::uuid::Uuid;
use es_core::{EventStore, Revision, StoreError, StreamId};
use probe::Probe;

/// Every trait of a store, for objects.
trait Whole: AppendIn<Vec<u8>> + ReadAll + ListStreams + FindEvents + CloseStreams + ImportStore {}

impl<S: AppendIn<Vec<u8>> + ReadAll + ListStreams + FindEvents + CloseStreams + ImportStore + ?Sized> Whole
    for S
{
}

/// Calls every method of every trait.
async fn call_all<S: Whole + ?Sized>(store: &S) -> Result<(), StoreError> {
    let stream = StreamId::new("door", "7")?;
    let append = Append::new(&stream, Revision::EMPTY, &[]);
    let _outcome = store.append(append).await?;
    let _outcome = store.submit(append).await?.await?;
    let command = CommandRecord::new(Uuid::nil().into(), "Open");
    let decision = Decision::empty(&stream, Revision::EMPTY, command);
    let _remembered = store.remember(decision).await?;
    store.append_all(&[append]).await?;
    store.load(Load::all(&stream), &mut |_| Ok(())).await?;
    store.load_many(&[], None, &mut |_, _| Ok(())).await?;
    store.read_stream(&stream, StreamRange::ALL, &mut |_| Ok(())).await?;
    assert_eq!(store.limits(), Limits::NONE);
    let nothing = NewSnapshot::new(stream.clone(), Revision::EMPTY, Fingerprint::EMPTY, Vec::new());
    store.save_snapshot(nothing).await?;
    store.register(&[]).await?;
    store.rename_category("door", &[]).await?;

    let mut tx = Vec::new();
    let _outcome = store.append_in(&mut tx, append).await?;
    store.load_in(&mut tx, Load::all(&stream), &mut |_| Ok(())).await?;
    let _remembered = store.remember_in(&mut tx, decision).await?;

    let all = Filter::new();
    store.read_all(AllQuery::after(Checkpoint::START, &all), &mut |_| Ok(())).await?;
    store.follow(AllQuery::after(Checkpoint::START, &all), &mut |_| Ok(())).await?;
    store.end().await?;
    drop(store.listen());

    store.find(Find::Event(Uuid::nil()), &mut |_| Ok(())).await?;
    store.list_streams(ListQuery::category("door")).await?;
    store.close_stream(&stream, Revision::EMPTY).await?;

    let names = store.export_names().await?;
    store.export_commands(None, 1).await?;
    store.export_closed(None, 1).await?;
    store.import_names(&names).await?;
    store.import_events(&[]).await?;
    store.import_commands(&[]).await?;
    store.import_closed(&[]).await
}

/// The sources of the traits that the macro writes.
const TRAITS: [&str; 8] = [
    include_str!("../../../src/store/event_store.rs"),
    include_str!("../../../src/store/append_in.rs"),
    include_str!("../../../src/store/read_all.rs"),
    include_str!("../../../src/store/list_streams.rs"),
    include_str!("../../../src/store/find_events.rs"),
    include_str!("../../../src/store/close_streams.rs"),
    include_str!("../../../src/store/export_store.rs"),
    include_str!("../../../src/store/import_store.rs"),
];

/// The names of the methods of all traits, read from their sources.
fn methods() -> BTreeSet<&'static str> {
    let of_trait = |source: &'static str| {
        let (_, body) = source.split_once("pub trait ").expect("a trait");
        let (body, _) = body.split_once("\n}\n").expect("its end");
        let named = body.lines().filter_map(|line| {
            let line = line.strip_prefix("    ")?;
            line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "))?.split(['(', '<']).next()
        });
        let methods: Vec<_> = named.collect();
        assert!(!methods.is_empty(), "{body}");
        methods
    };
    TRAITS.into_iter().flat_map(of_trait).collect()
}

/// Each file of the contract with a trait in it is read here, and each trait is one that the macro writes.
#[test]
fn every_trait_of_a_store_is_looked_at() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store");
    let files = std::fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path());
    let sources = files.map(|path| std::fs::read_to_string(path).expect("a source"));
    let traits: usize = sources.map(|source| source.matches("\npub trait ").count()).sum();
    assert_eq!(traits, TRAITS.len());
}

struct Wrapper<S>(S);

impl<S: EventStore> EventStore for Wrapper<S> {
    es_core::forward_event_store!(EventStore to |this| &this.0);
}

impl<S: AppendIn<Vec<u8>>> AppendIn<Vec<u8>> for Wrapper<S> {
    es_core::forward_event_store!(AppendIn<Vec<u8>> to |this| &this.0);
}

impl<S: ReadAll> ReadAll for Wrapper<S> {
    es_core::forward_event_store!(ReadAll to |this| &this.0);
}

impl<S: ListStreams> ListStreams for Wrapper<S> {
    es_core::forward_event_store!(ListStreams to |this| &this.0);
}

impl<S: FindEvents> FindEvents for Wrapper<S> {
    es_core::forward_event_store!(FindEvents to |this| &this.0);
}

impl<S: CloseStreams> CloseStreams for Wrapper<S> {
    es_core::forward_event_store!(CloseStreams to |this| &this.0);
}

impl<S: ExportStore> ExportStore for Wrapper<S> {
    es_core::forward_event_store!(ExportStore to |this| &this.0);
}

impl<S: ImportStore> ImportStore for Wrapper<S> {
    es_core::forward_event_store!(ImportStore to |this| &this.0);
}

#[tokio::test]
async fn every_method_of_a_store_is_forwarded() {
    let (probe, all) = (Arc::new(Probe::default()), methods());
    call_all(&*probe).await.expect("no error");
    assert_eq!(probe.take(), all, "every method is called here");
    let object: Arc<dyn Whole> = Arc::clone(&probe) as _;
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

/// Counts in its `append` and its `read_all`.
struct Counted(Arc<Probe>, Mutex<u32>);

impl Counted {
    fn count(&self) {
        *self.1.lock().expect("no panic") += 1;
    }
}

#[async_trait]
impl EventStore for Counted {
    es_core::forward_event_store!(EventStore to |this| &this.0, except append);

    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        self.count();
        self.0.append(append).await
    }
}

#[async_trait]
impl ReadAll for Counted {
    es_core::forward_event_store!(ReadAll to |this| &this.0, except read_all);

    async fn read_all(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        self.count();
        self.0.read_all(query, sink).await
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

/// Loads one stream by itself.
struct LoadsItself(Arc<Probe>);

#[async_trait]
impl EventStore for LoadsItself {
    es_core::forward_event_store!(EventStore to |this| &this.0, except load);

    async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        self.0.load(load, sink).await
    }
}

#[tokio::test]
async fn what_is_loaded_together_does_not_pass_by_a_wrappers_load() {
    let store = LoadsItself(Arc::default());
    let streams = ["7", "8"].map(|key| StreamId::new("door", key).expect("a valid key"));
    let heads = store.load_many(&streams, None, &mut |_, _| Ok(())).await.expect("no error");
    assert_eq!((heads.len(), store.0.take()), (2, BTreeSet::from(["load"])));
}

#[tokio::test]
async fn who_follows_does_not_pass_by_a_wrappers_read() {
    let (store, all) = (Counted(Arc::default(), Mutex::new(0)), Filter::new());
    let query = AllQuery::after(Checkpoint::START, &all);
    store.follow(query, &mut |_| Ok(())).await.expect("no error");
    assert_eq!(*store.1.lock().expect("no panic"), 1);
    assert_eq!(store.0.take(), BTreeSet::from(["read_all"]));
}
