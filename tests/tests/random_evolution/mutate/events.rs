//! Changes of events and of their previous versions.

use es_tests::generated::Random;

use super::{Change, pick, two};
use crate::random::one;
use crate::types::{Event, Past, Program, Source, Step, Ty};

pub(super) const KINDS: &[(&str, Change)] = &[
    ("the struct of an event is renamed", rename),
    ("an event is renamed", rename_wire),
    ("two events exchange their names", exchange),
    ("two structs exchange their names", exchange_structs),
    ("events change places", reorder),
    ("the semantics change", semantics),
    ("an added field has another default", added),
    ("a renamed field had another name", renamed),
    ("two renamed fields exchange their earlier names", exchange_renamed),
    ("a removed field had another type", removed),
    ("a step makes something else", step),
    ("a step takes another field", step_field),
    ("a retired event stands for something else", retired),
    ("the aggregate is renamed", aggregate),
    ("the aggregate's id is of another type", id),
    ("an event is applied otherwise under snapshots", apply),
];

fn rename(program: &mut Program, random: &mut Random) -> Option<()> {
    let at = random.below(program.events.len());
    program.events[at].rust = "Renamed".into();
    Some(())
}

fn rename_wire(program: &mut Program, random: &mut Random) -> Option<()> {
    let at = random.below(program.events.len());
    program.events[at].wire = "subject.renamed".into();
    Some(())
}

fn exchange(program: &mut Program, random: &mut Random) -> Option<()> {
    let (one, two) = two(&program.events, random)?;
    let wire = program.events[one].wire.clone();
    program.events[one].wire = std::mem::replace(&mut program.events[two].wire, wire);
    Some(())
}

fn exchange_structs(program: &mut Program, random: &mut Random) -> Option<()> {
    let (one, two) = two(&program.events, random)?;
    let rust = program.events[one].rust.clone();
    program.events[one].rust = std::mem::replace(&mut program.events[two].rust, rust);
    Some(())
}

fn reorder(program: &mut Program, random: &mut Random) -> Option<()> {
    let (one, two) = two(&program.events, random)?;
    program.events.swap(one, two);
    Some(())
}

fn semantics(program: &mut Program, random: &mut Random) -> Option<()> {
    let text = one(&[None, Some("without tax".to_owned()), Some("with tax".to_owned())], random);
    let at = random.below(program.events.len());
    program.events[at].semantics = text;
    Some(())
}

fn past<'a>(program: &'a mut Program, random: &mut Random, fits: fn(&Past) -> bool) -> Option<&'a mut Past> {
    let at = pick(&program.events, random, |event: &Event| fits(&event.past))?;
    program.events.get_mut(at).map(|event| &mut event.past)
}

fn history<'a>(
    program: &'a mut Program,
    random: &mut Random,
    fits: fn(&Step) -> bool,
) -> Option<&'a mut Step> {
    let is_history = |past: &Past| matches!(past, Past::History(_));
    let Past::History(steps) = past(program, random, is_history)? else { return None };
    let at = pick(steps, random, fits)?;
    steps.get_mut(at)
}

fn added(program: &mut Program, random: &mut Random) -> Option<()> {
    if let Step::Added(_, seed) = history(program, random, |step| matches!(step, Step::Added(..)))? {
        *seed += 1;
    }
    Some(())
}

fn renamed(program: &mut Program, random: &mut Random) -> Option<()> {
    if let Step::Renamed(_, from) = history(program, random, |step| matches!(step, Step::Renamed(..)))? {
        *from = "older".into();
    }
    Some(())
}

fn exchange_renamed(program: &mut Program, random: &mut Random) -> Option<()> {
    let is_history = |past: &Past| matches!(past, Past::History(_));
    let Past::History(steps) = past(program, random, is_history)? else { return None };
    let (one, two) = two(steps, random)?;
    let name = match &steps[one] {
        Step::Renamed(_, from) => from.clone(),
        Step::Added(..) | Step::Removed(..) => return None,
    };
    let other = match &mut steps[two] {
        Step::Renamed(_, from) => std::mem::replace(from, name),
        Step::Added(..) | Step::Removed(..) => return None,
    };
    if let Step::Renamed(_, from) = &mut steps[one] {
        *from = other;
    }
    Some(())
}

fn removed(program: &mut Program, random: &mut Random) -> Option<()> {
    if let Step::Removed(_, ty) = history(program, random, |step| matches!(step, Step::Removed(..)))? {
        *ty = if *ty == Ty::Text { Ty::Bool } else { Ty::Text };
    }
    Some(())
}

fn step(program: &mut Program, random: &mut Random) -> Option<()> {
    let is_step = |past: &Past| matches!(past, Past::Step { .. });
    if let Past::Step { made, .. } = past(program, random, is_step)? {
        let at = random.below(made.len().max(1));
        match &mut made.get_mut(at)?.1 {
            Source::Made(seed) => *seed += 1,
            Source::Plus(_, by) => *by *= 10,
            source @ Source::Kept(_) => *source = Source::Made(3),
        }
    }
    Some(())
}

fn step_field(program: &mut Program, random: &mut Random) -> Option<()> {
    let is_step = |past: &Past| matches!(past, Past::Step { .. });
    if let Past::Step { made, .. } = past(program, random, is_step)? {
        let (one, two) = two(made, random)?;
        let source = made[one].1.clone();
        made[one].1 = std::mem::replace(&mut made[two].1, source);
    }
    Some(())
}

fn retired(program: &mut Program, random: &mut Random) -> Option<()> {
    if let Past::Retired(seed) = past(program, random, |past| matches!(past, Past::Retired(_)))? {
        *seed += 1;
    }
    Some(())
}

fn aggregate(program: &mut Program, _: &mut Random) -> Option<()> {
    program.aggregate.name = "renamed".into();
    Some(())
}

fn id(program: &mut Program, _: &mut Random) -> Option<()> {
    program.aggregate.id = "u64";
    Some(())
}

fn apply(program: &mut Program, _: &mut Random) -> Option<()> {
    // Without snapshots the state is folded again.
    program.aggregate.adds = 1;
    program.aggregate.snapshots.then_some(())
}
