//! How programs of two versions affect each other's streams while both run: the code of
//! `docs/rolling-deploys.md`.

#![allow(missing_docs, reason = "aggregates that only these tests look at")]

mod changed_types;

use std::convert::Infallible;

use es_core::record::DecodeProblem;
use es_core::{
    Aggregate, Apply, Events, ExecuteError, Handle, MemoryStore, Repository, StoreError, emit, event,
};

#[event(name = "account.deposited")]
pub struct Deposited {
    cents: i64,
}

pub struct Deposit(i64);

/// What each version does with a deposit.
macro_rules! deposits {
    () => {
        impl Apply<Deposited> for Account {
            fn apply(&mut self, event: Deposited) {
                self.cents += event.cents;
            }
        }

        impl Handle<Deposit> for Account {
            type Error = Infallible;
            fn handle(&self, Deposit(cents): &Deposit) -> Result<Events<Self>, Infallible> {
                if self.frozen { emit(()) } else { emit(Deposited { cents: *cents }) }
            }
        }
    };
}

mod before {
    use super::*;

    #[derive(Aggregate, Debug, Default)]
    #[aggregate(name = "account", id = String, events(Deposited))]
    pub struct Account {
        pub cents: i64,
        frozen: bool,
    }
    deposits!();
}

mod reads {
    use super::*;

    #[event(name = "account.frozen")]
    pub struct Frozen {
        pub reason: String,
    }

    #[derive(Aggregate, Debug, Default)]
    #[aggregate(name = "account", id = String, events(Deposited, Frozen))]
    pub struct Account {
        pub cents: i64,
        pub frozen: bool,
    }

    impl Apply<Frozen> for Account {
        fn apply(&mut self, _: Frozen) {
            self.frozen = true;
        }
    }
    deposits!();
}

mod writes {
    use super::*;
    pub use reads::{Account, Frozen};

    pub struct Freeze;

    impl Handle<Freeze> for Account {
        type Error = Infallible;
        fn handle(&self, _: &Freeze) -> Result<Events<Self>, Infallible> {
            emit((!self.frozen).then(|| Frozen { reason: "lost card".into() }))
        }
    }
}

fn id() -> String {
    "A-17".into()
}

fn accounts<A: Aggregate<Id = String>>(store: &MemoryStore) -> Repository<A, MemoryStore> {
    Repository::new(store.clone())
}

#[tokio::test]
async fn a_new_event_is_read_before_anybody_writes_it() {
    let store = MemoryStore::new();
    let (before, reads) = (accounts::<before::Account>(&store), accounts::<reads::Account>(&store));
    // Both run, and nothing new is written: each reads what the other wrote.
    before.execute(&id(), Deposit(1)).await.expect("executed");
    reads.execute(&id(), Deposit(2)).await.expect("executed");
    before.execute(&id(), Deposit(4)).await.expect("executed");
    assert_eq!(before.load(&id()).await.expect("it decodes").state.cents, 7);

    // The old program is stopped; the one that writes starts next to the one that only reads.
    let writes = accounts::<writes::Account>(&store);
    writes.execute(&id(), writes::Freeze).await.expect("executed");
    let refused = reads.execute(&id(), Deposit(8)).await.expect("nothing to do");
    assert!(refused.events.is_empty(), "what the event means is known already");
    let now = writes.load(&id()).await.expect("it decodes").state;
    assert_eq!((now.cents, now.frozen), (7, true));
}

#[tokio::test]
async fn a_program_that_does_not_know_a_new_event_stops_at_it() {
    let store = MemoryStore::new();
    let before = accounts::<before::Account>(&store);
    before.execute(&id(), Deposit(1)).await.expect("executed");
    accounts::<writes::Account>(&store).execute(&id(), writes::Freeze).await.expect("executed");
    // A deposit to a frozen account, if the event were skipped.
    let error = before.execute(&id(), Deposit(2)).await.expect_err("an event that it does not know");
    let ExecuteError::Store(StoreError::Decode(error)) = &error else { panic!("{error}") };
    assert!(matches!(error.problem(), DecodeProblem::UnknownEvent { .. }), "{error}");
    assert!(before.load(&id()).await.is_err(), "no part of the history is folded");
    assert_eq!(before.load_at(&id(), 1).await.expect("up to there it can be read").state.cents, 1);
    let other = String::from("A-18");
    before.execute(&other, Deposit(2)).await.expect("other streams are not touched by it");
}

#[test]
fn the_page_shows_code_that_compiles() {
    let page = include_str!("../../../../docs/rolling-deploys.md");
    let sources =
        [include_str!("mod.rs"), include_str!("../write_as.rs"), include_str!("../renamed_events.rs")];
    let plain = |code: &str| code.split_whitespace().collect::<Vec<_>>().join(" ");
    let sources = sources.map(plain);
    let blocks: Vec<&str> =
        page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 3, "{} blocks", blocks.len());
    for part in blocks.iter().flat_map(|block| block.split("\n\n")) {
        assert!(sources.iter().any(|source| source.contains(&plain(part))), "no test has\n{part}");
    }
}
