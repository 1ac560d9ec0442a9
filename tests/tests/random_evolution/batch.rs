//! A batch: many programs in one crate, which is compiled and run once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use es_tests::generated::{Outcome, compile};

/// A program with its changes, as sources.
pub(crate) struct Case {
    pub(crate) number: u32,
    pub(crate) before: String,
    pub(crate) after: Vec<String>,
}

/// The result of a batch.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) outcomes: Vec<Outcome>,
    /// Modules that the macros reject, with their messages.
    pub(crate) refused: BTreeMap<String, String>,
}

/// The name of a module: `case_3_before`, `case_3_after_1`.
pub(crate) fn name(case: u32, change: Option<u32>) -> String {
    change.map_or_else(|| format!("case_{case}_before"), |change| format!("case_{case}_after_{change}"))
}

/// Compiles and runs the batch. A module that does not compile is left out, and the compiler's messages are
/// kept.
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
