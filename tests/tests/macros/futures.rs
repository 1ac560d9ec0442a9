//! Commands executed anywhere: spawned, boxed, and in code that is generic over the aggregate.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

use es_core::store::StreamRange;
use es_core::{
    Aggregate, Apply, EventStore, Events, Handle, MemoryStore, Recorded, Repository, Revision, StoreError,
    emit, event,
};

#[event(name = "counter.added")]
struct Added {
    by: u64,
}

#[derive(Debug, Default, Aggregate)]
#[aggregate(name = "counter", id = String, events(Added))]
struct Counter {
    total: u64,
}

impl Apply<Added> for Counter {
    fn apply(&mut self, event: Added) {
        self.total += event.by;
    }
}

struct Add(u64);

impl Handle<Add> for Counter {
    type Error = Infallible;

    fn handle(&self, command: &Add) -> Result<Events<Self>, Infallible> {
        emit(Added { by: command.0 })
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, Box<dyn Error + Send + Sync>>> + Send>>;

fn boxed(counters: Arc<Repository<Counter, MemoryStore>>, by: u64) -> Boxed<u64> {
    Box::pin(async move {
        let id = String::from("visits");
        counters.execute(&id, Add(by)).await?;
        Ok(counters.load(&id).await?.state.total)
    })
}

async fn run<A, C, S>(
    repository: &Repository<A, S>,
    id: &A::Id,
    command: C,
) -> Result<(), Box<dyn Error + Send + Sync>>
where
    A: Handle<C>,
    C: Send + Sync,
    S: EventStore + 'static,
{
    repository.execute(id, command).await?;
    Ok(())
}

async fn revision_of<A: Aggregate, S: EventStore + 'static>(store: S, id: &A::Id) -> Option<u64> {
    let repository = Repository::<A, S>::new(store);
    repository.load(id).await.ok().map(|loaded| loaded.revision.get())
}

#[tokio::test]
async fn a_command_runs_in_a_spawned_task_and_in_a_boxed_future() -> Result<(), Box<dyn Error + Send + Sync>>
{
    let counters = Arc::new(Repository::<Counter, _>::new(MemoryStore::new()));
    let task = tokio::spawn({
        let counters = Arc::clone(&counters);
        async move { counters.execute(&String::from("visits"), Add(2)).await.map(|done| done.events.len()) }
    });
    assert_eq!(task.await??, 1);
    let decided = tokio::spawn({
        let counters = Arc::clone(&counters);
        async move {
            let decide = async |state: Arc<Counter>| emit::<_, Infallible>(Added { by: state.total });
            counters.decide(&String::from("visits"), decide).await.map(|done| done.events.len())
        }
    });
    assert_eq!(decided.await??, 1);
    assert_eq!(boxed(Arc::clone(&counters), 3).await?, 7);
    Ok(())
}

#[event(name = "shelf.filled")]
struct Filled;

#[derive(Debug, Default, Aggregate)]
#[aggregate(name = "shelf", id = u64, events(Filled))]
struct Shelf;

impl Apply<Filled> for Shelf {
    fn apply(&mut self, _: Filled) {}
}

/// An id of text is named by text or by a `String`, a typed one by a reference to it, whose type is inferred.
#[tokio::test]
async fn an_aggregate_is_named_by_its_id() -> Result<(), Box<dyn Error + Send + Sync>> {
    let counters = Repository::<Counter, _>::new(MemoryStore::new());
    let task = tokio::spawn({
        let counters = counters.clone();
        async move {
            let borrowed = String::from("visits");
            counters.execute(borrowed.as_str(), Add(1)).await.map(|done| done.revision)
        }
    });
    assert_eq!(task.await??, 1.into());
    let owned = String::from("visits");
    counters.execute(&owned, Add(2)).await?;
    counters.execute("visits", Add(3)).await?;
    assert_eq!(counters.load("visits").await?.state.total, 6);
    assert_eq!(counters.load_at(&owned, 2).await?.state.total, 3);
    assert_eq!(counters.load_at("visits", Revision::new(1)).await?.state.total, 1);

    let shelves = Repository::<Shelf, _>::new(MemoryStore::new());
    shelves.decide(&7, async |_| emit::<Shelf, Infallible>(Filled)).await?;
    assert_eq!(shelves.load(&"7".parse()?).await?.revision, 1.into());
    Ok(())
}

#[tokio::test]
async fn a_range_of_revisions_is_written_as_one() -> Result<(), Box<dyn Error + Send + Sync>> {
    let counters = Repository::<Counter, _>::new(MemoryStore::new());
    for by in 1..=5 {
        counters.execute("visits", Add(by)).await?;
    }
    let read = async |range: StreamRange| -> Result<Vec<u64>, StoreError> {
        let mut revisions = Vec::new();
        let take = |recorded: Recorded<CounterEvent>| {
            revisions.push(recorded.revision.get());
            Ok(())
        };
        counters.history("visits", range, take).await?;
        Ok(revisions)
    };
    assert_eq!(read((..).into()).await?, [1, 2, 3, 4, 5]);
    assert_eq!(read((4..).into()).await?, [4, 5]);
    assert_eq!(read((2..4).into()).await?, [2, 3]);
    assert_eq!(read((2..=4).into()).await?, [2, 3, 4]);
    assert_eq!(read((..2).into()).await?, [1]);
    assert_eq!(read((..=Revision::new(2)).into()).await?, [1, 2]);
    assert_eq!(read(StreamRange::from(2.into()).to(4.into()).backward()).await?, [4, 3, 2]);
    for empty in [StreamRange::from(4.into()).to(2.into()), (3..3).into(), (..0).into(), (9..).into()] {
        assert_eq!(read(empty).await?, [0; 0], "{empty:?}");
        assert_eq!(read(empty.backward()).await?, [0; 0], "{empty:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_command_runs_from_generic_code() -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = String::from("visits");
    run(&Repository::<Counter, _>::new(MemoryStore::new()), &id, Add(1)).await?;
    assert_eq!(revision_of::<Counter, _>(MemoryStore::new(), &id).await, Some(0));
    Ok(())
}

/// At each call, a future is moved in memory with everything in it.
#[test]
fn the_futures_of_a_repository_are_small() {
    let counters = Repository::<Counter, _>::new(MemoryStore::new());
    let id = String::from("visits");
    let sizes = [
        ("execute", size_of_val(&counters.execute(&id, Add(1)))),
        ("load", size_of_val(&counters.load(&id))),
    ];
    println!("{sizes:?}");
    for (call, bytes) in sizes {
        assert!(bytes <= 5_120, "the future of {call} has {bytes} bytes");
    }
}
