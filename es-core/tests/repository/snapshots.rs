//! Snapshots shorten loads, are taken in the background, and never change a state.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::common::{Account, Deposit, Meddler, Open};
use es_core::model::NewSnapshot;
use es_core::store::StreamRange;
use es_core::{Aggregate, EventStore, Repository, Revision, StreamId};
use tokio::sync::Semaphore;

fn id() -> String {
    "A-17".into()
}

async fn deposit(accounts: &Repository<Account, Meddler>, times: i64) {
    for cents in 1..=times {
        accounts.execute(&id(), Deposit(cents)).await.expect("deposited");
        accounts.settle().await;
    }
}

#[tokio::test]
async fn a_snapshot_is_taken_every_n_events_and_loads_start_from_it() {
    let store = Meddler::default();
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.execute(&id(), Open).await.expect("opened");
    deposit(&accounts, 11).await;
    assert_eq!(Meddler::count(&store.snapshots_kept), 2, "at revisions 5 and 10");
    let mut ids = Vec::new();
    let take = |event: es_core::Recorded<_>| {
        ids.push(event.event_id);
        Ok(())
    };
    accounts.history(&id(), StreamRange::ALL, take).await.expect("the events");
    let folded_up_to = store.folded_up_to.lock().expect("no panic").clone();
    let expected = [(5, ids[4]), (10, ids[9])].map(|(revision, id)| (Revision::new(revision), Some(id)));
    assert_eq!(folded_up_to, expected, "a store that lost these events will not keep them");

    store.events_loaded.store(0, Ordering::SeqCst);
    let loaded = accounts.load(&id()).await.expect("a state");
    assert_eq!(Meddler::count(&store.events_loaded), 2, "only those after revision 10");
    assert_eq!((loaded.state.cents, loaded.revision.get()), (66, 12));
    assert_eq!(loaded.state.deposits, (1..=11).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_command_does_not_wait_for_its_snapshot() {
    let gate = Arc::new(Semaphore::new(0));
    let store = Meddler { snapshot_gate: Some(Arc::clone(&gate)), ..Meddler::default() };
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.execute(&id(), Open).await.expect("opened");
    for cents in 1..=20 {
        accounts.execute(&id(), Deposit(cents)).await.expect("deposited, though no snapshot can be kept");
    }
    assert_eq!(Meddler::count(&store.snapshots_kept), 0);
    gate.add_permits(100);
    accounts.settle().await;
    assert!(Meddler::count(&store.snapshots_kept) > 0);
    assert_eq!(accounts.load(&id()).await.expect("a state").state.cents, 210);
}

#[tokio::test]
async fn a_snapshot_that_does_not_decode_is_ignored() {
    let store = Meddler::default();
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.execute(&id(), Open).await.expect("opened");
    deposit(&accounts, 3).await;
    let stream = StreamId::new("account", "A-17").expect("valid");
    let fingerprint = Account::snapshots().expect("snapshots").fingerprint;
    for broken in [&b"{}"[..], b"null", b"{\"open\":true,", b"[1,2]"] {
        let snapshot = NewSnapshot::new(stream.clone(), Revision::new(4), fingerprint, broken.to_vec());
        store.save_snapshot(snapshot).await.expect("kept");
        let loaded = accounts.load(&id()).await.expect("a state");
        assert_eq!((loaded.state.cents, loaded.revision.get()), (6, 4));
    }
    let done = accounts.execute(&id(), Deposit(4)).await.expect("deposited");
    assert_eq!(done.revision.get(), 5);
    assert_eq!(accounts.load(&id()).await.expect("a state").state.deposits, [1, 2, 3, 4]);
}

#[tokio::test]
async fn without_a_policy_none_is_taken() {
    use es_core::{Apply, Events, Handle, emit, event};

    #[event(name = "tally.counted")]
    struct Counted;
    #[derive(Aggregate, Default)]
    #[aggregate(name = "tally", id = u64, events(Counted))]
    struct Tally(u64);
    impl Apply<Counted> for Tally {
        fn apply(&mut self, _: Counted) {
            self.0 += 1;
        }
    }
    struct Count;
    impl Handle<Count> for Tally {
        type Error = std::convert::Infallible;
        fn handle(&self, _: &Count) -> Result<Events<Self>, Self::Error> {
            emit(Counted)
        }
    }

    assert!(Tally::snapshots().is_none());
    let store = Meddler::default();
    let tallies = Repository::<Tally, _>::new(store.clone());
    for _ in 0..50 {
        tallies.execute(&1, Count).await.expect("counted");
    }
    tallies.settle().await;
    assert_eq!(Meddler::count(&store.snapshots_kept), 0);
    assert_eq!(tallies.load(&1).await.expect("a state").state.0, 50);
}
