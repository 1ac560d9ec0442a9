//! In-place upgrade from one major version to another.

use std::path::PathBuf;
use std::process::Command;

use es_tests::operations::{Program, Shell, block, verify};

use crate::support::Server;

/// The folder with the programs of the newest version, which are fetched if they are missing.
fn newest() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let output =
        Command::new(cargo).current_dir(root).args(["xtask", "postgres-18"]).output().expect("cargo starts");
    assert!(
        output.status.success(),
        "the programs of PostgreSQL 18 are needed, and `cargo xtask postgres-18` cannot fetch them: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// Stops the server of the new version.
struct Stopped(Shell);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _gone = self
            .0
            .command("bash")
            .args(["-c", "\"$NEW_BIN/pg_ctl\" stop --mode=immediate -D \"$NEW_PGDATA\""])
            .output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_continues_after_its_server_was_upgraded() {
    let new = newest();
    let server = Server::start("").await;
    let store = server.store().await;
    let program = Program::start(&store);
    program.acknowledges(60).await;
    let old = server.shell.psql("shop", "SHOW server_version_num");
    let has_checksums = server.shell.psql("shop", "SHOW data_checksums") == "on";
    let shell = server
        .shell
        .clone()
        .with("OLD_BIN", server.shell.run("printf '%s' \"$BIN\""))
        .with("NEW_BIN", new)
        .with("NEW_PGDATA", server.folder().join("shell/new"))
        .with("CHECKSUMS", if has_checksums { "--data-checksums" } else { "--no-data-checksums" });
    shell.run(&block("stop"));
    let before = program.report().acknowledged.len();
    shell.run(&block("pg-upgrade"));
    let _stopped = Stopped(shell.clone());
    shell.run(
        "\"$NEW_BIN/pg_ctl\" start --pgdata=\"$NEW_PGDATA\" --log=new.log \
         -o \"-c unix_socket_directories=$PGHOST -c listen_addresses= -c fsync=off\"",
    );
    shell.run(&block("after-upgrade"));
    program.acknowledges(60).await;
    let report = program.stop().await;
    assert_eq!(verify(&server.url("shop"), &report, 0..0).await, 0);
    assert!(report.acknowledged.len() >= before + 60);
    assert_eq!(report.told, 0);
    assert_eq!(shell.psql("shop", &block("verify")), "");
    let new = shell.psql("shop", "SHOW server_version_num");
    // If the newest version is the installed one, the procedure is tested nevertheless.
    assert!(new.starts_with("18") && old <= new, "from {old} to {new}");
}
