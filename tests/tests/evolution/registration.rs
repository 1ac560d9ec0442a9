//! What a writer registers in the store when it starts, and what the store rejects.

#![allow(missing_docs, reason = "aggregates that only these tests look at")]

use std::convert::Infallible;

use es_core::catalogue::Catalogue;
use es_core::store::StreamRange;
use es_core::{
    Aggregate, Apply, EventStore, Events, ExecuteError, Handle, MemoryStore, Repository, StoreError,
    UpcastContext, UpcastFrom, emit, event,
};
use serde::{Deserialize, Serialize};

pub struct Deposit(i64);

/// An aggregate of one event, in its own module: one of several programs that share a store.
macro_rules! program {
    ($module:ident; $($event:tt)*) => {
        mod $module {
            use super::*;

            $($event)*

            #[derive(Aggregate, Debug, Default)]
            #[aggregate(name = "account", id = String, events(Deposited))]
            pub struct Account {
                events: u64,
            }

            impl Apply<Deposited> for Account {
                fn apply(&mut self, _: Deposited) {
                    self.events += 1;
                }
            }

            impl Handle<Deposit> for Account {
                type Error = Infallible;
                fn handle(&self, Deposit(cents): &Deposit) -> Result<Events<Self>, Infallible> {
                    emit(Deposited::from(*cents))
                }
            }
        }
    };
}

/// The previous version that both branches share.
macro_rules! version_1 {
    ($now:ty) => {
        #[event(name = "account.deposited")]
        pub struct DepositedV1 {
            cents: i64,
        }

        impl UpcastFrom<DepositedV1> for $now {
            type Error = Infallible;
            fn upcast_from(old: DepositedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                Ok(Self::from(old.cents))
            }
        }
    };
}

program! { main;
    #[event(name = "account.deposited")]
    pub struct Deposited {
        cents: i64,
    }
    impl From<i64> for Deposited {
        fn from(cents: i64) -> Self {
            Self { cents }
        }
    }
}

program! { left;
    #[event(name = "account.deposited", version = 2, previous = DepositedV1)]
    pub struct Deposited {
        cents: i64,
        currency: String,
    }
    impl From<i64> for Deposited {
        fn from(cents: i64) -> Self {
            Self { cents, currency: "EUR".into() }
        }
    }
    version_1!(Deposited);
}

program! { right;
    #[event(name = "account.deposited", version = 2, previous = DepositedV1)]
    pub struct Deposited {
        amount: i64,
    }
    impl From<i64> for Deposited {
        fn from(amount: i64) -> Self {
            Self { amount }
        }
    }
    version_1!(Deposited);
}

program! { renamed;
    #[event(name = "account.paid_in", was("account.deposited"))]
    pub struct Deposited {
        cents: i64,
    }
    impl From<i64> for Deposited {
        fn from(cents: i64) -> Self {
            Self { cents }
        }
    }
}

program! { opaque;
    #[derive(Serialize, Deserialize)]
    pub struct Money(i64);

    #[event(name = "account.deposited")]
    pub struct Deposited {
        cents: Money,
    }
    impl From<i64> for Deposited {
        fn from(cents: i64) -> Self {
            Self { cents: Money(cents) }
        }
    }
}

fn accounts<A: Aggregate>(store: &MemoryStore) -> Repository<A, MemoryStore> {
    Repository::new(store.clone())
}

fn id() -> String {
    "A-17".into()
}

#[tokio::test]
async fn if_two_branches_both_made_version_2_the_second_does_not_start() {
    let store = MemoryStore::new();
    accounts::<main::Account>(&store).register().await.expect("version 1");
    accounts::<left::Account>(&store).register().await.expect("version 2");

    let right = accounts::<right::Account>(&store);
    let error = right.register().await.expect_err("another version 2");
    assert_eq!(
        error.to_string(),
        "`account.deposited` version 2 has the fingerprint a1d1034ddff82bac in this program and c700645746277ca7 in the \
         store: two programs mean different events by it, most often because two branches both made version 2; give one of \
         them the next version"
    );
    // Nor does it execute a command, if `register` was not called at the start.
    for _ in 0..2 {
        let refused = right.execute(&id(), Deposit(1)).await.expect_err("another version 2");
        assert!(
            matches!(refused, ExecuteError::Store(StoreError::SchemaConflict { version: 2, .. })),
            "{refused}"
        );
    }
    assert_eq!(right.load(&id()).await.expect("an empty stream").revision.get(), 0);
    accounts::<main::Account>(&store).execute(&id(), Deposit(1)).await.expect("it still writes version 1");
}

#[tokio::test]
async fn a_command_registers_and_a_reader_does_not() {
    let store = MemoryStore::new();
    let left = accounts::<left::Account>(&store);
    left.load(&id()).await.expect("an empty stream");
    left.load_at(&id(), 1).await.expect("an empty stream");
    left.history(&id(), StreamRange::ALL, &mut |_| Ok(())).await.expect("no history");
    left.ids(None, 1).await.expect("no streams");
    accounts::<right::Account>(&store).execute(&id(), Deposit(1)).await.expect("nobody else wrote");
    let refused = left.execute(&id(), Deposit(1)).await.expect_err("another version 2");
    assert!(matches!(refused, ExecuteError::Store(StoreError::SchemaConflict { .. })), "{refused}");
}

#[tokio::test]
async fn a_renamed_event_keeps_its_fingerprint_and_an_opaque_one_has_none() {
    let store = MemoryStore::new();
    accounts::<main::Account>(&store).register().await.expect("version 1");
    accounts::<renamed::Account>(&store).register().await.expect("the same shape");
    accounts::<opaque::Account>(&store).register().await.expect("no fingerprint");
    assert_eq!(
        Catalogue::of::<opaque::Account>().registrations().iter().map(|r| r.fingerprint).collect::<Vec<_>>(),
        [None]
    );
    let names: Vec<_> = Catalogue::of::<renamed::Account>()
        .registrations()
        .iter()
        .map(|r| (r.name, r.version, r.former))
        .collect();
    assert_eq!(names, [("account.deposited", 1, true), ("account.paid_in", 1, false)]);
}

#[tokio::test]
async fn a_store_behind_a_pointer_compares_fingerprints_as_well() {
    let store = std::sync::Arc::new(MemoryStore::new());
    store.register(&Catalogue::of::<left::Account>().registrations()).await.expect("version 2");
    let right = Repository::<right::Account, _>::new(std::sync::Arc::clone(&store));
    assert!(right.register().await.is_err());
}

#[test]
fn the_fingerprint_of_an_event_never_changes() {
    // It is stored in databases: with another value, no program with an event of this shape starts any more.
    let of = |catalogue: &Catalogue| catalogue.events()[0].fingerprint().expect("a shape").to_i64();
    assert_eq!(of(&Catalogue::of::<main::Account>()), -9_221_745_826_419_288_123);
}
