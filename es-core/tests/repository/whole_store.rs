//! Following a store: subscriptions, raw and typed, on the reference store.

use std::time::Duration;

use crate::common::{Account, AccountEvent, Deposit, Deposited, Meddler, Open, Opened};
use es_core::record::{DecodeProblem, RawEvent};
use es_core::store::{Checkpoint, Filter, ReadAll, Rest};
use es_core::subscription::Subscription;
use es_core::{MemoryStore, Repository, StoreError};

/// A store with two accounts: Ann's with the given deposits, and the events of another category beside them.
async fn accounts(deposits: &[i64]) -> (MemoryStore, Repository<Account, MemoryStore>) {
    let store = MemoryStore::new();
    let repository = Repository::new(store.clone());
    let id = String::from("ann");
    repository.execute(&id, Open).await.expect("opened");
    for cents in deposits {
        repository.execute(&id, Deposit(*cents)).await.expect("deposited");
    }
    (store, repository)
}

fn cents(event: &AccountEvent) -> i64 {
    match event {
        AccountEvent::Opened(_) => 0,
        AccountEvent::Deposited(deposited) => deposited.cents,
    }
}

#[tokio::test]
async fn a_subscription_reads_what_is_there_and_then_what_comes() {
    let (store, repository) = accounts(&[1, 2, 3]).await;
    let mut live =
        Subscription::of::<Account>(store.clone()).page_size(2).poll_every(Duration::from_secs(3_600));
    let mut seen = Vec::new();
    while let Some(event) = live.try_next().await.expect("an event") {
        assert_eq!(event.stream.to_string(), "account/ann");
        seen.push(cents(&event.event));
    }
    assert_eq!(seen, [0, 1, 2, 3]);
    assert_eq!(live.checkpoint(), store.end().await.expect("a head"));
    // Only a notification of the store can wake it: its polling interval is an hour.
    let waiting = tokio::spawn(async move {
        let event = live.next().await.expect("an event");
        (cents(&event.event), live)
    });
    repository.execute(&String::from("ann"), Deposit(4)).await.expect("deposited");
    let (next, live) =
        tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("woken").expect("no panic");
    assert_eq!(next, 4);

    // An append between the last poll and the wait ends the wait at once.
    let never = Duration::from_secs(3_600);
    let mut resumed = Subscription::of::<Account>(store.clone()).from(live.checkpoint()).poll_every(never);
    assert!(resumed.try_next().await.expect("no error").is_none());
    let from_now = Subscription::of::<Account>(store).from_now().await;
    let mut from_now = from_now.expect("a head").poll_every(never);
    repository.execute(&String::from("ann"), Deposit(5)).await.expect("deposited");
    for reader in [&mut resumed, &mut from_now] {
        let event = tokio::time::timeout(Duration::from_secs(30), reader.next()).await;
        assert_eq!(cents(&event.expect("at once").expect("an event").event), 5);
    }
}

#[tokio::test]
async fn the_checkpoint_is_after_the_last_event_that_was_returned() {
    let (store, _) = accounts(&[1, 2, 3, 4, 5]).await;
    let mut whole = Subscription::of::<Account>(store.clone());
    for taken in 0..6 {
        let checkpoint = whole.checkpoint();
        let mut resumed = Subscription::of::<Account>(store.clone()).from(checkpoint);
        let mut rest = 0;
        while resumed.try_next().await.expect("an event").is_some() {
            rest += 1;
        }
        assert_eq!(rest, 6 - taken);
        whole.next().await.expect("an event");
    }
}

#[tokio::test]
async fn a_dropped_call_loses_nothing() {
    let (store, repository) = accounts(&[]).await;
    let mut live = Subscription::of::<Account>(store).from_now().await.expect("a head");
    for round in 1..=50 {
        let dropped = tokio::time::timeout(Duration::ZERO, live.next()).await;
        assert!(dropped.is_err(), "nothing is there yet");
        repository.execute(&String::from("ann"), Deposit(round)).await.expect("deposited");
        assert_eq!(cents(&live.next().await.expect("an event").event), round);
    }
}

#[tokio::test]
async fn an_event_of_a_future_version_is_an_error_at_its_position_each_time() {
    let meddler = Meddler::default();
    meddler.put("ann", "account.opened", 1, r#"{"owner":"Ann"}"#).await;
    meddler.put("ann", "account.deposited", 1, r#"{"cents":1}"#).await;
    meddler.put("ann", "account.deposited", 9, r#"{"cents":2}"#).await;
    meddler.put("ann", "account.deposited", 1, r#"{"cents":3}"#).await;
    let mut live = Subscription::of::<Account>(&meddler).poll_every(Duration::from_millis(1));
    assert_eq!(cents(&live.next().await.expect("an event").event), 0);
    assert_eq!(cents(&live.next().await.expect("an event").event), 1);
    let before = live.checkpoint();
    for _ in 0..3 {
        let error = live.next().await.expect_err("a version of the future");
        let StoreError::Decode(error) = error else { panic!("{error}") };
        assert!(matches!(error.problem(), DecodeProblem::FutureVersion { found: 9, known: 1 }), "{error}");
        assert_eq!(error.revision().get(), 3);
        assert_eq!(live.checkpoint(), before, "it stands before the event");
    }
}

#[tokio::test]
async fn a_raw_subscription_returns_pages_and_skips_what_its_filter_excludes() {
    let (store, _) = accounts(&[1, 2, 3]).await;
    let mut opened = Subscription::new(store.clone()).filter(Filter::new().event::<Opened>()).page_size(2);
    let mut take = |_: RawEvent<'_>| Ok(());
    let page = opened.next_page(&mut take).await.expect("a page");
    assert_eq!((page.events, page.rest), (1, Rest::Nothing));
    assert_eq!(opened.checkpoint(), store.end().await.expect("a head"));
    let mut deposited = Subscription::new(store).filter(Filter::new().event::<Deposited>()).page_size(2);
    let pages =
        [deposited.page(&mut take).await.expect("a page"), deposited.page(&mut take).await.expect("a page")];
    assert_eq!(pages.map(|page| (page.events, page.rest)), [(2, Rest::More), (1, Rest::Nothing)]);
}

#[tokio::test]
async fn after_an_error_of_the_sink_the_page_is_read_again() {
    let (store, _) = accounts(&[1, 2]).await;
    let mut subscription = Subscription::new(store).poll_every(Duration::from_millis(1));
    let mut failing = |_: RawEvent<'_>| Err(StoreError::Closed);
    for _ in 0..3 {
        let error = subscription.next_page(&mut failing).await.expect_err("the sink's error");
        assert!(matches!(error, StoreError::Closed));
        assert_eq!(subscription.checkpoint(), Checkpoint::START);
    }
    let page = subscription.next_page(&mut |_| Ok(())).await.expect("a page");
    assert_eq!(page.events, 3);
}

/// The clock of this test moves only while the test waits.
#[tokio::test(start_paused = true)]
async fn under_load_one_poll_reads_everything_since_the_last_one() {
    const EVENTS: usize = 1_000;
    let (store, repository) = accounts(&[]).await;
    let mut live = Subscription::new(store).from_now().await.expect("a head");
    live = live.poll_every(Duration::from_secs(3_600));
    let writer = repository.clone();
    let writing = tokio::spawn(async move {
        for _ in 0..EVENTS {
            writer.execute("ann", Deposit(1)).await.expect("deposited");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let (mut seen, mut looks) = (0, 0);
    while seen < EVENTS {
        seen += live.next_page(&mut |_| Ok(())).await.expect("a page").events;
        looks += 1;
        // The reader handles a page, and the next event is appended before it has finished.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(looks < EVENTS / 8, "{looks} looks for {EVENTS} events");
    writing.await.expect("no panic");

    // Once nothing is appended any more, an event is read without a wait.
    assert!(tokio::time::timeout(Duration::from_secs(1), live.next_page(&mut |_| Ok(()))).await.is_err());
    let begun = tokio::time::Instant::now();
    let depositing = async { repository.execute("ann", Deposit(1)).await };
    let following = async { live.next_page(&mut |_| Ok(())).await };
    let (page, _) = tokio::join!(following, depositing);
    assert_eq!((page.expect("a page").events, begun.elapsed()), (1, Duration::ZERO));
}

/// This store sends no notifications, and a busy caller may drop each call before the polling interval has
/// passed.
#[tokio::test(start_paused = true)]
async fn calls_that_are_dropped_repeatedly_still_poll() {
    let meddler = Meddler { silent: true, ..Meddler::default() };
    meddler.put("ann", "account.opened", 1, r#"{"owner":"Ann"}"#).await;
    let mut live = Subscription::new(&meddler).poll_every(Duration::from_millis(50));
    assert_eq!(live.next_page(&mut |_| Ok(())).await.expect("a page").events, 1);
    meddler.put("ann", "account.deposited", 1, r#"{"cents":1}"#).await;
    let mut calls = 0;
    let found = loop {
        calls += 1;
        let call = tokio::time::timeout(Duration::from_millis(10), live.next_page(&mut |_| Ok(()))).await;
        if let Ok(page) = call {
            break page.expect("a page").events;
        }
        assert!(calls < 10, "it never looks");
    };
    assert_eq!(found, 1);
}
