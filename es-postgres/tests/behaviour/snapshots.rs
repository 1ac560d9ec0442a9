//! Two generations of a program on one store: each has its own snapshots, and those of a former one can be
//! dropped.

use std::convert::Infallible;

use es_core::shape::Fingerprint;
use es_core::time::OffsetDateTime;
use es_core::{Aggregate, Apply, Events, Handle, Repository, emit, event};
use es_postgres::PostgresStore;
use serde::{Deserialize, Serialize};

use crate::support::{connect, fresh, number, sql};

#[event(name = "account.deposited")]
struct Deposited {
    cents: i64,
}

struct Deposit(i64);

/// One aggregate, as one generation of the program folds it.
macro_rules! generation {
    ($module:ident, { $($field:ident: $type:ty),* }, |$state:ident| $count:expr) => {
        mod $module {
            use super::*;

            #[derive(Aggregate, Debug, Default, Serialize, Deserialize)]
            #[aggregate(name = "account", id = String, events(Deposited), snapshot(every = 2))]
            pub(super) struct Account {
                pub(super) cents: i64,
                $(pub(super) $field: $type,)*
            }

            impl Apply<Deposited> for Account {
                fn apply(&mut self, event: Deposited) {
                    self.cents += event.cents;
                    let $state = self;
                    $count
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

generation!(before, {}, |state| {
    let _ = state;
});
generation!(now, { deposits: u64 }, |state| { state.deposits += 1; });

async fn deposit<A>(accounts: &Repository<A, PostgresStore>, id: &str, times: u64)
where
    A: Aggregate<Id = String> + Handle<Deposit>,
{
    for _ in 0..times {
        let done = accounts.execute(id, Deposit(1)).await;
        done.unwrap_or_else(|error| panic!("{error}"));
        accounts.settle().await;
    }
}

fn fingerprint<A: Aggregate>() -> Fingerprint {
    A::snapshots().expect("snapshots are taken").fingerprint
}

#[tokio::test]
async fn each_generation_has_its_own_snapshots_and_those_of_a_former_one_are_dropped() {
    let (database, store) = fresh().await;
    assert_eq!(store.snapshots().await.expect("a list"), []);
    let before = Repository::<before::Account, _>::new(store.clone());
    let now = Repository::<now::Account, _>::new(store.clone());
    // In turns on one stream: neither replaces, nor reads, the snapshots of the other.
    deposit(&before, "a", 3).await;
    deposit(&now, "a", 3).await;
    deposit(&before, "a", 2).await;
    deposit(&before, "b", 2).await;

    let mut owner = connect(database.url()).await;
    for (of, cents) in [(fingerprint::<before::Account>(), 1_000), (fingerprint::<now::Account>(), 2_000)] {
        let kept = format!("SELECT count(*) FROM es.snapshots WHERE fingerprint = {}", of.to_i64());
        assert!(number(&mut owner, &kept).await > 0);
        // Starting from the snapshot of the other, or from none, gives a different sum.
        let marked = format!(
            "UPDATE es.snapshots SET state = (state::jsonb || '{{\"cents\":{cents}}}')::json WHERE fingerprint = {}",
            of.to_i64()
        );
        sql(&mut owner, &marked).await;
    }
    let (id, sum) = (String::from("a"), |cents: i64| cents - cents % 1_000);
    assert_eq!(sum(before.load(&id).await.expect("a state").state.cents), 1_000);
    assert_eq!(sum(now.load(&id).await.expect("a state").state.cents), 2_000);

    let groups = store.snapshots().await.expect("a list");
    let shown: Vec<_> = groups.iter().map(|g| (g.category.as_str(), g.fingerprint, g.snapshots)).collect();
    let of_before = ("account", fingerprint::<before::Account>(), 2);
    let of_now = ("account", fingerprint::<now::Account>(), 1);
    assert_eq!(shown, [of_before, of_now], "those that were saved last come first");
    let age = OffsetDateTime::now_utc() - groups[0].newest;
    assert!(groups.iter().all(|group| group.bytes > 0) && age.whole_minutes() < 10, "{groups:?}");

    assert_eq!(store.drop_snapshots(fingerprint::<before::Account>()).await.expect("dropped"), 2);
    assert_eq!(store.drop_snapshots(fingerprint::<before::Account>()).await.expect("nothing to drop"), 0);
    let left = store.snapshots().await.expect("a list");
    assert_eq!(
        left.iter().map(|group| group.fingerprint).collect::<Vec<_>>(),
        [fingerprint::<now::Account>()]
    );
    assert_eq!(before.load(&id).await.expect("folded again").state.cents, 8);
    assert_eq!(sum(now.load(&id).await.expect("a state").state.cents), 2_000, "its own is still there");
    deposit(&before, "a", 2).await;
    assert_eq!(store.snapshots().await.expect("a list").len(), 2, "a program that continues takes new ones");
}
