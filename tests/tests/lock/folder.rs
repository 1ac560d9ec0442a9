//! A folder for one test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use es_core::Aggregate;
use es_core::lock::{Finding, Lock, LockError, Mode};
use serde_json::Value;

/// An empty folder under `target/`.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lock").join(test);
        if path.exists() {
            fs::remove_dir_all(&path).expect("an old folder is removed");
        }
        fs::create_dir_all(&path).expect("a folder is made");
        Self(path)
    }

    /// A folder where `A` is published.
    pub(crate) fn with<A: Aggregate>(test: &str) -> Self {
        let folder = Self::new(test);
        folder.run::<A>(Mode::Update).expect("new versions are published");
        folder.run::<A>(Mode::Check).expect("the code matches what was published");
        folder
    }

    pub(crate) fn run<A: Aggregate>(&self, mode: Mode) -> Result<Vec<Finding>, LockError> {
        Lock::new(&self.0).with::<A>().run(mode)
    }

    /// The same for two aggregates.
    pub(crate) fn run_both<A: Aggregate, B: Aggregate>(&self, mode: Mode) -> Result<Vec<Finding>, LockError> {
        Lock::new(&self.0).with::<A>().with::<B>().run(mode)
    }

    /// The first lines of all findings.
    #[track_caller]
    pub(crate) fn findings<A: Aggregate>(&self, mode: Mode) -> Vec<String> {
        match self.run::<A>(mode) {
            Ok(_) => Vec::new(),
            Err(error) => error.findings().iter().map(|finding| finding.text.clone()).collect(),
        }
    }

    /// What an update accepts.
    #[track_caller]
    pub(crate) fn accepted<A: Aggregate>(&self) -> Vec<String> {
        let accepted = self.run::<A>(Mode::Update).expect("an update");
        accepted.into_iter().map(|finding| finding.text).collect()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// The shapes in the lock, without Rust names and aggregates.
    pub(crate) fn shapes(&self) -> String {
        let text = self.read("events.lock");
        let parts = text.split("\n\n").filter(|part| !part.starts_with("aggregate "));
        let lines = |part: &str| {
            let lines = part.lines().filter(|line| !line.starts_with("  rust"));
            lines.map(|line| format!("{line}\n")).collect::<String>()
        };
        parts.map(lines).collect::<Vec<_>>().join("\n")
    }

    /// The stored payloads of a file.
    pub(crate) fn stored(&self, file: &str) -> Vec<Value> {
        let payloads: Vec<Value> = serde_json::from_str(&self.read(file)).expect("a list");
        payloads.into_iter().map(|mut golden| golden["stored"].take()).collect()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join(file), text).expect("a file is written");
    }

    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.0.join(file)).expect("a file is removed");
    }

    /// Every file with its text.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        collect(&self.0, &self.0, &mut files);
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder is read") {
        let path = entry.expect("an entry is read").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("a path in the folder").to_string_lossy().into_owned();
            files.insert(name, fs::read_to_string(&path).expect("a file is read"));
        }
    }
}
