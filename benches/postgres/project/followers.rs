//! The cost of four live subscribers for writers.

use es_core::subscription::Subscription;
use es_postgres::PostgresStore;
use tokio::task::JoinSet;

use super::store_of;
use crate::append::store_rate;
use crate::report::Table;
use crate::{Result, Settings};

pub(super) async fn run(settings: &Settings, table: &mut Table) -> Result<()> {
    let case = "append 1 event, 16 connections, 4 subscribers (floor: none)";
    if !settings.wants(case) {
        return Ok(());
    }
    let store = store_of(settings, 0).await?;
    // The subscribers act as another program.
    let readers =
        PostgresStore::options(&settings.url).schema(super::SCHEMA).connections(4).connect().await?;
    let mut pairs = Vec::new();
    for time in 0..=settings.times {
        let alone = store_rate(&store, 16, 1, settings.span).await?;
        let mut following = JoinSet::new();
        for _ in 0..4 {
            let mut subscription = Subscription::new(readers.clone()).from_now().await?;
            following.spawn(async move { while subscription.next_page(&mut |_| Ok(())).await.is_ok() {} });
        }
        // Waits until they follow: connections are open, plans are made.
        store_rate(&store, 16, 1, settings.span / 2).await?;
        let followed = store_rate(&store, 16, 1, settings.span).await?;
        following.shutdown().await;
        if time > 0 {
            pairs.push((alone, followed));
        }
    }
    table.rates(case, "events/s", &pairs, 0.9);
    readers.close().await;
    store.close().await;
    Ok(())
}
