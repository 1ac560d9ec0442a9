//! What is written, and what commands of one transaction see of each other.

use es_core::Metadata;
use es_core::repository::TransactionOptions;
use es_core::store::{Load, LoadItem};

use crate::transactions::domain::{Bank, Limit, Move, SetLimit, Store, id, stream};

pub(crate) async fn commands_of_several_types_are_written_together(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 500)]).await;
    let options = TransactionOptions::new().metadata(Metadata::new().actor("clerk-112"));
    let done = bank
        .accounts
        .transaction(options, async |tx| {
            tx.execute(&bank.accounts, &id("b"), Move(120)).await?;
            tx.execute(&bank.accounts, &id("a"), Move(-120)).await?;
            let set = tx.execute(&bank.limits, &1, SetLimit(300)).await?;
            Ok((set.events.len(), set.revision.get()))
        })
        .await
        .expect("written");
    assert_eq!((done.value, done.repeated), ((1, 1), false));
    let streams: Vec<_> = done.streams.iter().map(|(stream, at)| (stream.to_string(), at.get())).collect();
    assert_eq!(streams, [("account/a".into(), 2), ("account/b".into(), 1), ("limit/1".into(), 1)]);
    assert_eq!((bank.cents("a").await, bank.cents("b").await), (380, 120));
    assert_eq!(bank.limits.load(&1).await.expect("a limit").state, Limit { cents: 300 });
    // One append: consecutive positions, the same time, the same metadata.
    let (mut positions, mut times) = (Vec::new(), Vec::new());
    for (stream, last) in &done.streams {
        let mut take = |item: LoadItem<'_>| {
            if let LoadItem::Event(raw) = item {
                positions.push(raw.position.get());
                times.push(raw.recorded_at);
                assert!(raw.metadata.is_some_and(|json| json.ends_with(br#""clerk-112"}"#)));
            }
            Ok(())
        };
        let load = Load::all(stream).after((last.get() - 1).into());
        store.load(load, &mut take).await.expect("a load");
    }
    positions.sort_unstable();
    assert_eq!(positions.len(), 3);
    assert_eq!(positions[2] - positions[0], 2);
    assert!(times.iter().all(|time| *time == times[0]));
}

pub(crate) async fn commands_on_one_stream_build_on_each_other(store: impl Store) {
    let bank = Bank::new(&store);
    let done = bank
        .accounts
        .transaction(TransactionOptions::new(), async |tx| {
            let first = tx.execute(&bank.accounts, &id("a"), Move(100)).await?;
            // The state is still in use during the next command, which cannot reuse it.
            let held = tx.load(&bank.accounts, &id("a")).await?;
            let second = tx.execute(&bank.accounts, &id("a"), Move(-30)).await?;
            let nothing = tx.execute(&bank.accounts, &id("a"), Move(0)).await?;
            assert!(nothing.events.is_empty());
            tx.execute(&bank.accounts, &id("b"), Move(30)).await?;
            let third = tx.execute(&bank.accounts, &id("a"), Move(-70)).await?;
            let revisions = [first, second, nothing, third].map(|planned| planned.revision.get());
            Ok((revisions, held.cents, tx.load(&bank.accounts, &id("a")).await?.cents))
        })
        .await
        .expect("written");
    assert_eq!(done.value, ([1, 2, 2, 3], 100, 0));
    assert_eq!((bank.cents("a").await, bank.cents("b").await), (0, 30));
    assert_eq!(bank.revision("a").await, 3);
}

/// It costs nothing extra: it is appended like a single command.
pub(crate) async fn a_transaction_on_one_stream_is_a_command(store: impl Store) {
    let bank = Bank::new(&store);
    for round in 1..=3 {
        let done = bank
            .accounts
            .transaction(TransactionOptions::new(), async |tx| {
                Ok(tx.execute(&bank.accounts, &id("a"), Move(5)).await?.revision)
            })
            .await
            .expect("written");
        assert_eq!(done.value.get(), round);
        assert_eq!(done.streams, [(stream("a"), done.value)]);
    }
    assert_eq!(bank.cents("a").await, 15);
}

pub(crate) async fn a_transaction_that_only_reads_writes_nothing(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 5), ("b", 7)]).await;
    let done = bank
        .accounts
        .transaction(TransactionOptions::new().command_id(es_core::uuid::Uuid::now_v7()), async |tx| {
            let a = tx.load(&bank.accounts, &id("a")).await?;
            tx.execute(&bank.accounts, &id("b"), Move(0)).await?;
            Ok(a.cents + tx.load(&bank.accounts, &id("b")).await?.cents)
        })
        .await
        .expect("read");
    assert_eq!((done.value, done.streams.len(), done.repeated), (12, 0, false));
    let done = bank.accounts.transaction(TransactionOptions::new(), async |_| Ok("nothing")).await;
    assert_eq!(done.expect("nothing to do").value, "nothing");
    assert_eq!((bank.revision("a").await, bank.revision("b").await), (1, 1));
}
