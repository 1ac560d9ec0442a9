//! Random programs and random changes of them: what a shape says fits what serde writes and reads, and a change that the
//! lock does not notice leaves every stored event as it was.
//!
//! Programs are generated, many are compiled into one crate, and that crate says what came out. The seed is the same in
//! every run. `ES_EVOLUTION_SEED` is another one, `ES_EVOLUTION_BATCHES` asks for more: a failure prints both programs,
//! and the seed that makes them again.

mod batch;
mod mutate;
mod random;
mod source;
mod types;
mod valid;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use batch::Case;
use es_tests::generated::{Random, Verdict};

/// Changes that no lock sees yet.
const UNSEEN: &[&str] = &[
    "`#[default]` moves",
    "`Default` makes something else",
    "a conversion writes and reads otherwise",
    "a default function makes another value",
    "a field gets another type",
    "a field is written by code, or no longer",
    "a retired event stands for something else",
    "a step makes something else",
    "a step takes another field",
    "an argument is another constant",
    "other code with the same form writes a field",
    "the code that reads a field reads something else",
    "the code that writes and reads a field does both otherwise",
    "two events exchange their names",
    "two variants exchange their names on the wire",
    "two fields exchange their names on the wire",
];

/// How many programs are compiled at once, and how many changes of each.
const PROGRAMS: u32 = 10;
const CHANGES: u32 = 5;

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// What came of all batches.
#[derive(Default)]
struct Summary {
    verdicts: BTreeMap<(Verdict, &'static str), u32>,
    faults: Vec<String>,
}

fn batch(seed: u64, summary: &mut Summary) {
    let (mut cases, mut kinds) = (Vec::new(), BTreeMap::new());
    for number in 0..PROGRAMS {
        let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(number.into()));
        let before = random::program(&mut random);
        let mut after = Vec::new();
        for change in 0..CHANGES {
            let (kind, changed) = mutate::changed(&before, &mut random);
            kinds.insert((number, change), kind);
            after.push(source::module(&changed));
        }
        cases.push(Case { number, before: source::module(&before), after });
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("random_evolution").join(seed.to_string());
    let results = batch::run(&folder, &cases, seed);
    for outcome in &results.outcomes {
        let kind = outcome.change.map_or("the program", |change| kinds[&(outcome.case, change)]);
        *summary.verdicts.entry((outcome.verdict, kind)).or_default() += 1;
        if outcome.verdict == Verdict::Refused {
            println!(
                "seed {seed}: {} is refused: {}",
                batch::name(outcome.case, outcome.change),
                outcome.text
            );
        }
        let is_known = outcome.verdict == Verdict::NotItself || UNSEEN.contains(&kind);
        if outcome.verdict.is_fault() && !is_known {
            let mut text = format!(
                "\n======== {:?}, seed {seed}, {} ({kind})\n{}\n",
                outcome.verdict,
                batch::name(outcome.case, outcome.change),
                outcome.text
            );
            let case = cases.iter().find(|case| case.number == outcome.case).expect("a case");
            let change = outcome.change.map(|change| &case.after[change as usize]);
            let _ = write!(text, "{}", sources(&case.before, change));
            summary.faults.push(text);
        }
    }
    for (module, text) in &results.refused {
        println!("seed {seed}: {module} does not compile: {text}");
    }
}

/// The program, and what a change removed and added, line by line.
fn sources(before: &str, after: Option<&String>) -> String {
    let mut text = format!("-------- the program\n{before}");
    if let Some(after) = after {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (old, new) = (lines(before), lines(after));
        text.push_str("-------- what changed\n");
        for line in old.iter().filter(|line| !new.contains(line)) {
            let _ = writeln!(text, "- {line}");
        }
        for line in new.iter().filter(|line| !old.contains(line)) {
            let _ = writeln!(text, "+ {line}");
        }
    }
    text
}

#[test]
fn a_change_that_the_lock_does_not_notice_leaves_every_stored_event_as_it_was() {
    let seed = from_environment("ES_EVOLUTION_SEED", 1);
    let mut summary = Summary::default();
    for batch_seed in seed..seed + from_environment("ES_EVOLUTION_BATCHES", 2) {
        batch(batch_seed, &mut summary);
    }
    for ((verdict, kind), count) in &summary.verdicts {
        println!("{count:5} {verdict:?} {kind}");
    }
    assert!(summary.faults.is_empty(), "{} faults: {}", summary.faults.len(), summary.faults.join(""));
}
