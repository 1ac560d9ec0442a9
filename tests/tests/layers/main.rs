//! Arrows point one way: no two files of a crate know each other, directly or around corners.

mod arrows;
mod made_up;
mod resolve;
mod source;
mod tokens;

/// The crates whose files are looked at.
const CRATES: [&str; 4] = ["es-core/src", "es-macros/src", "es-postgres/src", "examples/loans/src"];

#[test]
fn no_files_know_each_other_in_a_circle() {
    let mut faults = Vec::new();
    for folder in CRATES {
        let (arrows, _) = arrows::read(&source::files(folder));
        assert!(arrows.len() > 5, "{folder} has files that know others");
        for circle in arrows::circles(&arrows) {
            faults.push(format!("{folder}\n{}", arrows::way_round(&arrows, &circle)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn names_are_taken_from_the_module_that_defines_them() {
    let mut faults = Vec::new();
    for folder in CRATES {
        let (_, detours) = arrows::read(&source::files(folder));
        faults.extend(detours.iter().map(|detour| format!("{folder}/{detour}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
