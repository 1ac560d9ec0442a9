//! What `docs/choosing-a-store.md` says about copies: backups of a file, and copying from one store to
//! another.

use std::path::{Path, PathBuf};

use es_core::copy::{CopyError, copy_store};
use es_core::store::ImportStore;
use es_core::subscription::Subscription;
use es_core::uuid::Uuid;
use es_core::{EventStore, ExecuteOptions, Repository, StoreError};
use es_postgres::testing::TestDatabase;
use es_sqlite::SqliteStore;
use es_sqlite::sqlx::SqliteConnection;
use es_tests::operations::bank::{Account, AccountEvent, Deposit};
use sqlx::Connection;

const PAGE: &str = include_str!("../../../docs/choosing-a-store.md");

/// The id of the first command.
const FIRST: Uuid = Uuid::from_u128(1);

/// Removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("es-choosing-{}", Uuid::now_v7().simple()));
        std::fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

async fn moved<S: EventStore + ImportStore + 'static>(from: &SqliteStore, to: S) -> Result<i64, CopyError> {
    let copied = copy_store(from, &to).await?;
    println!("{} events, hash {}", copied.events.count, copied.events.hash);
    let accounts = Repository::<Account, _>::new(to);
    // It was sent before the move.
    let again = ExecuteOptions::new().command_id(FIRST);
    assert!(accounts.execute_with(&7, Deposit(5), again).await.expect("it is known").repeated);
    accounts.execute(&7, Deposit(10)).await.expect("it continues");
    Ok(accounts.load(&7).await.expect("loaded").state.cents)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_moves_from_a_file_to_a_server_and_continues() {
    let (folder, database) = (Folder::new(), TestDatabase::new().await.expect("a database"));
    let file = SqliteStore::open(folder.file("bank.db")).await.expect("a file");
    let accounts = Repository::<Account, _>::new(file.clone());
    let first = ExecuteOptions::new().command_id(FIRST);
    accounts.execute_with(&7, Deposit(5), first).await.expect("executed");
    let server = database.store().await.expect("a store");
    // Copied once while the program runs, and again after it has ended.
    copy_store(&file, &server).await.expect("a copy");
    let mut reader = Subscription::of::<Account>(file.clone());
    assert!(reader.next().await.is_ok());
    accounts.execute(&7, Deposit(1)).await.expect("executed");
    assert_eq!(moved(&file, server.clone()).await.expect("a copy"), 16);
    // A checkpoint of the file is valid on the server.
    let mut reader = Subscription::of::<Account>(server).from(reader.checkpoint());
    let after = [reader.next().await, reader.next().await].map(|event| event.expect("an event").event);
    assert_eq!(after.map(|AccountEvent::Deposited(event)| event.cents), [1, 10]);
}

async fn backed_up(store: &SqliteStore, to: &Path) -> Result<(), StoreError> {
    store.backup(to).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_file_in_use_is_a_store_as_of_one_moment() {
    let folder = Folder::new();
    let (path, inside, outside) = (folder.file("bank.db"), folder.file("in.db"), folder.file("out.db"));
    let file = SqliteStore::open(&path).await.expect("a file");
    let accounts = Repository::<Account, _>::new(file.clone());
    accounts.execute(&7, Deposit(5)).await.expect("executed");
    backed_up(&file, &inside).await.expect("a copy");
    let statement = PAGE.split("`sqlite3 bank.db \"").nth(1).and_then(|rest| rest.split('"').next());
    let statement =
        statement.expect("the page has it").replace("backups/bank.db", &outside.to_string_lossy());
    let url = format!("sqlite://{}", path.display());
    let mut other = SqliteConnection::connect(&url).await.expect("a connection");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut other).await.expect("a copy");
    accounts.execute(&7, Deposit(1)).await.expect("executed");
    for copy in [inside, outside] {
        let copy = SqliteStore::open(copy).await.expect("a file");
        assert!(copy.verify().await.expect("it is read").is_sound());
        assert_eq!(Repository::<Account, _>::new(copy).load(&7).await.expect("loaded").state.cents, 5);
    }
}

#[test]
fn the_page_shows_code_that_runs_here() {
    let source = include_str!("choosing_a_store.rs");
    let blocks: Vec<_> =
        PAGE.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 3);
    for line in blocks.iter().flat_map(|block| block.lines()).map(str::trim) {
        assert!(
            source.contains(&line.replace("&from", "from").replace("\"backups/bank.db\"", "to")),
            "{line}"
        );
    }
}
