//! Encoding stops at the limit: what is far too large is not encoded to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use es_core::codec::Payload;
use es_core::store::{Limits, Load, LoadItem};
use es_core::{
    Aggregate, Apply, Event, EventStore, ExecuteError, ExecuteOptions, MemoryStore, Metadata, Repository,
    StoreError, emit, event,
};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};

const MIB: usize = 1 << 20;

/// The count of serialized numbers, for each test, as tests run in parallel.
static OF_EVENTS: AtomicUsize = AtomicUsize::new(0);
static OF_SNAPSHOTS: AtomicUsize = AtomicUsize::new(0);

/// Serializes this number of numbers, and counts them.
fn count<S: Serializer>(numbers: usize, counter: &AtomicUsize, serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(numbers))?;
    for number in 0..numbers {
        counter.fetch_add(1, Ordering::SeqCst);
        list.serialize_element(&number)?;
    }
    list.end()
}

#[derive(Debug, Default)]
struct Numbers(usize);

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        count(self.0, &OF_EVENTS, serializer)
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<usize>::deserialize(deserializer).map(|numbers| Self(numbers.len()))
    }
}

#[event(name = "list.written")]
struct Written {
    #[shape("list<u64>")]
    numbers: Numbers,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "list", id = String, events(Written))]
struct List {
    length: usize,
}

impl Apply<Written> for List {
    fn apply(&mut self, event: Written) {
        self.length += event.numbers.0;
    }
}

fn id() -> String {
    "A-17".into()
}

async fn write<S: EventStore + 'static>(
    lists: &Repository<List, S>,
    numbers: &[usize],
    options: ExecuteOptions,
) -> Result<u64, ExecuteError<StoreError>> {
    let decide = async |_: Arc<List>| {
        emit(numbers.iter().map(|numbers| Written { numbers: Numbers(*numbers) }).collect::<Vec<_>>())
    };
    lists.decide_with(&id(), options, decide).await.map(|done| done.revision.get())
}

#[tokio::test]
async fn a_payload_is_encoded_up_to_the_limit_and_no_further() {
    let store = MemoryStore::new();
    assert_eq!(store.limits().payload_bytes, MIB);
    let lists = Repository::<List, _>::new(store.clone());
    let refused = |error| match error {
        ExecuteError::Store(StoreError::TooLarge {
            name: "list.written",
            part: "payload",
            bytes,
            limit,
            ..
        }) => (bytes, limit),
        other => panic!("{other}"),
    };
    OF_EVENTS.store(0, Ordering::SeqCst);
    let error = write(&lists, &[3, 100_000_000, 5], ExecuteOptions::new()).await.expect_err("too large");
    let (bytes, limit) = refused(error);
    assert!(limit == MIB && bytes > MIB && bytes < MIB + 100, "{bytes}");
    // A number and its comma are two bytes at least.
    assert!(OF_EVENTS.load(Ordering::SeqCst) < MIB / 2);

    // Behind a pointer, and with a limit of its own.
    let small = Limits::default().payload_bytes(20);
    let shared: Arc<dyn EventStore> = Arc::new(MemoryStore::new().with_limits(small));
    let lists = Repository::<List, _>::new(shared);
    // `{"numbers":[0,1,2]}` has 19 bytes.
    write(&lists, &[3], ExecuteOptions::new()).await.expect("small enough");
    let error = write(&lists, &[4], ExecuteOptions::new()).await.expect_err("too large");
    assert_eq!(refused(error).1, 20);
    assert_eq!(lists.load(&id()).await.expect("a state").state.length, 3);

    let mut payload = Payload::within(19);
    assert!(Written { numbers: Numbers(3) }.encode(&mut payload).is_ok());
    assert_eq!((payload.as_slice(), payload.refused()), (&br#"{"numbers":[0,1,2]}"#[..], None));
}

#[tokio::test]
async fn a_command_is_encoded_up_to_the_limit_of_an_append_and_no_further() {
    // Five events of 19 bytes with 22 bytes of metadata fit.
    let limits = Limits::default().append_bytes(5 * (19 + 22));
    let lists = Repository::<List, _>::new(MemoryStore::new().with_limits(limits));
    let options = || ExecuteOptions::new().metadata(Metadata::new().actor("1234567890"));
    write(&lists, &[3; 5], options()).await.expect("as much as is allowed");
    let error = write(&lists, &[3; 1_000], options()).await.expect_err("too much");
    let ExecuteError::Store(StoreError::AppendTooLarge { bytes, limit, .. }) = error else {
        panic!("{error}")
    };
    // The sixth event is the last one that was encoded.
    assert_eq!((bytes, limit), (6 * (19 + 22), limits.append_bytes));
    assert_eq!(lists.load(&id()).await.expect("a state").revision.get(), 5);
}

#[tokio::test]
async fn metadata_is_encoded_up_to_the_limit_and_no_further() {
    let lists = Repository::<List, _>::new(MemoryStore::new());
    let options = ExecuteOptions::new().metadata(Metadata::new().entry("list", vec![0; 2 * MIB]));
    let error = write(&lists, &[1], options).await.expect_err("too large");
    let ExecuteError::Store(StoreError::TooLarge { part: "metadata", bytes, limit, .. }) = error else {
        panic!("{error}")
    };
    assert!(limit == MIB && bytes > MIB && bytes < MIB + 100, "{bytes}");
}

/// A state that takes more and more.
#[derive(Aggregate, Default, Deserialize)]
#[aggregate(name = "heap", id = String, events(Written), snapshot(every = 1))]
struct Heap {
    #[shape("list<u64>")]
    numbers: Numbers,
}

impl Serialize for Heap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Counted(usize);
        impl Serialize for Counted {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                count(self.0, &OF_SNAPSHOTS, serializer)
            }
        }
        Serialize::serialize(
            &std::collections::BTreeMap::from([("numbers", Counted(self.numbers.0))]),
            serializer,
        )
    }
}

impl Apply<Written> for Heap {
    fn apply(&mut self, event: Written) {
        self.numbers.0 += event.numbers.0 * 1_000;
    }
}

#[tokio::test]
async fn a_snapshot_is_encoded_up_to_the_limit_and_the_command_goes_through() {
    let limits = Limits::default().snapshot_bytes(10_000);
    let heaps = Repository::<Heap, _>::new(MemoryStore::new().with_limits(limits));
    let stream = heaps.stream_id(&id()).expect("valid");
    let fingerprint = Heap::snapshots().map(|snapshots| snapshots.fingerprint);
    for (numbers, kept) in [(1, Some(1)), (100_000, Some(1))] {
        OF_SNAPSHOTS.store(0, Ordering::SeqCst);
        let decide = async |_: Arc<Heap>| emit::<_, StoreError>(Written { numbers: Numbers(numbers) });
        heaps.decide(&id(), decide).await.expect("written");
        heaps.settle().await;
        let mut found = None;
        let mut take = |item: LoadItem<'_>| {
            if let LoadItem::Snapshot { revision, .. } = item {
                found = Some(revision.get());
            }
            Ok(())
        };
        let load = Load::all(&stream).snapshot(fingerprint);
        heaps.store().load(load, &mut take).await.expect("a load");
        assert_eq!(found, kept);
        assert!(OF_SNAPSHOTS.load(Ordering::SeqCst) < 5_000);
    }
}
