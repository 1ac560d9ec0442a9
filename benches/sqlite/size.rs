//! The size of a file.

use es_core::StreamId;
use es_core::uuid::Uuid;

use crate::append::append;
use crate::floor::Floor;
use crate::report::Table;
use crate::{Result, Settings, bytes};

const CASE: &str = "bytes an event";
const EVENTS: i64 = 50_000;
const A_STREAM: i64 = 10;

#[allow(clippy::cast_precision_loss, reason = "files are far below 2^52 bytes")]
pub(crate) async fn run(settings: &Settings, table: &mut Table) -> Result<()> {
    if !settings.wants(CASE) {
        return Ok(());
    }
    let (ours, by_hand) = (settings.file("size.db"), settings.file("size-floor.db"));
    let store = settings.store("size.db").await?;
    let mut floor = Floor::open(&by_hand).await?;
    for _ in 0..EVENTS / A_STREAM {
        append(&store, &StreamId::new("account", Uuid::now_v7().to_string())?, 0, A_STREAM).await?;
        floor.append_many(&mut None, 0, A_STREAM).await?;
    }
    store.close().await?;
    floor.close().await?;
    let each = |file| Result::Ok(bytes(file)? as f64 / EVENTS as f64);
    let (ours, by_hand) = (each(&ours)?, each(&by_hand)?);
    let wanted = format!("<= 1.20 of {by_hand:.0}: {:.2}", ours / by_hand);
    table.figure(CASE, "bytes", ours, &wanted);
    Ok(())
}
