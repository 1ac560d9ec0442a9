//! Changes of events and of what they were before.

use es_tests::generated::Random;

use super::{Change, pick, two};
use crate::random::one;
use crate::types::{Event, Past, Program, Source};

pub(super) const KINDS: &[(&str, Change)] = &[
    ("the struct of an event is renamed", rename),
    ("an event is renamed", rename_wire),
    ("two events exchange their names", exchange),
    ("two structs exchange their names", exchange_structs),
    ("events change places", reorder),
    ("the semantics change", semantics),
    ("an added field has another default", added),
    ("a step makes something else", step),
    ("a step takes another field", step_field),
    ("a retired event stands for something else", retired),
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

fn added(program: &mut Program, random: &mut Random) -> Option<()> {
    if let Past::Added(added) = past(program, random, |past| matches!(past, Past::Added(_)))? {
        added.first_mut()?.1 += 1;
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
