//! A change that is known to be invisible to the lock: the comparison finds its effect on stored events.

use std::path::Path;

use es_tests::generated::Verdict;

use crate::batch::{self, Case};
use crate::random::plain_field;
use crate::types::{Aggregate, Container, Event, Field, Past, Program, Shifted, Ty, With};
use crate::{Generated, source};

/// One event with a number that is stored in another unit: this amount is added when it is written, and
/// subtracted when it is read.
fn in_unit(by: i64) -> Program {
    let shifted = Shifted { as_text: false, written: by, read: by };
    let amount = Field {
        with: Some(With { module: "unit".into(), shifted }),
        ..plain_field(2, "amount".into(), Ty::Int("i64"))
    };
    let event = Event {
        id: 1,
        rust: "Happened".into(),
        wire: "subject.happened".into(),
        fields: vec![amount],
        serde: Container::PLAIN,
        past: Past::None,
        default: 1,
        semantics: None,
    };
    let aggregate = Aggregate { name: "subject".into(), id: "String", snapshots: false, adds: 0 };
    Program { types: Vec::new(), events: vec![event], aggregate, next: 3 }
}

#[test]
fn the_comparison_finds_a_misread_that_the_lock_does_not_see() {
    let pair = Generated { before: in_unit(0), after: vec![("another unit".into(), in_unit(1000))] };
    let case = Case {
        number: 0,
        before: source::module(&pair.before),
        after: pair.after.iter().map(|(_, program)| source::module(program)).collect(),
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("random_evolution").join("known");
    let results = batch::run(&folder, &[case], 1);
    assert!(results.refused.is_empty(), "{:?}", results.refused);
    let verdicts: Vec<_> = results.outcomes.iter().map(|outcome| (outcome.change, outcome.verdict)).collect();
    assert_eq!(verdicts, [(None, Verdict::Published), (Some(0), Verdict::Misread)]);
    let told = pair.fault(&results.outcomes[1]).expect("a fault");
    for part in ["Misread, another unit", "\nmeant ", "\nand means ", "\n+ "] {
        assert!(told.contains(part), "{part:?} is not in\n{told}");
    }
}
