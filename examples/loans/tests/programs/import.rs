//! The import into the memory store: what it writes, that it writes it once, and that it goes on where it
//! stopped.

use std::io::Write;
use std::sync::Arc;

use crate::common::{
    SAMPLE, SAMPLE_REPORT, Watched, events, file, import, report, run, sample, sample_lines,
};
use es_core::store::StreamRange;
use es_core::{MemoryStore, Repository, StoreError};
use flate2::Compression;
use flate2::write::GzEncoder;
use loans::domain::{Application, ApplicationId, Outcome};
use loans::generations::in_2011::Application2011;
use loans::import::{Count, Import, ImportError, Source};
use tokio::sync::Notify;

#[tokio::test]
async fn every_record_becomes_one_event_with_its_time_and_its_actor() {
    let store = MemoryStore::new();
    assert_eq!(import::<Application>(store.clone(), &sample()).await, (SAMPLE, 0));
    assert_eq!(report::<Application>(store.clone()).await, SAMPLE_REPORT);

    let repository = Repository::<Application, _>::new(store);
    let id = ApplicationId("900104".into());
    let mut history = Vec::new();
    let take = |recorded: es_core::Recorded<_>| {
        history.push((recorded.name, recorded.occurred_at(), recorded.metadata.actor.clone()));
        Ok(())
    };
    repository.history(&id, StreamRange::ALL, take).await.expect("it decodes");
    let lines: Vec<serde_json::Value> = sample_lines()
        .iter()
        .map(|line| serde_json::from_str(line).expect("the sample is JSON"))
        .filter(|line: &serde_json::Value| line["case"] == "900104")
        .collect();
    assert_eq!(history.len(), lines.len());
    for ((name, time, actor), line) in history.iter().zip(&lines) {
        let written = line["time"].as_str().expect("a time");
        let format = &time::format_description::well_known::Rfc3339;
        assert_eq!(time::OffsetDateTime::parse(written, format).as_ref(), Ok(time), "{name}");
        assert_eq!(actor.as_deref(), line.get("resource").and_then(|resource| resource.as_str()), "{name}");
    }
    assert!(history.iter().any(|(_, _, actor)| actor.is_none()), "some records name nobody");
    assert_eq!(repository.load(&id).await.expect("it decodes").state.stage.outcome(), Outcome::Cancelled);
}

#[tokio::test]
async fn a_compressed_log_gives_the_same_events() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(sample_lines().join("\n").as_bytes()).expect("memory takes it");
    let path = file("sample.jsonl.gz", gzip.finish().expect("memory takes it"));
    let store = MemoryStore::new();
    assert_eq!(import::<Application>(store.clone(), &path).await, (SAMPLE, 0));
    assert_eq!(report::<Application>(store).await, SAMPLE_REPORT);
}

#[tokio::test]
async fn running_again_compares_and_writes_nothing() {
    let store = MemoryStore::new();
    import::<Application>(store.clone(), &sample()).await;
    let before = events(&store).await;
    assert_eq!(import::<Application>(store.clone(), &sample()).await, (0, SAMPLE));
    assert_eq!(events(&store).await, before);
}

#[tokio::test]
async fn a_longer_log_adds_only_what_is_new() {
    let store = MemoryStore::new();
    let lines = sample_lines();
    let first = file("first.jsonl", lines[..70].join("\n"));
    assert_eq!(import::<Application>(store.clone(), &first).await, (70, 0));
    assert_eq!(import::<Application>(store.clone(), &sample()).await, (SAMPLE - 70, 70));
    assert_eq!(report::<Application>(store).await, SAMPLE_REPORT);
}

#[tokio::test]
async fn an_interrupted_import_goes_on_in_the_next_run() {
    for concurrency in [1, 4] {
        let (store, interrupt) = (MemoryStore::new(), Arc::new(Notify::new()));
        let at_50 = Arc::clone(&interrupt);
        let watched = Watched::new(&store, move |append| {
            if append == 50 {
                at_50.notify_one();
            }
            Ok(())
        });
        let import_it = Import::<Application, _>::new(Repository::new(watched)).concurrency(concurrency);
        let count = Arc::new(Count::default());
        let source = Source::File(sample());
        let outcome = import_it.run(&source, Arc::clone(&count), interrupt.notified()).await;
        assert!(outcome.expect("nothing is wrong").interrupted);
        // Each worker may finish the one command that is in flight.
        let done = count.written();
        assert!((50..50 + concurrency as u64).contains(&done), "{done} at a concurrency of {concurrency}");
        assert_eq!(events(&store).await.len() as u64, done);

        assert_eq!(import::<Application>(store.clone(), &sample()).await, (SAMPLE - done, done));
        assert_eq!(report::<Application>(store).await, SAMPLE_REPORT);
    }
}

#[tokio::test]
async fn a_store_that_fails_stops_the_import_and_the_next_run_goes_on() {
    let store = MemoryStore::new();
    let watched = Watched::new(&store, |append| match append {
        90 => Err(StoreError::Setup { source: "the disk is full".into() }),
        _ => Ok(()),
    });
    let (written, _, outcome) = run::<Application>(watched, &sample(), |import| import.concurrency(1)).await;
    let error = outcome.expect_err("the store failed");
    assert_eq!(error.to_string(), "the store is not usable as it is: the disk is full");
    assert!(matches!(error, ImportError::Store { .. }), "{error:?}");
    assert_eq!(written, 89);
    assert_eq!(import::<Application>(store.clone(), &sample()).await, (SAMPLE - 89, 89));
    assert_eq!(report::<Application>(store).await, SAMPLE_REPORT);
}

#[tokio::test]
async fn a_passing_failure_of_the_store_is_not_even_noticed() {
    let store = MemoryStore::new();
    let watched = Watched::new(&store, |append| match append % 40 {
        0 => Err(StoreError::Unavailable { source: "a short nap".into() }),
        _ => Ok(()),
    });
    assert_eq!(import::<Application>(watched, &sample()).await, (SAMPLE, 0));
    assert_eq!(report::<Application>(store).await, SAMPLE_REPORT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_imports_at_the_same_time_write_each_record_once() {
    let (store, path) = (MemoryStore::new(), sample());
    let (one, other) = tokio::join!(
        import::<Application>(store.clone(), &path),
        import::<Application>(store.clone(), &path)
    );
    assert_eq!((one.0 + other.0, one.1 + other.1), (SAMPLE, SAMPLE));
    assert_eq!(report::<Application>(store).await, SAMPLE_REPORT);
}

#[tokio::test]
async fn what_the_program_of_2011_stored_gives_the_same_report_today() {
    let store = MemoryStore::new();
    assert_eq!(import::<Application2011>(store.clone(), &sample()).await, (SAMPLE, 0));
    let before = events(&store).await;
    assert!(before.iter().all(|(_, _, _, version, _)| *version == 1));
    assert!(before.iter().any(|(.., payload)| payload == r#"{"name":"Nabellen offertes"}"#));
    assert_eq!(report::<Application2011>(store.clone()).await, SAMPLE_REPORT);
    assert_eq!(report::<Application>(store.clone()).await, SAMPLE_REPORT);

    // Today's program recognises each record in what was stored then.
    assert_eq!(import::<Application>(store.clone(), &sample()).await, (0, SAMPLE));
    assert_eq!(events(&store).await, before);
}

#[tokio::test]
async fn an_import_begun_in_2011_is_finished_today() {
    let store = MemoryStore::new();
    let first = file("until-2011.jsonl", sample_lines()[..100].join("\n"));
    assert_eq!(import::<Application2011>(store.clone(), &first).await, (100, 0));
    assert_eq!(import::<Application>(store.clone(), &sample()).await, (SAMPLE - 100, 100));
    assert_eq!(report::<Application>(store.clone()).await, SAMPLE_REPORT);
    let versions: std::collections::BTreeSet<_> =
        events(&store).await.into_iter().map(|(_, _, _, version, _)| version).collect();
    assert_eq!(versions.into_iter().collect::<Vec<_>>(), [1, 2, 3]);

    // The old program refuses what it cannot know, and folds no part of it.
    let repository = Repository::<Application2011, _>::new(store);
    let error = loans::report::Report::of(&repository, 1).await.expect_err("version 3 is unknown to it");
    assert!(error.to_string().contains("is newer than 1, the newest that this program knows"), "{error}");
}
