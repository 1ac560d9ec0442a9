//! Events that are written as the previous version, while programs run that know no other.

#![allow(missing_docs, reason = "aggregates that only these tests look at")]

use std::convert::Infallible;

use es_core::model::DowncastTo;
use es_core::store::StreamRange;
use es_core::testing::{given, read};
use es_core::{
    Aggregate, Apply, Event, Events, ExecuteError, Handle, MemoryStore, Recorded, Repository, Revision,
    StoreError, UpcastContext, UpcastFrom, emit, event,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub struct Deposit(i64);

#[derive(Debug)]
pub struct TooMuch;

impl std::fmt::Display for TooMuch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("more than version 1 can say")
    }
}

impl std::error::Error for TooMuch {}

mod before {
    use super::*;

    #[event(name = "account.deposited")]
    #[derive(Debug)]
    pub struct Deposited {
        pub euros: u8,
    }

    #[derive(Aggregate, Debug, Default, PartialEq)]
    #[aggregate(name = "account", id = String, events(Deposited))]
    pub struct Account {
        pub euros: Vec<u8>,
    }

    impl Apply<Deposited> for Account {
        fn apply(&mut self, event: Deposited) {
            self.euros.push(event.euros);
        }
    }

    impl Handle<Deposit> for Account {
        type Error = Infallible;
        fn handle(&self, Deposit(cents): &Deposit) -> Result<Events<Self>, Infallible> {
            emit(Deposited { euros: u8::try_from(cents / 100).unwrap_or(u8::MAX) })
        }
    }
}

mod now {
    use super::*;

    /// Cents are lost on conversion to version 1.
    #[event(name = "account.deposited", version = 2, previous = before::Deposited, write_as = 1)]
    pub struct Deposited {
        pub cents: i64,
    }

    impl DowncastTo<before::Deposited> for Deposited {
        type Error = TooMuch;
        fn downcast_to(&self) -> Result<before::Deposited, TooMuch> {
            u8::try_from(self.cents / 100).map(|euros| before::Deposited { euros }).map_err(|_| TooMuch)
        }
    }

    impl UpcastFrom<before::Deposited> for Deposited {
        type Error = Infallible;
        fn upcast_from(old: before::Deposited, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
            Ok(Self { cents: i64::from(old.euros) * 100 })
        }
    }

    #[derive(Aggregate, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[aggregate(name = "account", id = String, events(Deposited), snapshot(every = 2))]
    pub struct Account {
        pub cents: Vec<i64>,
    }

    impl Apply<Deposited> for Account {
        fn apply(&mut self, event: Deposited) {
            self.cents.push(event.cents);
        }
    }

    impl Handle<Deposit> for Account {
        type Error = Infallible;
        fn handle(&self, Deposit(cents): &Deposit) -> Result<Events<Self>, Infallible> {
            emit(Deposited { cents: *cents })
        }
    }
}

fn both() -> (MemoryStore, Repository<before::Account, MemoryStore>, Repository<now::Account, MemoryStore>) {
    let store = MemoryStore::new();
    (store.clone(), Repository::new(store.clone()), Repository::new(store))
}

#[tokio::test]
async fn old_and_new_programs_write_and_read_one_stream() {
    let (_, old, new) = both();
    let id = String::from("1");
    old.execute(&id, Deposit(100)).await.expect("no conflict");
    let done = new.execute(&id, Deposit(250)).await.expect("no conflict");
    assert_eq!((done.events[0].version, done.events[0].stored_version), (2, 1));
    old.execute(&id, Deposit(300)).await.expect("no conflict");
    assert_eq!(old.load(&id).await.expect("it is read").state.euros, [1, 2, 3]);
    assert_eq!(new.load(&id).await.expect("it is read").state.cents, [100, 200, 300]);

    let mut stored = Vec::new();
    let mut take = |event: Recorded<now::AccountEvent>| {
        stored.push((event.version, event.stored_version));
        Ok(())
    };
    new.history(&id, StreamRange::ALL, &mut take).await.expect("it is read");
    assert_eq!(stored, [(2, 1); 3]);
}

#[tokio::test]
async fn a_snapshot_equals_the_state_of_a_replay() {
    let (store, _, new) = both();
    let id = String::from("1");
    new.execute(&id, Deposit(150)).await.expect("no conflict");
    new.execute(&id, Deposit(250)).await.expect("no conflict");
    new.settle().await;
    let mut snapshot = None;
    let mut take = |item: es_core::store::LoadItem<'_>| {
        if let es_core::store::LoadItem::Snapshot { revision, state, .. } = item {
            snapshot = Some((revision, String::from_utf8_lossy(state).into_owned()));
        }
        Ok(())
    };
    let stream = new.stream_id(&id).expect("valid");
    let fingerprint = now::Account::snapshots().map(|snapshots| snapshots.fingerprint);
    let load = es_core::store::Load::all(&stream).snapshot(fingerprint);
    es_core::EventStore::load(&store, load, &mut take).await.expect("a load");
    assert_eq!(snapshot, Some((Revision::new(2), r#"{"cents":[100,200]}"#.to_owned())));
}

#[tokio::test]
async fn an_event_that_the_previous_version_cannot_express_is_not_written() {
    let (_, _, new) = both();
    let id = String::from("1");
    let error = new.execute(&id, Deposit(100_000)).await.expect_err("too much");
    let ExecuteError::Store(StoreError::Encode(error)) = error else { panic!("{error}") };
    assert_eq!((error.name, error.version), ("account.deposited", 1));
    assert_eq!(error.source.to_string(), "more than version 1 can say");
    assert_eq!(new.load(&id).await.expect("it is read").revision, Revision::EMPTY);
}

#[test]
fn both_versions_are_read_and_the_test_kit_reads_what_would_be_stored() {
    assert_eq!((now::Deposited::VERSION, now::Deposited::WRITTEN_VERSION), (2, 1));
    assert_eq!((before::Deposited::VERSION, before::Deposited::WRITTEN_VERSION), (1, 1));
    let event: now::Deposited = read(2, &json!({ "cents": 5 })).expect("the newest version is known");
    assert_eq!(event.cents, 5);
    given::<now::Account>(now::Deposited { cents: 250 })
        .and_stored("account.deposited", 2, &json!({ "cents": 5 }))
        .and_stored("account.deposited", 1, &json!({ "euros": 7 }))
        .then_state(&now::Account { cents: vec![200, 5, 700] });
}
