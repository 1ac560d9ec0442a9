//! `cargo run -p notifier --example demo`, after `cargo xtask setup` has fetched nats-server.
//!
//! A broker, the loans with their sample, and the notifier, in one program. It prints the applications by
//! outcome twice: as the loans service counts them by replaying its events, and as the notifier has them.
#![allow(dead_code, reason = "a test includes this file, and does not call `main`")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use es_core::Repository;
use es_core::record::BoxError;
use es_nats::async_nats::{self, jetstream};
use es_nats::testing::NatsServer;
use es_sqlite::SqliteStore;
use loans::domain::Application;
use loans::import::{Import, Source};
use loans::publishing;
use loans::report::Report;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    println!("{}", demo(&std::env::temp_dir().join(format!("notifier-{}", std::process::id()))).await?);
    Ok(())
}

/// Runs both services in a folder, deletes it, and returns what to print.
pub(crate) async fn demo(folder: &Path) -> Result<String, BoxError> {
    std::fs::create_dir_all(folder)?;
    let broker = NatsServer::start().await?;

    // The first service.
    let store = SqliteStore::open(folder.join("loans.db")).await?;
    let applications = Repository::<Application, _>::new(store.clone());
    let sample = Source::from(Path::new(env!("CARGO_MANIFEST_DIR")).join("../loans/sample.jsonl"));
    Import::new(applications.clone()).run(&sample, Arc::default(), std::future::pending()).await?;
    publishing::runner(store, publishing::connect(&broker.url()).await?).catch_up().await?;

    // The second service. It would run until it is stopped; here it stops at the end of the stream.
    let end = settled(async_nats::connect(broker.url()).await?);
    let figures = notifier::run(&broker.url(), &folder.join("notifier.db"), end).await?;

    let mut printed = format!("loans, by replaying:\n{}\n\nnotifier:", Report::of(&applications, 4).await?);
    for figure in figures {
        printed.push_str(&format!("\n{figure}"));
    }
    std::fs::remove_dir_all(folder)?;
    Ok(printed)
}

/// Resolves when the notifier has settled every message in the stream.
pub(crate) async fn settled(client: async_nats::Client) {
    let jetstream = jetstream::new(client);
    loop {
        if let Ok(stream) = jetstream.get_stream(publishing::STREAM).await
            && let Ok(consumer) = stream.consumer_info("notifier").await
            && consumer.num_pending == 0
            && consumer.num_ack_pending == 0
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
