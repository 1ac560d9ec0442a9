//! The proposals of the lock are pasted into programs, which are compiled and run: they must be valid code
//! that has the described effect. The proposals of the macros are part of code that compiles.

#![allow(missing_docs, dead_code, reason = "programs that only the compiler looks at")]

extern crate es_core as my_es_core;

mod case;
mod cases;
mod fixed;
mod macros;
mod paste;
mod program;
mod proposals;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use case::Case;
use program::Outcome;

/// One program that follows a proposal.
struct Followed<'a> {
    case: &'a Case,
    source: String,
    /// It has no placeholders left, so it can be run.
    is_whole: bool,
    /// It is pasted, so that stored events have the meaning that the case expects.
    is_pasted: bool,
}

#[test]
fn every_proposal_of_the_lock_compiles_and_reads_what_is_stored() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("advice");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an old folder is removed");
    }
    let cases = cases::all();
    let findings = program::findings(&folder, &cases);
    let (mut faults, mut followed) = (Vec::new(), Vec::new());
    for (case, findings) in cases.iter().zip(&findings) {
        let text = findings.join("\n\n");
        for expected in case.says {
            if !text.contains(expected) {
                faults.push(format!("{}: the lock does not say\n{expected}\nbut\n{text}", case.name));
            }
        }
        for finding in findings {
            for code in proposals::blocks(finding) {
                let pasted = paste::pasted(case, finding, &code);
                let is_whole = !pasted.contains("todo !");
                followed.push(Followed { case, is_whole, is_pasted: true, source: pasted });
            }
        }
        let inline = findings.iter().flat_map(|finding| proposals::inline(finding));
        for code in inline.filter(|code| !proposals::is_general(code)) {
            let of_case = followed.iter().filter(|other| std::ptr::eq(other.case, case));
            let mut sources = of_case.map(|other| other.source.as_str()).chain(case.fixed.iter().copied());
            let is_followed = sources.any(|source| proposals::holds(source, &code));
            if !is_followed {
                faults.push(format!("{}: nothing follows `{code}`, which is proposed in\n{text}", case.name));
            }
        }
        let fixed = case.fixed.iter().map(|source| (*source).to_owned());
        followed.extend(fixed.map(|source| Followed { case, is_whole: true, is_pasted: false, source }));
    }
    let outcomes = program::follow(&folder, &cases, &followed);
    for (followed, outcome) in followed.iter().zip(outcomes) {
        if let Outcome::Wrong(problem) = outcome {
            let name = followed.case.name;
            faults.push(format!("{name}: {problem}\n-------- the code\n{}", followed.source));
        }
    }
    let said: BTreeSet<&str> = findings.iter().flatten().map(String::as_str).collect();
    for template in proposals::templates() {
        if !said.iter().any(|text| template.is_in(text)) {
            faults.push(format!("no case brings about the proposal `{}` of es-core/src/lock", template.text));
        }
    }
    assert!(faults.is_empty(), "{} faults\n\n{}", faults.len(), faults.join("\n\n========\n"));
}
