//! The workspace, according to cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Failed;

#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests look into the sources"))]
    src_path: PathBuf,
}

impl Workspace {
    pub(crate) fn read() -> Result<Self, Failed> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let output = cargo()
            .args(["metadata", "--no-deps", "--format-version=1", "--manifest-path"])
            .arg(manifest)
            .output()
            .map_err(|error| Failed::new(format!("cargo does not start: {error}")))?;
        if !output.status.success() {
            return Err(Failed::new(String::from_utf8_lossy(&output.stderr)));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| Failed::new(format!("cannot parse the output of cargo metadata: {error}")))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.workspace_root
    }

    /// The folder for fetched files.
    pub(crate) fn fetched(&self) -> PathBuf {
        self.target_directory.join("xtask")
    }

    /// The names of all integration tests, each once.
    pub(crate) fn tests(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.test_targets().map(|target| target.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn test_targets(&self) -> impl Iterator<Item = &Target> {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        targets.filter(|target| target.kind.iter().any(|kind| kind == "test"))
    }

    /// The folders and files of the sources of integration tests.
    #[cfg(test)]
    pub(crate) fn sources(&self) -> impl Iterator<Item = &Path> {
        self.test_targets().map(|target| target.src_path.as_path())
    }
}

/// The cargo that started this program.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
