//! Undeclared changes of a program, one at a time: no new version, and the numbers of parts stay.

mod events;
mod fields;
mod types;
mod variants;

use es_tests::generated::Random;

use crate::types::Program;
use crate::valid::is_valid;

/// Makes a change, or returns that there is no place for it.
pub(super) type Change = fn(&mut Program, &mut Random) -> Option<()>;

/// Every kind of change, by name.
fn kinds() -> Vec<(&'static str, Change)> {
    [fields::KINDS, variants::KINDS, types::KINDS, events::KINDS].concat()
}

/// The program with one change, which still compiles, and the kind of that change.
pub(crate) fn changed(program: &Program, random: &mut Random) -> (&'static str, Program) {
    let kinds = kinds();
    loop {
        let (name, change) = kinds[random.below(kinds.len())];
        // Kinds that need a rare place are tried several times.
        for _ in 0..8 {
            let mut changed = program.clone();
            if change(&mut changed, random).is_some() && changed != *program && is_valid(&changed) {
                return (name, changed);
            }
        }
    }
}

/// The place of one of many that fit.
fn pick<T>(list: &[T], random: &mut Random, fits: impl Fn(&T) -> bool) -> Option<usize> {
    let places: Vec<usize> = (0..list.len()).filter(|at| fits(&list[*at])).collect();
    if places.is_empty() { None } else { Some(places[random.below(places.len())]) }
}

/// Two places.
fn two<T>(list: &[T], random: &mut Random) -> Option<(usize, usize)> {
    if list.len() < 2 {
        return None;
    }
    let one = random.below(list.len());
    let two = (one + 1 + random.below(list.len() - 1)) % list.len();
    Some((one, two))
}
