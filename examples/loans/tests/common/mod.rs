//! What the tests share: logs to import, the programs as processes, and a store that does something at a
//! chosen append.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(unused_imports, reason = "each test file uses its part")]

pub mod place;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use es_core::store::{Append, AppendOutcome, ListQuery, ListStreams, StreamRange};
use es_core::time::OffsetDateTime;
use es_core::{EventStore, MemoryStore, Repository, StoreError};
use loans::generations::Generation;
use loans::import::{Count, Import, ImportError, Imported, Source};
use loans::report::Report;
use time::format_description::well_known::Rfc3339;

/// How many records the sample has.
pub const SAMPLE: u64 = 176;

/// What `report` prints for the sample, in both generations.
pub const SAMPLE_REPORT: &str = "\
outcome    applications  requested (EUR)
approved              3           69,000
declined              4           70,500
cancelled             3           47,500
open                  2           16,000
all                  12          203,000
176 events";

pub fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample.jsonl")
}

pub fn sample_lines() -> Vec<String> {
    let text = std::fs::read_to_string(sample()).expect("the sample is there");
    text.lines().map(str::to_owned).collect()
}

/// An invented history of several months: the sample once a fortnight, by other people each time, in the
/// order of time.
pub fn long_history(times: u32) -> Vec<String> {
    let mut records = Vec::new();
    for copy in 0..times {
        for line in sample_lines() {
            let mut record: serde_json::Value = serde_json::from_str(&line).expect("the sample is JSON");
            let case = record["case"].as_str().expect("a case");
            record["case"] = format!("{copy}-{case}").into();
            if let Some(who) = record.get("resource").and_then(|who| who.as_str()).filter(|who| *who != "web")
            {
                record["resource"] = format!("{who}-{}", copy % 5).into();
            }
            let time = OffsetDateTime::parse(record["time"].as_str().expect("a time"), &Rfc3339);
            let time = time.expect("RFC 3339") + time::Duration::hours(341 * i64::from(copy));
            record["time"] = time.format(&Rfc3339).expect("a year of four digits").into();
            records.push((time, record.to_string()));
        }
    }
    // A stable sort: records of one time keep their order.
    records.sort_by_key(|(time, _)| *time);
    records.into_iter().map(|(_, record)| record).collect()
}

/// A program on the database under this URL, with pipes.
pub fn command(program: impl AsRef<Path>, url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program.as_ref());
    command.args(args).env("DATABASE_URL", url).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Exit code, standard output, standard error.
pub fn said(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!err.contains("panicked") && !err.contains("backtrace"), "{err}");
    (output.status.code().expect("it ends by itself"), out, err)
}

/// A file with these bytes, under a name that no other test has.
pub fn file(name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    static FILES: AtomicU64 = AtomicU64::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{number}-{name}", std::process::id()));
    std::fs::write(&path, bytes).expect("the test folder takes files");
    path
}

/// What one run of an import did: the records that it wrote, those that it found, and how it ended.
pub type Ran = (u64, u64, Result<Imported, ImportError>);

pub async fn run<A: Generation>(
    store: impl EventStore + 'static,
    path: &Path,
    with: impl FnOnce(Import<A, Arc<dyn EventStore>>) -> Import<A, Arc<dyn EventStore>>,
) -> Ran {
    let store: Arc<dyn EventStore> = Arc::new(store);
    let import = with(Import::new(Repository::new(store)));
    let count = Arc::new(Count::default());
    let source = Source::File(path.to_owned());
    let outcome = import.run(&source, Arc::clone(&count), std::future::pending()).await;
    (count.written(), count.present(), outcome)
}

/// Imports a file that has nothing wrong.
pub async fn import<A: Generation>(store: impl EventStore + 'static, path: &Path) -> (u64, u64) {
    let (written, present, outcome) = run::<A>(store, path, |import| import).await;
    let imported = outcome.expect("nothing is wrong with it");
    assert_eq!((imported.problems.all(), imported.interrupted), (0, false));
    (written, present)
}

pub async fn report<A: Generation>(store: impl EventStore + ListStreams + 'static) -> String {
    let repository = Repository::<A, _>::new(store);
    Report::of(&repository, 4).await.expect("everything decodes").to_string()
}

/// Every event of a store: stream, revision, id, name, version, payload.
pub async fn events(
    store: &(impl EventStore + ListStreams + ?Sized),
) -> Vec<(String, u64, String, u32, String)> {
    let mut all = Vec::new();
    for summary in store.list_streams(ListQuery::category("loan").limit(1_000_000)).await.expect("a listing")
    {
        let mut take = |raw: es_core::record::RawEvent<'_>| {
            let payload = String::from_utf8_lossy(raw.payload).into_owned();
            let at = (raw.stream.key().to_owned(), raw.revision.get());
            all.push((at.0, at.1, format!("{} {}", raw.name, raw.event_id), raw.version, payload));
            Ok(())
        };
        store.read_stream(&summary.stream, StreamRange::ALL, &mut take).await.expect("a read");
    }
    all
}

/// A memory store that tells of each append before it is executed, and can fail it.
#[derive(Clone)]
pub struct Watched {
    pub store: MemoryStore,
    appends: Arc<AtomicU64>,
    #[allow(clippy::type_complexity, reason = "named by the field")]
    at_append: Arc<dyn Fn(u64) -> Result<(), StoreError> + Send + Sync>,
}

impl Watched {
    pub fn new(
        store: &MemoryStore,
        at_append: impl Fn(u64) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self { store: store.clone(), appends: Arc::default(), at_append: Arc::new(at_append) }
    }
}

#[async_trait]
impl EventStore for Watched {
    es_core::forward_event_store!(EventStore to |this| &this.store, except append);

    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        (self.at_append)(self.appends.fetch_add(1, Ordering::SeqCst) + 1)?;
        let outcome = self.store.append(append).await;
        // Lets the receiver act before the next append.
        tokio::task::yield_now().await;
        outcome
    }
}
