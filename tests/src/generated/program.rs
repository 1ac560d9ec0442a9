//! Compiling a generated program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde::Deserialize;

/// The libraries that programs are linked with, as cargo has built them for this package.
static LIBRARIES: LazyLock<Libraries> = LazyLock::new(Libraries::build);

struct Libraries {
    folder: PathBuf,
    externs: Vec<String>,
}

impl Libraries {
    fn build() -> Self {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--package", "es-tests", "--lib", "--offline", "--message-format", "json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let (mut folder, mut externs) = (None, Vec::new());
        for line in String::from_utf8(built.stdout).expect("text").lines() {
            let Ok(artifact) = serde_json::from_str::<Artifact>(line) else { continue };
            let name = artifact.target.name.replace('-', "_");
            let Some(file) = artifact
                .filenames
                .into_iter()
                .find(|file| file.extension().is_some_and(|extension| extension == "rlib"))
            else {
                continue;
            };
            if ["es_core", "es_tests", "serde", "serde_json"].contains(&name.as_str()) {
                externs.push(format!("{name}={}", file.display()));
                if name == "es_core" {
                    folder = file.parent().map(Path::to_owned);
                }
            }
        }
        // The library of a package of the workspace is linked to the folder above.
        let folder = folder.expect("es-core is built");
        Self { folder: if folder.ends_with("deps") { folder } else { folder.join("deps") }, externs }
    }
}

#[derive(Deserialize)]
struct Artifact {
    target: Target,
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Compiles `main.rs` into `program`, with the libraries of this package. Returns the modules that do not
/// compile, by the names of their files (`case_…`), with what the compiler says.
///
/// # Panics
///
/// When an error is in none of them.
#[must_use]
pub fn compile(folder: &Path) -> BTreeMap<String, String> {
    let compiled = rustc(folder, &["-A", "warnings"]);
    if compiled.status.success() {
        return BTreeMap::new();
    }
    let said = String::from_utf8_lossy(&compiled.stderr);
    let mut refused = BTreeMap::new();
    for line in said.lines() {
        let Ok(message) = serde_json::from_str::<Message>(line) else { continue };
        let files: BTreeSet<String> = message.files().collect();
        if message.level == "error" {
            for module in files {
                refused.entry(module).or_insert_with(|| message.rendered.clone().unwrap_or_default());
            }
        }
    }
    assert!(!refused.is_empty(), "{} does not compile: {said}", folder.display());
    refused
}

/// Checks `main.rs` as `cargo check` does. Returns what the compiler says, warnings as well, one text a
/// message.
#[must_use]
pub fn check(folder: &Path) -> Vec<String> {
    let checked = rustc(folder, &["--emit", "metadata"]);
    let said = String::from_utf8_lossy(&checked.stderr);
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    messages.filter_map(|message| message.rendered).collect()
}

fn rustc(folder: &Path, arguments: &[&str]) -> Output {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let mut command = Command::new(rustc);
    command
        .args(["--edition", "2024", "--crate-name", "program", "-C", "debuginfo=0"])
        .args(["--error-format", "json"])
        .args(arguments)
        .arg(folder.join("main.rs"))
        .arg("-o")
        .arg(folder.join("program"))
        .arg("-L")
        .arg(format!("dependency={}", LIBRARIES.folder.display()));
    command.args(LIBRARIES.externs.iter().flat_map(|library| ["--extern", library]));
    command.output().expect("rustc runs")
}

#[derive(Deserialize)]
struct Message {
    level: String,
    rendered: Option<String>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    is_primary: bool,
}

impl Message {
    /// The modules that it points at.
    fn files(&self) -> impl Iterator<Item = String> {
        self.spans.iter().filter(|span| span.is_primary).filter_map(|span| {
            let stem = Path::new(&span.file_name).file_stem()?.to_str()?;
            stem.starts_with("case_").then(|| stem.to_owned())
        })
    }
}
