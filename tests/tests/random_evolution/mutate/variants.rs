//! Changes of variants.

use es_tests::generated::Random;

use super::{Change, pick, two};
use crate::random;
use crate::types::{Body, Fields, Id, Program, Rule, Variant};

pub(super) const KINDS: &[(&str, Change)] = &[
    ("a variant is added", add),
    ("a variant is removed", remove),
    ("a variant is renamed", rename),
    ("a variant is renamed and keeps its name on the wire", rename_kept),
    ("two variants exchange their names on the wire", exchange_wire),
    ("two variants exchange their names", exchange_names),
    ("two variants exchange what they hold", exchange_content),
    ("variants change places", reorder),
    ("a variant gets an alias", add_alias),
    ("a variant loses an alias", remove_alias),
    ("an alias moves to another variant", move_alias),
    ("`other` is added or removed", toggle_other),
    ("a variant loses its tag, or gets it", toggle_untagged),
    ("`#[default]` moves", move_default),
    ("a variant holds something else", refill),
];

struct Place<'a> {
    id: Id,
    rule: Rule,
    variants: &'a mut Vec<Variant>,
}

fn place<'a>(program: &'a mut Program, random: &mut Random) -> Option<Place<'a>> {
    let mut places: Vec<Place<'_>> = program
        .types
        .iter_mut()
        .filter_map(|of| match &mut of.body {
            Body::Enum(variants) => Some(Place { id: of.id, rule: of.serde.rename_all, variants }),
            _ => None,
        })
        .collect();
    if places.is_empty() { None } else { Some(places.swap_remove(random.below(places.len()))) }
}

fn add(program: &mut Program, random: &mut Random) -> Option<()> {
    let mut scratch = program.clone();
    let id = place(program, random)?.id;
    let name = random::one(&random::VARIANTS, random);
    let variant = random::variant(&mut scratch, Some(id), name, random);
    program.next = scratch.next;
    for of in &mut program.types {
        if let Body::Enum(variants) = &mut of.body
            && of.id == id
        {
            let at = random.below(variants.len() + 1);
            variants.insert(at, variant);
            return Some(());
        }
    }
    None
}

fn remove(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random)?;
    let at = random.below(place.variants.len());
    place.variants.remove(at);
    Some(())
}

fn rename(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random)?;
    let at = random.below(place.variants.len());
    place.variants[at].rust = "Renamed".into();
    Some(())
}

fn rename_kept(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random)?;
    let at = random.below(place.variants.len());
    let variant = &mut place.variants[at];
    variant.rename = Some(variant.wire(place.rule));
    variant.rust = "Renamed".into();
    Some(())
}

fn exchange_wire(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random)?;
    let (one, two) = two(place.variants, random)?;
    let wire = place.variants[one].wire(place.rule);
    place.variants[one].rename = Some(place.variants[two].wire(place.rule));
    place.variants[two].rename = Some(wire);
    Some(())
}

fn exchange_names(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random)?;
    let (one, two) = two(place.variants, random)?;
    // Variants that differ only by their names: swapped, they are the same program.
    if nameless(&place.variants[one]) == nameless(&place.variants[two]) {
        return None;
    }
    let name = place.variants[one].rust.clone();
    place.variants[one].rust = std::mem::replace(&mut place.variants[two].rust, name);
    Some(())
}

/// The variant without the properties that only this generator or Rust knows.
fn nameless(variant: &Variant) -> Variant {
    let mut nameless = Variant { id: 0, rust: String::new(), is_default: false, ..variant.clone() };
    nameless.fields.list_mut().into_iter().flatten().for_each(|field| field.id = 0);
    nameless
}

fn exchange_content(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random)?;
    let (one, two) = two(place.variants, random)?;
    let fields = place.variants[one].fields.clone();
    place.variants[one].fields = std::mem::replace(&mut place.variants[two].fields, fields);
    Some(())
}

fn reorder(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random)?;
    let (one, two) = two(place.variants, random)?;
    place.variants.swap(one, two);
    Some(())
}

fn add_alias(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random)?;
    let at = random.below(place.variants.len());
    place.variants[at].aliases.push("unheard of".into());
    Some(())
}

fn remove_alias(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random)?;
    let at = pick(place.variants, random, |variant| !variant.aliases.is_empty())?;
    place.variants[at].aliases.pop();
    Some(())
}

fn move_alias(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random)?;
    let at = pick(place.variants, random, |variant| !variant.aliases.is_empty())?;
    let alias = place.variants[at].aliases.pop()?;
    let to = random.below(place.variants.len());
    place.variants[to].aliases.push(alias);
    Some(())
}

fn toggle_other(program: &mut Program, random: &mut Random) -> Option<()> {
    let last = place(program, random)?.variants.last_mut()?;
    last.is_other = !last.is_other;
    Some(())
}

fn toggle_untagged(program: &mut Program, random: &mut Random) -> Option<()> {
    let last = place(program, random)?.variants.last_mut()?;
    last.untagged = !last.untagged;
    Some(())
}

fn move_default(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random)?;
    let from = pick(place.variants, random, |variant| variant.is_default)?;
    let to = pick(place.variants, random, |variant| variant.fields == Fields::Unit)?;
    place.variants[from].is_default = false;
    place.variants[to].is_default = true;
    Some(())
}

fn refill(program: &mut Program, random: &mut Random) -> Option<()> {
    let mut scratch = program.clone();
    let id = place(program, random)?.id;
    let fields = random::fields(&mut scratch, Some(id), random);
    program.next = scratch.next;
    for of in &mut program.types {
        if let Body::Enum(variants) = &mut of.body
            && of.id == id
        {
            let at = random.below(variants.len());
            variants[at].fields = fields;
            return Some(());
        }
    }
    None
}
