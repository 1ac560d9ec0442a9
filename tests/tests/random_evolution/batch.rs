//! A batch: many programs in one crate, which is compiled once and run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use es_tests::generated::Outcome;
use serde::Deserialize;

/// A program with its changes, as sources.
pub(crate) struct Case {
    pub(crate) number: u32,
    pub(crate) before: String,
    pub(crate) after: Vec<String>,
}

/// What came of a batch.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) outcomes: Vec<Outcome>,
    /// Modules that the macros refuse, with what they say.
    pub(crate) refused: BTreeMap<String, String>,
}

/// The name of a module: `case_3_before`, `case_3_after_1`.
pub(crate) fn name(case: u32, change: Option<u32>) -> String {
    change.map_or_else(|| format!("case_{case}_before"), |change| format!("case_{case}_after_{change}"))
}

/// Compiles and runs. A module that does not compile is left out, and what the compiler said is kept.
pub(crate) fn run(folder: &Path, cases: &[Case], seed: u64) -> Results {
    fs::create_dir_all(folder).expect("a folder is made");
    let mut results = Results::default();
    for case in cases {
        let sources = std::iter::once((None, &case.before)).chain((0..).map(Some).zip(&case.after));
        for (change, source) in sources {
            let file = folder.join(format!("{}.rs", name(case.number, change)));
            fs::write(file, source).expect("a module is written");
        }
    }
    loop {
        fs::write(folder.join("main.rs"), main(folder, cases, seed, &results.refused))
            .expect("a program is written");
        let refused = compile(folder);
        if refused.is_empty() {
            break;
        }
        for (module, message) in refused {
            let again = results.refused.insert(module.clone(), message.clone());
            assert!(again.is_none(), "{module} is left out, and refused again: {message}");
        }
    }
    let run = Command::new(folder.join("program")).output().expect("the program runs");
    assert!(
        run.status.success(),
        "the program of seed {seed} in {} failed: {}",
        folder.display(),
        String::from_utf8_lossy(&run.stderr)
    );
    let lines = String::from_utf8(run.stdout).expect("text");
    results.outcomes =
        lines.lines().map(|line| serde_json::from_str(line).expect("an outcome a line")).collect();
    results
}

fn main(folder: &Path, cases: &[Case], seed: u64, refused: &BTreeMap<String, String>) -> String {
    let (mut modules, mut pairs) = (String::new(), String::new());
    for case in cases {
        let before = name(case.number, None);
        if refused.contains_key(&before) {
            continue;
        }
        let changes: Vec<(usize, String)> = (0..case.after.len())
            .map(|change| (change, name(case.number, u32::try_from(change).ok())))
            .filter(|(_, name)| !refused.contains_key(name))
            .collect();
        for module in std::iter::once(&before).chain(changes.iter().map(|(_, name)| name)) {
            let _ = writeln!(modules, "#[path = {:?}]\nmod {module};", folder.join(format!("{module}.rs")));
        }
        let changes: Vec<String> =
            changes.iter().map(|(change, name)| format!("({change}, {name}::SIDE)")).collect();
        let _ = writeln!(
            pairs,
            "        Pair {{ case: {}, before: {before}::SIDE, after: &[{}] }},",
            case.number,
            changes.join(", ")
        );
    }
    format!(
        "#![allow(warnings)]\n{modules}\nfn main() -> std::io::Result<()> {{\n    \
         use es_tests::generated::{{Pair, report}};\n    \
         std::panic::set_hook(Box::new(|_| {{}}));\n    \
         const PAIRS: &[Pair] = &[\n{pairs}    ];\n    \
         report(PAIRS, std::path::Path::new({:?}), {seed})\n}}\n",
        folder.join("locks")
    )
}

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

/// Compiles `main.rs` into `program`, and gives the modules that do not compile.
fn compile(folder: &Path) -> BTreeMap<String, String> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let mut command = Command::new(rustc);
    command
        .args(["--edition", "2024", "--crate-name", "program", "-C", "debuginfo=0"])
        .args(["--error-format", "json", "-A", "warnings"])
        .arg(folder.join("main.rs"))
        .arg("-o")
        .arg(folder.join("program"))
        .arg("-L")
        .arg(format!("dependency={}", LIBRARIES.folder.display()));
    command.args(LIBRARIES.externs.iter().flat_map(|library| ["--extern", library]));
    let compiled = command.output().expect("rustc runs");
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
