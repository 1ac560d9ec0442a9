//! Changes of types.

use es_tests::generated::Random;

use super::{Change, pick, two};
use crate::random;
use crate::types::{Argument, Body, Field, Fields, Id, Parameter, Past, Program, Repr, Rule, Ty, TypeDef};

pub(super) const KINDS: &[(&str, Change)] = &[
    ("a type is renamed", rename),
    ("a type is renamed and keeps its name in shapes", rename_kept),
    ("a type gets another name in shapes", rename_shape),
    ("a type gets the name of another in shapes", share_shape),
    ("an enum is written in another way", repr),
    ("a tag gets another name", tag),
    ("another rule for names", rule),
    ("unknown fields are refused, or no longer", deny_unknown),
    ("absent fields come from the default of their type, or no longer", container_default),
    ("a type is transparent, or no longer", transparent),
    ("`Default` makes something else", default),
    ("a conversion writes something else", conversion_written),
    ("a conversion reads something else", conversion_read),
    ("a conversion writes and reads otherwise", conversion_both),
    ("a conversion goes through another type", conversion_form),
    ("an argument is another constant", constant),
    ("an argument is another type", argument),
    ("a field holds another type of the program", other_type),
    ("two types exchange what they hold", exchange),
    ("named fields lose their names", unnamed),
];

fn one<'a>(
    program: &'a mut Program,
    random: &mut Random,
    fits: impl Fn(&TypeDef) -> bool,
) -> Option<&'a mut TypeDef> {
    let at = pick(&program.types, random, fits)?;
    program.types.get_mut(at)
}

fn rename(program: &mut Program, random: &mut Random) -> Option<()> {
    one(program, random, |_| true)?.rust = "Renamed".into();
    Some(())
}

fn rename_kept(program: &mut Program, random: &mut Random) -> Option<()> {
    let of = one(program, random, |_| true)?;
    of.shape.get_or_insert(of.rust.clone());
    of.rust = "Renamed".into();
    Some(())
}

fn rename_shape(program: &mut Program, random: &mut Random) -> Option<()> {
    one(program, random, |_| true)?.shape = Some("Renamed".into());
    Some(())
}

fn share_shape(program: &mut Program, random: &mut Random) -> Option<()> {
    let (one, two) = two(&program.types, random)?;
    let name = program.types[two].shape.clone().unwrap_or_else(|| program.types[two].rust.clone());
    program.types[one].shape = Some(name);
    Some(())
}

fn repr(program: &mut Program, random: &mut Random) -> Option<()> {
    let repr = random::repr(random);
    one(program, random, |of| matches!(of.body, Body::Enum(_)))?.serde.repr = repr;
    Some(())
}

fn tag(program: &mut Program, random: &mut Random) -> Option<()> {
    let of = one(program, random, |of| matches!(of.serde.repr, Repr::Internal(_) | Repr::Adjacent(..)))?;
    let name = random::one(&["kind", "other_tag", "c", "amount"], random).to_owned();
    match &mut of.serde.repr {
        Repr::Internal(tag) => *tag = name,
        Repr::Adjacent(tag, content) => match random.below(3) {
            0 => *tag = name,
            1 => *content = name,
            _ => std::mem::swap(tag, content),
        },
        Repr::External | Repr::Untagged => {}
    }
    Some(())
}

fn rule(program: &mut Program, random: &mut Random) -> Option<()> {
    let rule = random::one(&Rule::ALL, random);
    match random.below(program.types.len() + program.events.len()) {
        at if at < program.types.len() => program.types[at].serde.rename_all = rule,
        at => program.events[at - program.types.len()].serde.rename_all = rule,
    }
    Some(())
}

fn deny_unknown(program: &mut Program, random: &mut Random) -> Option<()> {
    let serde = match random.below(program.types.len() + program.events.len()) {
        at if at < program.types.len() => &mut program.types[at].serde,
        at => &mut program.events[at - program.types.len()].serde,
    };
    serde.deny_unknown = !serde.deny_unknown;
    Some(())
}

fn container_default(program: &mut Program, random: &mut Random) -> Option<()> {
    let serde = match random.below(program.types.len() + program.events.len()) {
        at if at < program.types.len() => &mut program.types[at].serde,
        at => &mut program.events[at - program.types.len()].serde,
    };
    serde.default = !serde.default;
    Some(())
}

fn transparent(program: &mut Program, random: &mut Random) -> Option<()> {
    let of = one(program, random, |of| matches!(of.body, Body::Struct(_)))?;
    of.serde.transparent = !of.serde.transparent;
    Some(())
}

fn default(program: &mut Program, random: &mut Random) -> Option<()> {
    let by = 1 + random.below(9) as u64;
    match random.below(program.types.len() + program.events.len()) {
        at if at < program.types.len() => program.types[at].default += by,
        at => program.events[at - program.types.len()].default += by,
    }
    Some(())
}

fn conversion<'a>(program: &'a mut Program, random: &mut Random) -> Option<&'a mut crate::types::Shifted> {
    match &mut one(program, random, |of| matches!(of.body, Body::Converted(_)))?.body {
        Body::Converted(shifted) => Some(shifted),
        _ => None,
    }
}

fn conversion_written(program: &mut Program, random: &mut Random) -> Option<()> {
    conversion(program, random)?.written += 1;
    Some(())
}

fn conversion_read(program: &mut Program, random: &mut Random) -> Option<()> {
    conversion(program, random)?.read += 1;
    Some(())
}

fn conversion_both(program: &mut Program, random: &mut Random) -> Option<()> {
    let shifted = conversion(program, random)?;
    shifted.read += 1;
    shifted.written += 1;
    Some(())
}

fn conversion_form(program: &mut Program, random: &mut Random) -> Option<()> {
    let shifted = conversion(program, random)?;
    shifted.as_text = !shifted.as_text;
    Some(())
}

/// The types of all fields, including nested ones.
fn each_ty(program: &mut Program, see: &mut dyn FnMut(&mut Ty)) {
    fn deep(ty: &mut Ty, see: &mut dyn FnMut(&mut Ty)) {
        see(ty);
        match ty {
            Ty::Option(of)
            | Ty::List(of)
            | Ty::Deque(of)
            | Ty::Set(of)
            | Ty::Array(of, _)
            | Ty::Boxed(of) => {
                deep(of, see);
            }
            Ty::Map(one, two) | Ty::Pair(one, two) => {
                deep(one, see);
                deep(two, see);
            }
            Ty::Named(_, Argument::Type(of)) => deep(of, see),
            _ => {}
        }
    }
    let mut fields = |fields: &mut Vec<Field>| fields.iter_mut().for_each(|field| deep(&mut field.ty, see));
    for of in &mut program.types {
        match &mut of.body {
            Body::Struct(own) => own.list_mut().into_iter().for_each(&mut fields),
            Body::Enum(variants) => {
                variants.iter_mut().filter_map(|variant| variant.fields.list_mut()).for_each(&mut fields);
            }
            Body::Converted(_) => {}
        }
    }
    for event in &mut program.events {
        fields(&mut event.fields);
        if let Past::Step { old, .. } = &mut event.past {
            fields(old);
        }
    }
}

/// Changes one of the matching field types.
fn one_ty(
    program: &mut Program,
    random: &mut Random,
    fits: fn(&Ty) -> bool,
    change: impl Fn(&mut Ty),
) -> Option<()> {
    let mut count = 0;
    each_ty(program, &mut |ty| count += usize::from(fits(ty)));
    if count == 0 {
        return None;
    }
    let (chosen, mut at) = (random.below(count), 0);
    each_ty(program, &mut |ty| {
        if fits(ty) {
            if at == chosen {
                change(ty);
            }
            at += 1;
        }
    });
    Some(())
}

fn constant(program: &mut Program, random: &mut Random) -> Option<()> {
    let is = |ty: &Ty| matches!(ty, Ty::Named(_, Argument::Const(_)));
    one_ty(program, random, is, |ty| {
        if let Ty::Named(_, Argument::Const(number)) = ty {
            *number += 1;
        }
    })
}

fn argument(program: &mut Program, random: &mut Random) -> Option<()> {
    let other = random::argument(Parameter::Type, random);
    let is = |ty: &Ty| matches!(ty, Ty::Named(_, Argument::Type(_)));
    one_ty(program, random, is, |ty| {
        if let Ty::Named(_, argument) = ty {
            *argument = other.clone();
        }
    })
}

fn other_type(program: &mut Program, random: &mut Random) -> Option<()> {
    let others: Vec<(Id, Parameter)> = program.types.iter().map(|of| (of.id, of.parameter)).collect();
    let (id, parameter) = random::one(&others, random);
    let other = Ty::Named(id, random::argument(parameter, random));
    one_ty(program, random, |ty| matches!(ty, Ty::Named(..)), |ty| *ty = other.clone())
}

fn exchange(program: &mut Program, random: &mut Random) -> Option<()> {
    let (one, two) = two(&program.types, random)?;
    let body = program.types[one].body.clone();
    program.types[one].body = std::mem::replace(&mut program.types[two].body, body);
    Some(())
}

fn unnamed(program: &mut Program, random: &mut Random) -> Option<()> {
    let of = one(program, random, |of| matches!(of.body, Body::Struct(Fields::Named(_))))?;
    if let Body::Struct(fields) = &mut of.body {
        let mut parts = fields.list().to_vec();
        for (at, part) in parts.iter_mut().enumerate() {
            *part = random::plain_field(part.id, format!("_{at}"), part.ty.clone());
        }
        *fields = Fields::Tuple(parts);
    }
    Some(())
}
