//! Aggregates whose category had a different name before.

#![allow(missing_docs, reason = "aggregates that only these tests look at")]

use std::convert::Infallible;

use es_core::store::StreamRange;
use es_core::{
    Aggregate, Apply, EventStore, Events, ExecuteError, Handle, MemoryStore, Repository, Revision,
    StoreError, emit, event,
};
use serde::{Deserialize, Serialize};

#[event(name = "account.deposited")]
pub struct Deposited {
    cents: i64,
}

pub struct Deposit(i64);

/// One aggregate under several names, each a version of the program.
macro_rules! generation {
    ($module:ident: $($names:tt)*) => {
        mod $module {
            use super::*;

            #[derive(Aggregate, Debug, Default, Clone, Serialize, Deserialize)]
            #[aggregate($($names)*, id = String, events(Deposited), snapshot(every = 2))]
            pub struct Account {
                pub cents: i64,
            }

            impl Apply<Deposited> for Account {
                fn apply(&mut self, event: Deposited) {
                    self.cents += event.cents;
                }
            }

            impl Handle<Deposit> for Account {
                type Error = Infallible;
                fn handle(&self, Deposit(cents): &Deposit) -> Result<Events<Self>, Infallible> {
                    emit(Deposited { cents: *cents })
                }
            }
        }
    };
}

generation!(first: name = "konto");
generation!(second: name = "account", was("konto"));
generation!(third: name = "customer.account", was("account", "konto"));
generation!(forgetful: name = "account");

fn repository<A: Aggregate>(store: &MemoryStore) -> Repository<A, MemoryStore> {
    Repository::new(store.clone())
}

#[tokio::test]
async fn streams_of_the_former_name_belong_to_the_aggregate() {
    let store = MemoryStore::new();
    let id = String::from("1");
    repository::<first::Account>(&store).execute(&id, Deposit(1)).await.expect("no conflict");

    let accounts = repository::<second::Account>(&store);
    assert_eq!(accounts.ids(None, 9).await.expect("a list"), [(id.clone(), Revision::new(1))]);
    let done = accounts.execute(&id, Deposit(2)).await.expect("no conflict");
    assert_eq!((done.revision, done.events[0].stream.category()), (Revision::new(2), "account"));
    assert_eq!(accounts.load(&id).await.expect("it is read").state.cents, 3);

    let accounts = repository::<third::Account>(&store);
    let now = time::OffsetDateTime::now_utc();
    assert_eq!(accounts.load_as_of(&id, now).await.expect("it is read").state.cents, 3);
    let mut seen = Vec::new();
    let mut take = |event: es_core::Recorded<third::AccountEvent>| {
        seen.push((event.revision.get(), event.stream.to_string()));
        Ok(())
    };
    accounts.history(&id, StreamRange::ALL, &mut take).await.expect("it is read");
    assert_eq!(seen, [(1, "customer.account/1".to_owned()), (2, "customer.account/1".to_owned())]);
}

#[tokio::test]
async fn an_old_program_continues_next_to_a_new_one() {
    let store = MemoryStore::new();
    let id = String::from("1");
    let (old, new) = (repository::<first::Account>(&store), repository::<third::Account>(&store));
    new.execute(&id, Deposit(1)).await.expect("no conflict");
    old.execute(&id, Deposit(2)).await.expect("no conflict");
    new.execute(&id, Deposit(4)).await.expect("no conflict");
    old.settle().await;
    new.settle().await;
    for cents in [old.load(&id).await.map(|a| a.state.cents), new.load(&id).await.map(|a| a.state.cents)] {
        assert_eq!(cents.expect("it is read"), 7);
    }
}

#[tokio::test]
async fn each_way_to_a_stream_registers_the_former_names_first() {
    let id = String::from("1");
    for way in 0..6 {
        let store = MemoryStore::new();
        repository::<first::Account>(&store).execute(&id, Deposit(1)).await.expect("no conflict");
        let accounts = repository::<second::Account>(&store);
        let revision = match way {
            0 => accounts.load(&id).await.expect("a load").revision,
            1 => accounts.load_at(&id, Revision::new(1)).await.expect("a load").revision,
            2 => accounts.load_as_of(&id, time::OffsetDateTime::now_utc()).await.expect("a load").revision,
            3 => {
                let mut last = Revision::EMPTY;
                let mut take = |event: es_core::Recorded<second::AccountEvent>| {
                    last = event.revision;
                    Ok(())
                };
                accounts.history(&id, StreamRange::ALL, &mut take).await.expect("it is read");
                last
            }
            4 => accounts.ids(None, 1).await.expect("a list")[0].1,
            _ => {
                let done = accounts.decide(&id, async |_| Ok::<_, Infallible>(Events::none())).await;
                done.expect("no conflict").revision
            }
        };
        assert_eq!(revision, Revision::new(1), "way {way}");
    }
}

#[tokio::test]
async fn a_former_name_that_is_added_too_late_is_rejected_as_streams_would_be_mixed() {
    let store = MemoryStore::new();
    let id = String::from("1");
    repository::<first::Account>(&store).execute(&id, Deposit(1)).await.expect("no conflict");
    repository::<forgetful::Account>(&store).execute(&id, Deposit(2)).await.expect("no conflict");
    let error =
        repository::<second::Account>(&store).execute(&id, Deposit(4)).await.expect_err("two categories");
    assert!(matches!(&error, ExecuteError::Store(StoreError::SplitCategory { .. })), "{error}");
    assert_eq!(
        error.to_string(),
        "`account` and `konto` are two categories of this store, each with streams of its own, and cannot become one; take \
         `konto` out of `was(…)`, or give the aggregate a name that is not in use"
    );
    assert!(store.rename_category("account", &["konto"]).await.is_err());
}

#[test]
fn the_aggregate_returns_its_names() {
    assert_eq!((third::Account::NAME, third::Account::WAS), ("customer.account", &["account", "konto"][..]));
    assert_eq!(first::Account::WAS, [""; 0]);
}
