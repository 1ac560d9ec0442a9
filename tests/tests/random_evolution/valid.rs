//! Which programs serde and the macros accept, so that nearly all generated programs compile.

use std::collections::BTreeSet;

use crate::types::{
    Argument, Body, Container, Default, Event, Field, Fields, Id, Parameter, Past, Program, Repr, Rule,
    Source, Step, Ty, TypeDef, Variant,
};

/// Whether it compiles.
pub(crate) fn is_valid(program: &Program) -> bool {
    let names: BTreeSet<&str> = program
        .types
        .iter()
        .map(|of| of.rust.as_str())
        .chain(program.events.iter().map(|event| event.rust.as_str()))
        .collect();
    let wires: BTreeSet<&str> = program.events.iter().map(|event| event.wire.as_str()).collect();
    names.len() == program.types.len() + program.events.len()
        && wires.len() == program.events.len()
        && program.events.first().is_some_and(|event| !matches!(event.past, Past::Retired(_)))
        && program.types.iter().all(|of| is_valid_type(program, of))
        && program.events.iter().all(|event| is_valid_event(program, event))
        && has_one_body_for_each_path(program)
}

fn is_valid_event(program: &Program, event: &Event) -> bool {
    let fields_are_valid = are_valid_fields(program, &event.fields, &event.serde, None);
    let has = |id: &Id| event.fields.iter().find(|field| field.id == *id);
    let past_is_valid = match &event.past {
        Past::History(steps) => {
            !steps.is_empty()
                && !event.serde.default
                && event.serde.rename_all == Rule::None
                && event.fields.iter().all(|field| !field.flatten && field.aliases.is_empty())
                && steps.iter().all(|step| match step {
                    Step::Added(id, _) | Step::Renamed(id, _) => has(id).is_some(),
                    Step::Removed(..) => true,
                })
        }
        Past::Step { old, made } => {
            are_valid_fields(program, old, &Container::PLAIN, None)
                && made.len() == event.fields.len()
                && event.fields.iter().all(|field| {
                    made.iter().any(|(id, source)| {
                        *id == field.id
                            && match source {
                                Source::Made(_) => true,
                                Source::Kept(old_id) => {
                                    old.iter().any(|old| old.id == *old_id && old.ty == field.ty)
                                }
                                Source::Plus(old_id, _) => {
                                    field.ty == Ty::Int("i64")
                                        && old.iter().any(|old| old.id == *old_id && old.ty == field.ty)
                                }
                            }
                    })
                })
        }
        Past::None | Past::Retired(_) => true,
    };
    fields_are_valid && past_is_valid && event.serde.repr == Repr::External && !event.serde.transparent
}

fn is_valid_type(program: &Program, of: &TypeDef) -> bool {
    let is_struct = matches!(of.body, Body::Struct(_));
    let named = matches!(of.body, Body::Struct(Fields::Named(_)));
    if (!named && of.serde.default)
        || (is_struct && of.serde.repr != Repr::External)
        || (of.serde.transparent && of.serde.default)
        // serde has no such default for a type with a constant.
        || (of.parameter == Parameter::Const && of.serde.default)
    {
        return false;
    }
    let uses_parameter = match &of.body {
        Body::Struct(fields) => uses_t(fields),
        Body::Enum(variants) => variants.iter().any(|variant| uses_t(&variant.fields)),
        Body::Converted(_) => false,
    };
    if uses_parameter != (of.parameter == Parameter::Type) {
        return false;
    }
    match &of.body {
        Body::Converted(_) => of.serde == Container::PLAIN && of.parameter != Parameter::Type,
        Body::Struct(fields) => {
            let transparent = !of.serde.transparent
                || (fields.list().len() == 1
                    && !of.serde.deny_unknown
                    && fields.list().iter().all(|field| {
                        !field.flatten
                            && !field.omitted
                            && field.default == Default::None
                            && field.rename.is_none()
                            && field.aliases.is_empty()
                    }));
            let tuple = match fields {
                Fields::Tuple(fields) => !fields.is_empty() && are_valid_parts(program, fields, of.id),
                _ => true,
            };
            transparent
                && tuple
                && (named || !of.serde.deny_unknown)
                && (!matches!(fields, Fields::Named(_))
                    || are_valid_fields(program, fields.list(), &of.serde, Some(of.id)))
        }
        Body::Enum(variants) => are_valid_variants(program, of, variants),
    }
}

fn are_valid_variants(program: &Program, of: &TypeDef, variants: &[Variant]) -> bool {
    let mut wires = BTreeSet::new();
    let mut count = 0;
    for variant in variants {
        wires.insert(variant.wire(of.serde.rename_all));
        wires.extend(variant.aliases.iter().cloned());
        count += 1 + variant.aliases.len();
    }
    let others = variants.iter().filter(|variant| variant.is_other).count();
    let rust: BTreeSet<&str> = variants.iter().map(|variant| variant.rust.as_str()).collect();
    let tagged_first = variants.windows(2).all(|two| !two[0].untagged || two[1].untagged);
    let tagged = !matches!(of.serde.repr, Repr::External | Repr::Untagged);
    !variants.is_empty()
        && rust.len() == variants.len()
        && wires.len() == count
        && variants.iter().filter(|variant| variant.is_default).count() <= 1
        && variants.iter().all(|variant| !variant.is_default || variant.fields == Fields::Unit)
        && tagged_first
        && variants.iter().all(|variant| {
            !variant.untagged
                || (of.serde.repr == Repr::External
                    && variant.rename.is_none()
                    && variant.aliases.is_empty()
                    && !variant.is_other)
        })
        && (others == 0
            || (others == 1
                && tagged
                && variants.last().is_some_and(|last| last.is_other && last.fields == Fields::Unit)))
        && match &of.serde.repr {
            Repr::Adjacent(tag, content) => tag != content,
            _ => true,
        }
        && variants.iter().all(|variant| {
            let container = Container { deny_unknown: of.serde.deny_unknown, ..Container::PLAIN };
            match &variant.fields {
                Fields::Unit => true,
                Fields::Named(fields) => {
                    are_valid_fields(program, fields, &container, Some(of.id))
                        && match &of.serde.repr {
                            Repr::Internal(tag) => fields
                                .iter()
                                .all(|field| field.wire(Rule::None) != *tag && !field.aliases.contains(tag)),
                            _ => true,
                        }
                }
                Fields::Tuple(fields) => {
                    !fields.is_empty()
                        && are_valid_parts(program, fields, of.id)
                        && (!matches!(of.serde.repr, Repr::Internal(_))
                            || (fields.len() == 1
                                && fields[0].with.is_none()
                                && is_object(program, &fields[0].ty)))
                }
            }
        })
}

/// The parts of a tuple, which have no names.
fn are_valid_parts(program: &Program, fields: &[Field], within: Id) -> bool {
    fields.iter().all(|field| {
        !field.flatten
            && !field.omitted
            && field.default == Default::None
            && field.rename.is_none()
            && field.aliases.is_empty()
            && is_valid_ty(program, &field.ty, Some(within), false)
            && (field.with.is_none() || field.ty == Ty::Int("i64"))
    })
}

fn are_valid_fields(program: &Program, fields: &[Field], container: &Container, within: Option<Id>) -> bool {
    let (mut wires, mut count) = (BTreeSet::new(), 0);
    let rust: BTreeSet<&str> = fields.iter().map(|field| field.rust.as_str()).collect();
    for field in fields.iter().filter(|field| !field.flatten) {
        wires.insert(field.wire(container.rename_all));
        wires.extend(field.aliases.iter().cloned());
        count += 1 + field.aliases.len();
    }
    rust.len() == fields.len()
        && wires.len() == count
        && fields.iter().all(|field| {
            is_valid_ty(program, &field.ty, within, false)
                && (field.with.is_none() || (field.ty == Ty::Int("i64") && !field.flatten))
                && (!field.omitted || matches!(field.ty, Ty::Option(_) | Ty::List(_) | Ty::Map(..)))
                && (!field.flatten
                    || (!container.deny_unknown
                        && field.rename.is_none()
                        && field.aliases.is_empty()
                        && !field.omitted
                        && is_flat(program, &field.ty)))
        })
}

/// Whether it is written as an object, to which a tag or other fields can be added.
fn is_object(program: &Program, ty: &Ty) -> bool {
    match ty {
        Ty::Map(key, _) => **key == Ty::Text,
        Ty::Named(id, _) => program.of(*id).is_some_and(|of| match &of.body {
            Body::Struct(Fields::Named(_)) => !of.serde.transparent,
            Body::Enum(variants) => {
                matches!(of.serde.repr, Repr::Internal(_) | Repr::Adjacent(..))
                    || variants.iter().all(|variant| matches!(variant.fields, Fields::Named(_)))
            }
            _ => false,
        }),
        _ => false,
    }
}

fn is_flat(program: &Program, ty: &Ty) -> bool {
    match ty {
        Ty::Option(of) => matches!(**of, Ty::Named(..)) && is_object(program, of),
        of => is_object(program, of),
    }
}

/// `within` is the type being defined, which may only occur where a value of it can end.
fn is_valid_ty(program: &Program, ty: &Ty, within: Option<Id>, ends: bool) -> bool {
    let valid = |of: &Ty, ends| is_valid_ty(program, of, within, ends);
    match ty {
        Ty::Bool | Ty::Int(_) | Ty::Float | Ty::Char | Ty::Text => true,
        Ty::T => within.and_then(|id| program.of(id)).is_some_and(|of| of.parameter == Parameter::Type),
        Ty::Option(of) => valid(of, ends || matches!(**of, Ty::Boxed(_))),
        Ty::List(of) | Ty::Deque(of) => valid(of, true),
        Ty::Set(of) => matches!(**of, Ty::Int(_) | Ty::Text | Ty::Char | Ty::Bool),
        Ty::Map(key, value) => matches!(**key, Ty::Int(_) | Ty::Text | Ty::Char) && valid(value, true),
        Ty::Pair(one, two) => valid(one, ends) && valid(two, ends),
        Ty::Array(of, len) => *len <= 4 && valid(of, ends),
        Ty::Boxed(of) => valid(of, ends),
        Ty::Named(id, argument) => {
            let Some(of) = program.of(*id) else { return false };
            let is_itself = within == Some(*id);
            let place = |id: Id| program.types.iter().position(|of| of.id == id);
            let fits = match (of.parameter, argument) {
                (Parameter::None, Argument::None) | (Parameter::Const, Argument::Const(_)) => true,
                (Parameter::Type, Argument::Type(of)) => **of != Ty::T && valid(of, false),
                _ => false,
            };
            fits && if is_itself {
                ends && of.parameter == Parameter::None
            } else {
                within.is_none() || place(*id) < within.and_then(place)
            }
        }
    }
}

fn uses_t(fields: &Fields) -> bool {
    fn uses(ty: &Ty) -> bool {
        match ty {
            Ty::T => true,
            Ty::Option(of)
            | Ty::List(of)
            | Ty::Deque(of)
            | Ty::Set(of)
            | Ty::Array(of, _)
            | Ty::Boxed(of) => uses(of),
            Ty::Map(one, two) | Ty::Pair(one, two) => uses(one) || uses(two),
            _ => false,
        }
    }
    fields.list().iter().any(|field| uses(&field.ty))
}

/// All functions or modules of one name have the same body, and a function returns one type.
fn has_one_body_for_each_path(program: &Program) -> bool {
    let fields = all_fields(program);
    let paths = fields.iter().filter_map(|field| match &field.default {
        Default::Path(path, seed) => Some((path, seed, &field.ty)),
        _ => None,
    });
    let paths: Vec<_> = paths.collect();
    let modules: Vec<_> = fields.iter().filter_map(|field| field.with.as_ref()).collect();
    paths.iter().all(|one| paths.iter().all(|two| one.0 != two.0 || (one.1 == two.1 && one.2 == two.2)))
        && paths.iter().all(|(_, _, ty)| !mentions_t(ty))
        && modules
            .iter()
            .all(|one| modules.iter().all(|two| one.module != two.module || one.shifted == two.shifted))
}

fn mentions_t(ty: &Ty) -> bool {
    uses_t(&Fields::Tuple(vec![crate::random::plain_field(0, "t".into(), ty.clone())]))
}

/// Every field of the program.
pub(crate) fn all_fields(program: &Program) -> Vec<&Field> {
    let mut fields: Vec<&Field> = Vec::new();
    for of in &program.types {
        match &of.body {
            Body::Struct(own) => fields.extend(own.list()),
            Body::Enum(variants) => fields.extend(variants.iter().flat_map(|variant| variant.fields.list())),
            Body::Converted(_) => {}
        }
    }
    for event in &program.events {
        fields.extend(&event.fields);
        if let Past::Step { old, .. } = &event.past {
            fields.extend(old);
        }
    }
    fields
}

/// The types that an event contains, directly or in others.
pub(crate) fn used(program: &Program) -> BTreeSet<Id> {
    fn see(program: &Program, ty: &Ty, used: &mut BTreeSet<Id>) {
        match ty {
            Ty::Option(of)
            | Ty::List(of)
            | Ty::Deque(of)
            | Ty::Set(of)
            | Ty::Array(of, _)
            | Ty::Boxed(of) => {
                see(program, of, used);
            }
            Ty::Map(one, two) | Ty::Pair(one, two) => {
                see(program, one, used);
                see(program, two, used);
            }
            Ty::Named(id, argument) => {
                if let Argument::Type(of) = argument {
                    see(program, of, used);
                }
                if used.insert(*id)
                    && let Some(of) = program.of(*id)
                {
                    match &of.body {
                        Body::Struct(fields) => {
                            fields.list().iter().for_each(|field| see(program, &field.ty, used));
                        }
                        Body::Enum(variants) => variants
                            .iter()
                            .flat_map(|variant| variant.fields.list())
                            .for_each(|field| see(program, &field.ty, used)),
                        Body::Converted(_) => {}
                    }
                }
            }
            Ty::Bool | Ty::Int(_) | Ty::Float | Ty::Char | Ty::Text | Ty::T => {}
        }
    }
    let mut used = BTreeSet::new();
    for event in &program.events {
        event.fields.iter().for_each(|field| see(program, &field.ty, &mut used));
        if let Past::Step { old, .. } = &event.past {
            old.iter().for_each(|field| see(program, &field.ty, &mut used));
        }
    }
    used
}
