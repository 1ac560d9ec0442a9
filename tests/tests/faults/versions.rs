//! Programs of two generations on one store at the same time: docs/rolling-deploys.md.

use std::convert::Infallible;
use std::time::Duration;

use es_core::model::DowncastTo;
use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::DecodeProblem;
use es_core::{
    Aggregate, Apply, Events, ExecuteError, Handle, Recorded, Repository, StoreError, UpcastContext,
    UpcastFrom, emit, event,
};
use es_postgres::{OnFailure, PostgresStore, Projector, ProjectorError};
use sqlx::PgConnection;
use tokio::task::JoinHandle;

use crate::support::{self, BALANCED, CONTIGUOUS, Deposit, connect, fresh, holds, number, until};

/// The code of a generation, with its own deposits.
macro_rules! generation {
    () => {
        #[derive(Aggregate, Debug, Default)]
        #[aggregate(name = "account", id = String, events(Deposited))]
        pub(crate) struct Account {
            pub(crate) euros: i64,
        }

        impl Apply<Deposited> for Account {
            fn apply(&mut self, event: Deposited) {
                self.euros += event.euros;
            }
        }

        impl Handle<Deposit> for Account {
            type Error = Infallible;

            fn handle(&self, Deposit(cents): &Deposit) -> Result<Events<Self>, Infallible> {
                emit(Deposited { euros: cents / 100 })
            }
        }

        impl UpcastFrom<support::Deposited> for Deposited {
            type Error = Infallible;

            fn upcast_from(old: support::Deposited, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                Ok(Self { euros: old.cents / 100 })
            }
        }

        #[derive(Projection)]
        #[projection(name = "balances", events(Deposited), model = PgConnection, error = sqlx::Error, setup)]
        pub(crate) struct Balances;

        impl ProjectSetup for Balances {
            async fn setup(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
                support::make_balances(db).await
            }
        }

        impl Project<Deposited> for Balances {
            async fn project(
                &self,
                event: &Recorded<Deposited>,
                db: &mut PgConnection,
            ) -> Result<(), sqlx::Error> {
                support::add(event.stream.key(), event.event.euros * 100, db).await
            }
        }
    };
}

/// The next generation counts in a different unit, and writes what the previous one can read.
mod reads {
    use super::*;

    #[event(name = "account.deposited", version = 2, previous = support::Deposited, write_as = 1)]
    #[derive(Debug)]
    pub(crate) struct Deposited {
        pub(crate) euros: i64,
    }

    impl DowncastTo<support::Deposited> for Deposited {
        type Error = Infallible;

        fn downcast_to(&self) -> Result<support::Deposited, Infallible> {
            Ok(support::Deposited { cents: self.euros * 100 })
        }
    }

    generation!();
}

/// The generation after that writes what it reads.
mod writes {
    use super::*;

    #[event(name = "account.deposited", version = 2, previous = support::Deposited)]
    #[derive(Debug)]
    pub(crate) struct Deposited {
        pub(crate) euros: i64,
    }

    generation!();
}

/// Deposits a euro 40 times, into each of three accounts in turn.
fn deposit<A>(store: &PostgresStore) -> JoinHandle<()>
where
    A: Aggregate<Id = String> + Handle<Deposit, Error = Infallible> + 'static,
{
    let accounts = Repository::<A, _>::new(store.clone());
    tokio::spawn(async move {
        for nth in 0..40 {
            accounts.execute(&format!("a{}", nth % 3), Deposit(100)).await.expect("a deposit");
        }
    })
}

fn quick<P: Projection<Model = PgConnection>>(store: &PostgresStore, projection: P) -> Projector<P> {
    let projector =
        Projector::new(store.clone(), projection).poll_every(Duration::from_millis(10)).page_size(7);
    projector.take_over(Duration::from_millis(50)).on_failure(OnFailure::Park)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_generations_that_run_concurrently_read_each_others_events() {
    let (database, old) = fresh().await;
    let new = database.store().await.expect("a store");
    quick(&old, support::Balances).prepare().await.expect("the views that are read below");
    let projecting = [
        tokio::spawn({
            let projector = quick(&old, support::Balances);
            async move { projector.run().await }
        }),
        tokio::spawn({
            let projector = quick(&new, reads::Balances);
            async move { projector.run().await }
        }),
    ];
    for writing in [deposit::<support::Account>(&old), deposit::<reads::Account>(&new)] {
        writing.await.expect("each reads what the other wrote");
    }
    let mut db = connect(database.url()).await;
    until(&mut db, BALANCED).await;
    assert!(holds(&mut db, CONTIGUOUS).await);
    assert_eq!(number(&mut db, "SELECT sum(cents)::bigint FROM es_balances.balances").await, 8_000);
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.dead_letters").await, 0);
    old.close().await;
    new.close().await;
    for projecting in projecting {
        projecting.await.expect("no panic").expect("it ran until its store was closed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_that_cannot_read_the_next_one_stops_before_it_and_misreads_nothing() {
    let (database, old) = fresh().await;
    let new = database.store().await.expect("a store");
    let (before, after) = (support::accounts(&old), Repository::<writes::Account, _>::new(new.clone()));
    let (a, b) = (String::from("a"), String::from("b"));
    before.execute(&a, Deposit(100)).await.expect("a deposit");
    let projecting = tokio::spawn({
        let projector = quick(&old, support::Balances);
        async move { projector.run().await }
    });
    after.execute(&a, Deposit(200)).await.expect("it reads what was written before");

    let error = before.execute(&a, Deposit(400)).await.expect_err("the other generation has written there");
    let ExecuteError::Store(StoreError::Decode(error)) = &error else { panic!("{error:?}") };
    assert!(matches!(error.problem(), DecodeProblem::FutureVersion { found: 2, known: 1 }), "{error}");
    assert_eq!((error.revision().get(), error.position().get()), (2, 2));
    before.execute(&b, Deposit(800)).await.expect("other streams continue");
    let stopped = projecting.await.expect("no panic").expect_err("it stops, and parks nothing");
    let ProjectorError::Failed(failure) = &stopped else { panic!("{stopped:?}") };
    assert_eq!(failure.place.position.get(), 2);

    quick(&new, writes::Balances).catch_up().await.expect("the next generation continues where it stopped");
    let mut db = connect(database.url()).await;
    let balances =
        "SELECT string_agg(account || cents, ',' ORDER BY account) = 'a300,b800' FROM es_balances.balances";
    assert!(holds(&mut db, &format!("({balances})")).await);
    assert_eq!(after.load(&a).await.expect("an account").state.euros, 3);
}
