//! Changes of fields.

use std::mem::take;

use es_tests::generated::Random;

use super::{Change, pick, two};
use crate::random;
use crate::types::{
    Body, Container, Default, Field, Fields, Id, Past, Program, Rule, Source, Step, Ty, With,
};

pub(super) const KINDS: &[(&str, Change)] = &[
    ("a field is added", add),
    ("an optional field is added", add_optional),
    ("a field is removed", remove),
    ("a field is renamed", rename),
    ("a field is renamed and keeps its name on the wire", rename_kept),
    ("a field gets another name on the wire", rename_wire),
    ("two fields exchange their names on the wire", exchange_wire),
    ("two fields exchange their names", exchange_names),
    ("two fields exchange their types", exchange_types),
    ("a field gets another type", retype),
    ("a field gets a type that is written in the same way", retype_alike),
    ("fields change places", reorder),
    ("an alias is added", add_alias),
    ("an alias is removed", remove_alias),
    ("an alias moves to another field", move_alias),
    ("the name and the alias of a field change places", exchange_alias),
    ("a default is added or removed", toggle_default),
    ("a default function makes another value", change_default),
    ("another default function is named", other_default),
    ("an empty field is omitted, or no longer", toggle_omitted),
    ("a field is flattened, or no longer", toggle_flatten),
    ("a field is written by code, or no longer", toggle_with),
    ("the code that writes a field writes something else", change_written),
    ("the code that reads a field reads something else", change_read),
    ("the code that writes and reads a field does both otherwise", change_both),
    ("other code with the same form writes a field", other_with),
];

/// A list of fields, with the type around it and its naming rule.
struct Place<'a> {
    within: Option<Id>,
    rule: Rule,
    named: bool,
    fields: &'a mut Vec<Field>,
}

/// All lists of fields.
fn places(program: &mut Program) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    for of in &mut program.types {
        let (within, rule) = (Some(of.id), of.serde.rename_all);
        let mut add = |fields, rule| match fields {
            &mut Fields::Unit => {}
            Fields::Tuple(fields) => places.push(Place { within, rule, named: false, fields }),
            Fields::Named(fields) => places.push(Place { within, rule, named: true, fields }),
        };
        match &mut of.body {
            Body::Struct(fields) => add(fields, rule),
            Body::Enum(variants) => {
                variants.iter_mut().for_each(|variant| add(&mut variant.fields, Rule::None));
            }
            Body::Converted(_) => {}
        }
    }
    for event in &mut program.events {
        let rule = event.serde.rename_all;
        places.push(Place { within: None, rule, named: true, fields: &mut event.fields });
        if let Past::Step { old, .. } = &mut event.past {
            places.push(Place { within: None, rule: Container::PLAIN.rename_all, named: true, fields: old });
        }
    }
    places
}

fn place<'a>(program: &'a mut Program, random: &mut Random, named: bool) -> Option<Place<'a>> {
    let mut places = places(program);
    places.retain(|place| !place.fields.is_empty() && (place.named || !named));
    if places.is_empty() { None } else { Some(places.swap_remove(random.below(places.len()))) }
}

/// A matching field.
fn one<'a>(
    program: &'a mut Program,
    random: &mut Random,
    named: bool,
    fits: impl Fn(&Field) -> bool,
) -> Option<(&'a mut Field, Rule)> {
    let mut places = places(program);
    places.retain(|place| (place.named || !named) && place.fields.iter().any(&fits));
    if places.is_empty() {
        return None;
    }
    let Place { fields, rule, .. } = places.swap_remove(random.below(places.len()));
    let at = pick(fields, random, fits)?;
    fields.get_mut(at).map(|field| (field, rule))
}

fn fresh(random: &mut Random) -> String {
    format!("{}_{}", random::one(&["other", "new", "z"], random), random.below(3))
}

fn add_field(program: &mut Program, random: &mut Random, ty: Option<Ty>) -> Option<()> {
    let mut scratch = program.clone();
    let within = place(program, random, true)?.within;
    let name = fresh(random);
    let mut field = random::field(&mut scratch, within, &name, random);
    if let Some(ty) = ty {
        field = random::plain_field(field.id, field.rust, ty);
        if random.below(2) == 0 {
            field.default = Default::OfType;
        }
    }
    program.next = scratch.next;
    let id = field.id;
    let mut places = places(program);
    places.retain(|place| place.within == within && place.named);
    let at = random.below(places.len().max(1));
    let fields = &mut places.get_mut(at)?.fields;
    let at = random.below(fields.len() + 1);
    fields.insert(at, field);
    for event in &mut program.events {
        if let Past::Step { made, .. } = &mut event.past
            && event.fields.iter().any(|field| field.id == id)
        {
            made.push((id, Source::Made(1)));
        }
    }
    Some(())
}

fn add(program: &mut Program, random: &mut Random) -> Option<()> {
    add_field(program, random, None)
}

fn add_optional(program: &mut Program, random: &mut Random) -> Option<()> {
    add_field(program, random, Some(Ty::Option(Box::new(Ty::Text))))
}

fn remove(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random, false)?;
    let at = random.below(place.fields.len());
    let gone = place.fields.remove(at).id;
    for event in &mut program.events {
        match &mut event.past {
            Past::Step { made, .. } => made.retain(|(id, _)| *id != gone),
            Past::History(steps) => steps.retain(|step| match step {
                Step::Added(id, _) | Step::Renamed(id, _) => *id != gone,
                Step::Removed(..) => true,
            }),
            Past::None | Past::Retired(_) => {}
        }
    }
    Some(())
}

fn rename(program: &mut Program, random: &mut Random) -> Option<()> {
    let name = fresh(random);
    one(program, random, true, |_| true)?.0.rust = name;
    Some(())
}

fn rename_kept(program: &mut Program, random: &mut Random) -> Option<()> {
    let name = fresh(random);
    let (field, rule) = one(program, random, true, |field| !field.flatten)?;
    field.rename = Some(field.wire(rule).trim_start_matches("r#").into());
    field.rust = name;
    Some(())
}

fn rename_wire(program: &mut Program, random: &mut Random) -> Option<()> {
    let name = fresh(random);
    one(program, random, true, |field| !field.flatten)?.0.rename = Some(name);
    Some(())
}

fn exchange_wire(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random, true)?;
    let (one, two) = two(place.fields, random)?;
    let wires: Vec<String> =
        [one, two].map(|at| place.fields[at].wire(place.rule).trim_start_matches("r#").to_owned()).into();
    place.fields[one].rename = Some(wires[1].clone());
    place.fields[two].rename = Some(wires[0].clone());
    Some(())
}

fn exchange_names(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random, true)?;
    let (one, two) = two(place.fields, random)?;
    let name = take(&mut place.fields[one].rust);
    place.fields[one].rust = std::mem::replace(&mut place.fields[two].rust, name);
    Some(())
}

fn exchange_types(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random, false)?;
    let (one, two) = two(place.fields, random)?;
    let ty = place.fields[one].ty.clone();
    place.fields[one].ty = std::mem::replace(&mut place.fields[two].ty, ty);
    Some(())
}

fn retype(program: &mut Program, random: &mut Random) -> Option<()> {
    let scratch = program.clone();
    let within = place(program, random, false)?.within;
    let ty = random::ty(&scratch, within, random, 0);
    let mut places = places(program);
    places.retain(|place| place.within == within && !place.fields.is_empty());
    let at = random.below(places.len().max(1));
    let fields = &mut places.get_mut(at)?.fields;
    let at = random.below(fields.len());
    fields[at].ty = ty;
    Some(())
}

fn retype_alike(program: &mut Program, random: &mut Random) -> Option<()> {
    let (field, _) = one(program, random, false, |_| true)?;
    field.ty = match take_ty(&mut field.ty) {
        Ty::Deque(of) | Ty::Set(of) => Ty::List(of),
        Ty::List(of) => Ty::Deque(of),
        Ty::Boxed(of) => *of,
        Ty::Array(of, 2) => Ty::Pair(of.clone(), of),
        Ty::Pair(one, two) if one == two => Ty::Array(one, 2),
        of => Ty::Boxed(Box::new(of)),
    };
    Some(())
}

const fn take_ty(ty: &mut Ty) -> Ty {
    std::mem::replace(ty, Ty::Bool)
}

fn reorder(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random, false)?;
    let (one, two) = two(place.fields, random)?;
    place.fields.swap(one, two);
    if !place.named {
        for (at, field) in place.fields.iter_mut().enumerate() {
            field.rust = format!("_{at}");
        }
    }
    Some(())
}

fn add_alias(program: &mut Program, random: &mut Random) -> Option<()> {
    let alias = random::one(&["was", "kind", "note", "old_name"], random).to_owned();
    one(program, random, true, |field| !field.flatten)?.0.aliases.push(alias);
    Some(())
}

fn remove_alias(program: &mut Program, random: &mut Random) -> Option<()> {
    one(program, random, true, |field| !field.aliases.is_empty())?.0.aliases.pop();
    Some(())
}

fn move_alias(program: &mut Program, random: &mut Random) -> Option<()> {
    let place = place(program, random, true)?;
    let from = pick(place.fields, random, |field| !field.aliases.is_empty())?;
    let alias = place.fields[from].aliases.pop()?;
    let to = pick(place.fields, random, |field| !field.flatten)?;
    place.fields[to].aliases.push(alias);
    Some(())
}

fn exchange_alias(program: &mut Program, random: &mut Random) -> Option<()> {
    let (field, rule) = one(program, random, true, |field| !field.aliases.is_empty())?;
    let wire = field.wire(rule).trim_start_matches("r#").to_owned();
    let alias = std::mem::replace(&mut field.aliases[0], wire);
    field.rename = Some(alias);
    Some(())
}

fn toggle_default(program: &mut Program, random: &mut Random) -> Option<()> {
    let (field, _) = one(program, random, true, |_| true)?;
    field.default = match field.default {
        Default::None | Default::Path(..) => Default::OfType,
        Default::OfType => Default::None,
    };
    Some(())
}

fn change_default(program: &mut Program, random: &mut Random) -> Option<()> {
    let by = 1 + random.below(9) as u64;
    let (field, _) = one(program, random, true, |field| matches!(field.default, Default::Path(..)))?;
    if let Default::Path(_, seed) = &mut field.default {
        *seed += by;
    }
    Some(())
}

fn other_default(program: &mut Program, random: &mut Random) -> Option<()> {
    let seed = random.below(1000) as u64;
    let (field, _) = one(program, random, true, |_| true)?;
    field.default = Default::Path(format!("other_default_{}", field.id), seed);
    Some(())
}

fn toggle_omitted(program: &mut Program, random: &mut Random) -> Option<()> {
    let can_be = |field: &Field| matches!(field.ty, Ty::Option(_) | Ty::List(_) | Ty::Map(..));
    let (field, _) = one(program, random, true, can_be)?;
    field.omitted = !field.omitted;
    Some(())
}

fn toggle_flatten(program: &mut Program, random: &mut Random) -> Option<()> {
    let can_be = |field: &Field| matches!(field.ty, Ty::Option(_) | Ty::Named(..) | Ty::Map(..));
    let (field, _) = one(program, random, true, can_be)?;
    field.flatten = !field.flatten;
    field.rename = None;
    field.aliases.clear();
    field.omitted = false;
    Some(())
}

fn toggle_with(program: &mut Program, random: &mut Random) -> Option<()> {
    let mut shifted = random::shifted(random);
    shifted.as_text = random.below(3) == 0;
    let (field, _) = one(program, random, false, |field| field.ty == Ty::Int("i64"))?;
    field.with = match field.with {
        Some(_) => None,
        None => Some(With { module: format!("with_{}", field.id), shifted }),
    };
    Some(())
}

fn with<'a>(program: &'a mut Program, random: &mut Random) -> Option<&'a mut With> {
    one(program, random, false, |field| field.with.is_some())?.0.with.as_mut()
}

fn change_written(program: &mut Program, random: &mut Random) -> Option<()> {
    with(program, random)?.shifted.written += 1;
    Some(())
}

fn change_read(program: &mut Program, random: &mut Random) -> Option<()> {
    with(program, random)?.shifted.read += 1;
    Some(())
}

fn change_both(program: &mut Program, random: &mut Random) -> Option<()> {
    let with = with(program, random)?;
    with.shifted.read += 1;
    with.shifted.written += 1;
    Some(())
}

fn other_with(program: &mut Program, random: &mut Random) -> Option<()> {
    let with = with(program, random)?;
    with.module = format!("other_{}", with.module);
    with.shifted.read += 1;
    with.shifted.written += 1;
    Some(())
}
