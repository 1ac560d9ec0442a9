//! Dead letters by the hundred.

use std::sync::Arc;

use es_core::record::NewEvent;
use es_core::store::Append;
use es_core::{EventStore, Metadata, Position, Revision, StreamId};
use es_postgres::{OnFailure, Projector};

use crate::policies::{OPEN_GHOST, poisoned};
use crate::support::*;

#[tokio::test]
async fn many_dead_letters_are_listed_and_retried_in_pages() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    poisoned(&store).await;
    let deposit = |nth: u64| match nth {
        150 => r#"{"cents":"many"}"#.to_owned(),
        _ => format!(r#"{{"cents":{nth}}}"#),
    };
    let metadata = Arc::new(Metadata::new());
    let event = |nth| NewEvent::new("account.deposited", 1, deposit(nth).into_bytes(), Arc::clone(&metadata));
    let events: Vec<_> = (3..=250).map(event).collect();
    let ghost = StreamId::new("account", "ghost").expect("a stream id");
    appended(store.append(Append::new(&ghost, Revision::new(2), &events)).await);
    let projector = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    projector.catch_up().await.expect("all but one stream");

    let (mut after, mut sizes, mut revisions) = (Position::default(), Vec::new(), Vec::new());
    loop {
        let letters = projector.dead_letters_after(after, 101).await.expect("a list");
        let Some(last) = letters.last() else { break };
        after = last.position;
        sizes.push(letters.len());
        revisions.extend(letters.iter().map(|letter| letter.revision.get()));
    }
    assert_eq!((sizes, revisions), (vec![101, 101, 48], (1..=250).collect()));

    sql(&mut db, OPEN_GHOST).await;
    let retried = projector.retry(&ghost).await.expect("an outcome");
    assert_eq!((retried.taken, retried.left), (149, 101), "up to the one that does not decode");
    let letters = projector.dead_letters().await.expect("a list");
    assert_eq!((letters.len(), letters[0].revision.get(), letters[0].attempts), (101, 150, 1));
    assert!(projector.discard(&letters[0]).await.expect("an answer"));
    let retried = projector.retry(&ghost).await.expect("an outcome");
    assert_eq!((retried.taken, retried.left), (100, 0));
    let cents = "SELECT cents FROM es_balances.balances WHERE account = 'ghost'";
    assert_eq!(number(&mut db, cents).await, 7 + 8 + (3..=250).sum::<i64>() - 150);
}

#[tokio::test]
async fn a_dead_letter_whose_event_is_missing_is_listed_and_kept() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    poisoned(&store).await;
    let projector = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    projector.catch_up().await.expect("all but two");
    let letters = projector.dead_letters().await.expect("a list");
    sql(&mut db, OPEN_GHOST).await;
    sql(&mut db, "ALTER TABLE es.events DISABLE TRIGGER ALL").await;
    sql(&mut db, &format!("DELETE FROM es.events WHERE position = {}", letters[1].position)).await;
    let protect =
        "ALTER TABLE es.events ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER never_truncated";
    sql(&mut db, protect).await;
    let retried = projector.retry(&letters[0].stream).await.expect("an outcome");
    assert_eq!((retried.taken, retried.left), (1, 1));
    let left = projector.dead_letters().await.expect("a list");
    assert_eq!((left.len(), left[0].position, &*left[0].event), (1, letters[1].position, ""));
    assert_eq!(left[0].reason, "the event is not in its stream");
}
