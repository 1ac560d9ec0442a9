//! The programs of all cases: one that prints the lock's findings, and one that follows them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use es_tests::generated::compile;
use serde_json::Value;

use crate::Followed;
use crate::case::Case;

/// What every source may use: the aggregate of events that are not folded, and upcasts.
const HEAD: &str = include_str!("head.rs");

/// The result of a program that follows a proposal.
#[derive(Debug)]
pub(crate) enum Outcome {
    Right,
    Wrong(String),
}

/// The lock's findings for each case.
pub(crate) fn findings(folder: &Path, cases: &[Case]) -> Vec<Vec<String>> {
    let build = folder.join("found");
    fs::create_dir_all(&build).expect("a folder is made");
    let (mut modules, mut body) = (String::new(), String::new());
    for (at, case) in cases.iter().enumerate() {
        let lock = lock(folder, at);
        fs::create_dir_all(&lock).expect("a folder is made");
        for (side, source) in [("before", case.before), ("changed", case.changed)] {
            module(&build, &format!("case_{at}_{side}"), source, &mut modules);
        }
        let _ = writeln!(
            body,
            "    found(case_{at}_before::lock(Lock::new({lock:?})), case_{at}_changed::lock(Lock::new({lock:?})));"
        );
    }
    let refused = compiled(&build, &modules, &body);
    assert!(refused.is_empty(), "{refused:#?}");
    let found: Vec<Vec<String>> = run(&build);
    for (case, findings) in cases.iter().zip(&found) {
        let is_published = findings.iter().all(|finding| !finding.starts_with("NOT PUBLISHED"));
        assert!(is_published && !findings.is_empty(), "{}: {findings:#?}", case.name);
    }
    found
}

/// Compiles and runs the programs that follow the proposals.
pub(crate) fn follow(folder: &Path, cases: &[Case], followed: &[Followed<'_>]) -> Vec<Outcome> {
    let build = folder.join("followed");
    fs::create_dir_all(&build).expect("a folder is made");
    let mut refused = BTreeMap::new();
    // A module that does not compile is left out, so that the others still run.
    loop {
        let (mut modules, mut body) = (String::new(), String::new());
        for (at, Followed { case, source, is_whole, .. }) in followed.iter().enumerate() {
            let name = format!("case_{at}_followed");
            if refused.contains_key(&name) {
                continue;
            }
            module(&build, &name, source, &mut modules);
            if *is_whole {
                let number = cases.iter().position(|other| other.name == case.name).expect("a case");
                let lock = build.join(at.to_string());
                copy(&self::lock(folder, number), &lock);
                store(case, &lock);
                let _ = writeln!(body, "    followed({at}, || {name}::lock(Lock::new({lock:?})));");
            }
        }
        let new = compiled(&build, &modules, &body);
        if new.is_empty() {
            break;
        }
        refused.extend(new);
    }
    let ran: BTreeMap<usize, Value> = run::<(usize, Value)>(&build).into_iter().collect();
    let outcomes = followed.iter().enumerate().map(|(at, Followed { case, is_pasted, .. })| {
        if let Some(said) = refused.get(&format!("case_{at}_followed")) {
            return Outcome::Wrong(format!("it does not compile: {said}"));
        }
        match ran.get(&at) {
            None => Outcome::Right,
            Some(Value::Null) if !is_pasted => Outcome::Right,
            Some(Value::Null) => meaning(case, &build.join(at.to_string())),
            Some(problem) => Outcome::Wrong(format!("it is not taken: {problem}")),
        }
    });
    outcomes.collect()
}

/// Adds a payload to the published ones.
fn store(case: &Case, lock: &Path) {
    let Some((file, stored, _)) = case.stored else { return };
    let path = lock.join(file);
    let mut payloads: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(&path).expect("payloads")).expect("a list");
    let stored: Value = serde_json::from_str(stored).expect("a payload");
    payloads.push(serde_json::json!({ "stored": stored }));
    fs::write(path, serde_json::to_string(&payloads).expect("JSON")).expect("payloads are written");
}

/// Compares the meaning of a stored payload.
fn meaning(case: &Case, lock: &Path) -> Outcome {
    let Some((file, stored, today)) = case.stored else { return Outcome::Right };
    let payloads: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(lock.join(file)).expect("payloads")).expect("a list");
    let stored: Value = serde_json::from_str(stored).expect("a payload");
    let today: Value = serde_json::from_str(today).expect("a payload");
    let golden = payloads.iter().find(|golden| golden["stored"] == stored).expect("the payload");
    if golden["today"] == today {
        return Outcome::Right;
    }
    Outcome::Wrong(format!("{stored} should mean {today} and means {}", golden["today"]))
}

fn lock(folder: &Path, case: usize) -> std::path::PathBuf {
    folder.join("locks").join(case.to_string())
}

fn module(build: &Path, name: &str, source: &str, modules: &mut String) {
    let path = build.join(format!("{name}.rs"));
    fs::write(&path, format!("use crate::prelude::*;\n{source}")).expect("a module is written");
    let _ = writeln!(modules, "#[path = {path:?}]\nmod {name};");
}

fn compiled(build: &Path, modules: &str, body: &str) -> BTreeMap<String, String> {
    let main = format!("#![allow(warnings)]\n{HEAD}\n{modules}\nfn main() {{\n    quiet();\n{body}}}\n");
    fs::write(build.join("main.rs"), main).expect("a program is written");
    compile(build)
}

fn run<T: serde::de::DeserializeOwned>(build: &Path) -> Vec<T> {
    let run = Command::new(build.join("program")).output().expect("the program runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = String::from_utf8(run.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("a result a line")).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder is made");
    for entry in fs::read_dir(from).expect("a folder is read") {
        let path = entry.expect("an entry").path();
        let other = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &other);
        } else {
            fs::copy(&path, &other).expect("a file is copied");
        }
    }
}
