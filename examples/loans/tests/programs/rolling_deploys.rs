//! Programs of two generations on one database at the same time, as processes: the story of
//! `docs/rolling-deploys.md`.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use crate::common::{SAMPLE, SAMPLE_REPORT, events, sample_lines};
use es_core::Repository;
use es_postgres::PostgresStore;
use es_postgres::testing::TestDatabase;
use loans::domain::{Application, ApplicationId};
use loans::generations::Generation;
use loans::generations::in_2011::Application2011;
use loans::generations::in_2012::{rollout, switched};

const IN_2011: &str = env!("CARGO_BIN_EXE_loans-2011");
const ROLLOUT: &str = env!("CARGO_BIN_EXE_loans-2012-rollout");
const IN_2012: &str = env!("CARGO_BIN_EXE_loans-2012");
const TODAY: &str = env!("CARGO_BIN_EXE_loans");

/// A program at work: it imports what it is given, and waits for more.
struct Running {
    import: Child,
    stdin: ChildStdin,
    given: usize,
}

impl Running {
    fn start(program: &str, url: &str) -> Self {
        let mut command = Command::new(program);
        command.args(["import", "-"]).env("DATABASE_URL", url);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut import = command.spawn().expect("it starts");
        let stdin = import.stdin.take().expect("it was asked for");
        Self { import, stdin, given: 0 }
    }

    /// Gives it the log up to this record, and waits until the store has them all.
    async fn import_up_to(&mut self, records: usize, store: &PostgresStore) {
        let lines = sample_lines()[self.given..records].join("\n") + "\n";
        self.stdin.write_all(lines.as_bytes()).expect("it reads");
        self.given = records;
        let all = async {
            while events(store).await.len() < records {
                assert!(self.import.try_wait().expect("it is ours").is_none(), "it has ended");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), all).await.expect("it imports");
    }

    /// Tells it that there is no more; gives how many records it wrote, and how many were there.
    async fn ended(self) -> (u64, u64) {
        drop(self.stdin);
        let output = tokio::task::spawn_blocking(|| self.import.wait_with_output()).await;
        let output = output.expect("it is waited for").expect("it ends");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let words: Vec<&str> = said.split_whitespace().collect();
        (words[0].parse().expect("a number"), words[3].parse().expect("a number"))
    }
}

/// Exit code and what was printed.
async fn report(program: &str, url: &str) -> (Option<i32>, String) {
    let mut command = Command::new(program);
    command.arg("report").env("DATABASE_URL", url);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.expect("it is waited for").expect("the program starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).trim_end().to_owned())
}

/// Every application as a generation sees it, from the first event on.
async fn states<A: Generation>(store: &PostgresStore) -> Vec<(ApplicationId, Application)> {
    let repository = Repository::<A, _>::new(store.clone());
    let mut states = Vec::new();
    for (id, _) in repository.ids(None, 1_000).await.expect("a listing") {
        let loaded = repository.load(&id).await.expect("it decodes");
        states.push((id, loaded.state.as_ref().clone()));
    }
    states
}

/// The versions in which submissions and work items are stored, record by record.
async fn versions(store: &PostgresStore) -> Vec<u32> {
    let changed = |name: &str| name.starts_with("loan.submitted") || name.starts_with("loan.work.");
    let all = events(store).await;
    all.into_iter().filter(|(_, _, name, ..)| changed(name)).map(|(_, _, _, version, _)| version).collect()
}

/// Each step stands for days in which programs of two generations take their turns at the same applications.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_of_2012_takes_the_place_of_that_of_2011_while_both_run() {
    let database = TestDatabase::new().await.expect("a test database");
    let (url, store) = (database.url(), database.store().await.expect("a store"));

    // The new build comes in beside the old one. It writes what the old one reads.
    let mut old = Running::start(IN_2011, url);
    old.import_up_to(40, &store).await;
    let mut rolled_out = Running::start(ROLLOUT, url);
    rolled_out.import_up_to(80, &store).await;
    old.import_up_to(100, &store).await;
    rolled_out.import_up_to(120, &store).await;
    assert_eq!(report(IN_2011, url).await, report(ROLLOUT, url).await);
    assert_eq!(states::<Application2011>(&store).await, states::<rollout::Application2012>(&store).await);
    assert!(versions(&store).await.iter().all(|version| *version == 1), "an old reader knows all of it");
    assert_eq!(old.ended().await, (60, 40));

    // Nobody is left who knows version 1 only: the build that writes version 2 takes over, in the same way.
    let mut new = Running::start(IN_2012, url);
    new.import_up_to(140, &store).await;
    rolled_out.import_up_to(160, &store).await;
    assert_eq!(rolled_out.ended().await, (80, 80));
    new.import_up_to(sample_lines().len(), &store).await;
    assert_eq!(new.ended().await, (36, 140));

    let expected = (Some(0), SAMPLE_REPORT.to_owned());
    for program in [ROLLOUT, IN_2012, TODAY] {
        assert_eq!(report(program, url).await, expected, "{program}");
    }
    let stored = versions(&store).await;
    assert!(stored.contains(&1) && stored.contains(&2) && !stored.contains(&3), "{stored:?}");
    assert_eq!(events(&store).await.len() as u64, SAMPLE);
    let now = states::<Application>(&store).await;
    assert_eq!(states::<rollout::Application2012>(&store).await, now);
    assert_eq!(states::<switched::Application2012>(&store).await, now);

    // Had it still been there, the program of 2011 would have stopped, rather than to fold what it can read.
    let (code, said) = report(IN_2011, url).await;
    assert_eq!(code, Some(2));
    assert!(
        said.contains("version 2") && said.contains("is newer than 1, the newest that this program knows"),
        "{said}"
    );
}
