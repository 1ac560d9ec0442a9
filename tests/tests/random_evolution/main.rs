//! Random programs and random changes of them: a shape fits what serde writes and reads, and a change that
//! the lock does not report leaves every stored event unchanged.
//!
//! Programs are generated, many are compiled into one crate, and that crate prints the results. The seed is
//! the same in every run. `ES_EVOLUTION_SEED` sets another one, `ES_EVOLUTION_BATCHES` the number of batches:
//! a failure prints both programs, and the seed that generates them again.

mod batch;
mod known;
mod mutate;
mod random;
mod source;
mod types;
mod valid;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use batch::Case;
use es_tests::generated::{Outcome, Random, Verdict};
use types::Program;

/// How many programs are compiled at once, and how many changes of each.
const PROGRAMS: u32 = 10;
const CHANGES: u32 = 5;

/// Changes that JSON does not show: stored values are read as different ones, which are written as the stored
/// ones. The lock detects them if the state has snapshots; otherwise use `semantics`.
const BOTH_WAYS: [&str; 2] =
    ["a conversion writes and reads otherwise", "the code that writes and reads a field does both otherwise"];

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// A program, and changes of it, each with its kind.
struct Generated {
    before: Program,
    after: Vec<(String, Program)>,
}

impl Generated {
    fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let before = random::program(&mut random);
        let after = (0..CHANGES)
            .map(|_| {
                let (kind, after) = mutate::changed(&before, &mut random);
                if random.below(4) > 0 {
                    return (kind.to_owned(), after);
                }
                // Two changes at once may cancel each other.
                let (other, after) = mutate::changed(&after, &mut random);
                (format!("{kind}; {other}"), after)
            })
            .collect();
        Self { before, after }
    }

    /// What is wrong, with the program and its changes.
    fn fault(&self, outcome: &Outcome) -> Option<String> {
        let change = outcome.change.and_then(|change| self.after.get(change as usize));
        let kind = change.map_or("the program", |(kind, _)| kind);
        if !outcome.verdict.is_fault()
            || (BOTH_WAYS.iter().any(|both| kind.contains(both)) && !self.before.aggregate.snapshots)
        {
            return None;
        }
        let mut text = format!("{:?}, {kind}\n{}\n", outcome.verdict, outcome.text);
        let before = source::module(&self.before);
        let _ = write!(text, "-------- the program\n{before}");
        if let Some((_, after)) = change {
            let after = source::module(after);
            text.push_str("-------- what changed\n");
            let gone = before.lines().filter(|line| !after.lines().any(|other| other == *line));
            let new = after.lines().filter(|line| !before.lines().any(|other| other == *line));
            gone.map(|line| ('-', line)).chain(new.map(|line| ('+', line))).for_each(|(sign, line)| {
                let _ = writeln!(text, "{sign} {line}");
            });
        }
        Some(text)
    }
}

/// The results of all batches.
#[derive(Default)]
struct Summary {
    verdicts: BTreeMap<(Verdict, String), u32>,
    faults: Vec<String>,
}

impl Summary {
    fn count(&self, verdict: Verdict) -> u32 {
        self.verdicts.iter().filter(|((of, _), _)| *of == verdict).map(|(_, count)| count).sum()
    }

    fn add(&mut self, seed: u64) {
        let programs: Vec<Generated> = (0..PROGRAMS)
            .map(|number| Generated::of(seed.wrapping_mul(1_000_003).wrapping_add(number.into())))
            .collect();
        let cases: Vec<Case> = (0..)
            .zip(&programs)
            .map(|(number, of)| Case {
                number,
                before: source::module(&of.before),
                after: of.after.iter().map(|(_, program)| source::module(program)).collect(),
            })
            .collect();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("random_evolution").join(seed.to_string());
        let results = batch::run(&folder, &cases, seed);
        for outcome in &results.outcomes {
            let program = &programs[outcome.case as usize];
            let kind = outcome.change.map_or("the program", |change| &program.after[change as usize].0);
            *self.verdicts.entry((outcome.verdict, kind.to_owned())).or_default() += 1;
            let name = batch::name(outcome.case, outcome.change);
            if outcome.verdict == Verdict::Refused {
                println!("{seed}/{name} is refused: {}", outcome.text);
            }
            if let Some(fault) = program.fault(outcome) {
                self.faults.push(format!("\n======== ES_EVOLUTION_SEED={seed}, {name}: {fault}"));
            }
        }
        for (module, text) in &results.refused {
            println!("{seed}/{module} does not compile: {text}");
        }
    }
}

#[test]
fn a_change_that_the_lock_does_not_report_leaves_every_stored_event_unchanged() {
    let first = from_environment("ES_EVOLUTION_SEED", 1);
    let batches = from_environment("ES_EVOLUTION_BATCHES", 2);
    let mut summary = Summary::default();
    for seed in first..first + batches {
        summary.add(seed);
    }
    for ((verdict, kind), count) in &summary.verdicts {
        println!("{count:5} {verdict:?} {kind}");
    }
    let Summary { faults, .. } = &summary;
    assert!(faults.is_empty(), "{} faults: {}", faults.len(), faults.join(""));
    // Otherwise the generator creates programs that are rejected, or changes without an effect.
    let least = u32::try_from(batches).unwrap_or(u32::MAX) * PROGRAMS / 2;
    for (verdict, least) in [(Verdict::Published, least), (Verdict::Red, least), (Verdict::Green, least / 3)]
    {
        assert!(summary.count(verdict) >= least, "{verdict:?} only {} times", summary.count(verdict));
    }
}
