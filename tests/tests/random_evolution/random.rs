//! Random programs.

use es_tests::generated::Random;

use crate::types::{
    Aggregate, Argument, Body, Container, Default, Event, Field, Fields, Id, Parameter, Past, Program, Repr,
    Rule, Shifted, Source, Step, Ty, TypeDef, Variant, With,
};
use crate::valid::{is_valid, used};

pub(crate) const FIELDS: [&str; 9] =
    ["amount", "unit_price", "note", "kind", "at", "line_items", "owner", "r#type", "is_paid"];
pub(crate) const VARIANTS: [&str; 8] =
    ["Web", "Shop", "ByPhone", "Agent", "Nobody", "Old", "Unknown", "NewOne"];
const TYPES: [&str; 8] = ["Channel", "Money", "Address", "Line", "Price", "Person", "Marks", "Extra"];
pub(crate) const INTEGERS: [&str; 5] = ["i64", "u8", "u32", "i32", "u64"];

/// A program that compiles.
pub(crate) fn program(random: &mut Random) -> Program {
    loop {
        let aggregate =
            Aggregate { name: "subject".into(), id: "String", snapshots: chance(3, random), adds: 0 };
        let mut program = Program { types: Vec::new(), events: Vec::new(), aggregate, next: 0 };
        for name in TYPES.iter().take(1 + random.below(4)) {
            add_type(&mut program, name, random);
        }
        add_event(&mut program, "Happened", "subject.happened", random);
        if random.below(3) == 0 {
            add_event(&mut program, "Seen", "subject.seen", random);
        }
        let used = used(&program);
        program.types.retain(|of| used.contains(&of.id));
        if is_valid(&program) && !program.types.is_empty() {
            return program;
        }
    }
}

/// A field without serde attributes.
pub(crate) const fn plain_field(id: Id, rust: String, ty: Ty) -> Field {
    Field {
        id,
        rust,
        ty,
        rename: None,
        aliases: Vec::new(),
        default: Default::None,
        omitted: false,
        flatten: false,
        with: None,
    }
}

/// One of these.
pub(crate) fn one<T: Clone>(of: &[T], random: &mut Random) -> T {
    of[random.below(of.len())].clone()
}

fn chance(one_in: usize, random: &mut Random) -> bool {
    random.below(one_in) == 0
}

fn add_type(program: &mut Program, name: &str, random: &mut Random) {
    for _ in 0..200 {
        let mut changed = program.clone();
        let id = changed.id();
        let parameter = match random.below(8) {
            0 => Parameter::Type,
            1 => Parameter::Const,
            _ => Parameter::None,
        };
        let mut serde = Container {
            repr: Repr::External,
            rename_all: if chance(3, random) { one(&Rule::ALL, random) } else { Rule::None },
            deny_unknown: chance(6, random),
            default: chance(8, random),
            transparent: chance(10, random),
        };
        // Known while its fields are created, as some of them may contain it again.
        let shell = |serde: Container, body| TypeDef {
            id,
            rust: name.into(),
            shape: None,
            serde,
            body,
            default: 1,
            parameter,
        };
        changed.types.push(shell(Container::PLAIN, Body::Struct(Fields::Unit)));
        let body = match random.below(10) {
            0 => {
                serde = Container::PLAIN;
                Body::Converted(shifted(random))
            }
            1..=4 => Body::Struct(fields(&mut changed, Some(id), random)),
            _ => {
                serde.default = false;
                serde.transparent = false;
                serde.repr = repr(random);
                Body::Enum(variants(&mut changed, id, random))
            }
        };
        let mut of = shell(serde, body);
        of.default = random.below(1000) as u64;
        if chance(8, random) {
            of.shape = Some(if chance(2, random) { format!("{name}Shape") } else { "Shared".into() });
        }
        *changed.types.last_mut().expect("the shell") = of;
        if is_valid(&with_an_event(&changed)) {
            *program = changed;
            return;
        }
    }
}

/// Every program needs an event.
fn with_an_event(program: &Program) -> Program {
    let event = Event {
        id: 0,
        rust: "Happened".into(),
        wire: "subject.happened".into(),
        fields: Vec::new(),
        serde: Container::PLAIN,
        past: Past::None,
        default: 1,
        semantics: None,
    };
    Program { events: vec![event], ..program.clone() }
}

pub(crate) fn repr(random: &mut Random) -> Repr {
    let names = ["kind", "type", "t", "value"];
    match random.below(5) {
        0 | 1 => Repr::External,
        2 => Repr::Internal(one(&names, random).into()),
        3 => Repr::Adjacent(one(&names, random).into(), one(&["c", "content"], random).into()),
        _ => Repr::Untagged,
    }
}

pub(crate) fn shifted(random: &mut Random) -> Shifted {
    let by = one(&[0, 1, 1000], random);
    Shifted { as_text: chance(2, random), written: by, read: by }
}

fn variants(program: &mut Program, within: Id, random: &mut Random) -> Vec<Variant> {
    let mut variants: Vec<Variant> = VARIANTS[..1 + random.below(4)]
        .iter()
        .map(|name| variant(program, Some(within), name, random))
        .collect();
    if chance(4, random)
        && let Some(last) = variants.last_mut()
    {
        (last.is_other, last.fields) = (true, Fields::Unit);
    }
    if chance(6, random)
        && let Some(last) = variants.last_mut()
    {
        last.untagged = true;
    }
    if let Some(unit) = variants.iter_mut().find(|variant| variant.fields == Fields::Unit)
        && chance(2, random)
    {
        unit.is_default = true;
    }
    variants
}

pub(crate) fn variant(program: &mut Program, within: Option<Id>, name: &str, random: &mut Random) -> Variant {
    Variant {
        id: program.id(),
        rust: name.into(),
        rename: chance(5, random).then(|| format!("{}!", name.to_lowercase())),
        aliases: if chance(6, random) { vec![format!("{name}Alias")] } else { Vec::new() },
        fields: match random.below(5) {
            0 | 1 => Fields::Unit,
            _ => fields(program, within, random),
        },
        is_other: false,
        untagged: false,
        is_default: false,
    }
}

pub(crate) fn fields(program: &mut Program, within: Option<Id>, random: &mut Random) -> Fields {
    match random.below(6) {
        0 => Fields::Unit,
        1 | 2 => {
            let parts = 1 + random.below(2);
            Fields::Tuple(
                (0..parts)
                    .map(|at| {
                        let ty = ty(program, within, random, 0);
                        let mut field = plain_field(program.id(), format!("_{at}"), ty);
                        if field.ty == Ty::Int("i64") && chance(8, random) {
                            field.with = Some(with(field.id, random));
                        }
                        field
                    })
                    .collect(),
            )
        }
        _ => Fields::Named(named_fields(program, within, random)),
    }
}

fn named_fields(program: &mut Program, within: Option<Id>, random: &mut Random) -> Vec<Field> {
    let mut names: Vec<&str> = Vec::new();
    for _ in 0..1 + random.below(4) {
        let name = one(&FIELDS, random);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().map(|name| field(program, within, name, random)).collect()
}

fn with(id: Id, random: &mut Random) -> With {
    With { module: format!("with_{id}"), shifted: shifted(random) }
}

pub(crate) fn field(program: &mut Program, within: Option<Id>, name: &str, random: &mut Random) -> Field {
    let id = program.id();
    let mut field = plain_field(id, name.into(), ty(program, within, random, 0));
    let plain = name.trim_start_matches("r#");
    if chance(6, random) {
        field.rename = Some(format!("{plain}-wire"));
    }
    if chance(6, random) {
        field.aliases.push(format!("{plain}_alias"));
    }
    match random.below(8) {
        0 => field.default = Default::OfType,
        1 => field.default = Default::Path(format!("default_{id}"), random.below(1000) as u64),
        _ => {}
    }
    if matches!(field.ty, Ty::Option(_) | Ty::List(_) | Ty::Map(..)) && chance(2, random) {
        field.omitted = true;
        if field.default == Default::None && !matches!(field.ty, Ty::Option(_)) {
            field.default = Default::OfType;
        }
    }
    if field.ty == Ty::Int("i64") && chance(3, random) {
        field.with = Some(with(id, random));
    }
    if chance(2, random) {
        let mut flat = field.clone();
        (flat.flatten, flat.rename, flat.omitted) = (true, None, false);
        flat.aliases.clear();
        // Only some types allow it; otherwise the field stays as it was.
        if matches!(flat.ty, Ty::Map(..) | Ty::Named(..) | Ty::Option(_)) {
            let mut trial = with_an_event(program);
            trial.types.retain(|of| Some(of.id) != within);
            trial.events[0].fields.push(flat.clone());
            if is_valid(&trial) {
                return flat;
            }
        }
    }
    field
}

pub(crate) fn ty(program: &Program, within: Option<Id>, random: &mut Random, depth: u32) -> Ty {
    let inner = |random: &mut Random| Box::new(ty(program, within, random, depth + 1));
    let choices = if depth > 1 { 8 } else { 20 };
    match random.below(choices) {
        0 => Ty::Bool,
        1 | 2 => Ty::Int("i64"),
        3 => Ty::Int(one(&INTEGERS, random)),
        4 => one(&[Ty::Float, Ty::Char], random),
        5 => Ty::Text,
        6 | 7 | 15 | 16 | 17 | 18 => named(program, within, random).unwrap_or(Ty::Text),
        8 | 9 => Ty::Option(inner(random)),
        10 => Ty::List(inner(random)),
        11 => match random.below(3) {
            0 => Ty::Deque(inner(random)),
            1 => Ty::Set(Box::new(Ty::Int("u32"))),
            _ => Ty::Boxed(inner(random)),
        },
        12 => Ty::Map(Box::new(one(&[Ty::Text, Ty::Text, Ty::Int("u32")], random)), inner(random)),
        13 => Ty::Pair(inner(random), inner(random)),
        14 => Ty::Array(inner(random), 1 + random.below(2)),
        _ => match within.and_then(|id| program.of(id)) {
            Some(of) if of.parameter == Parameter::Type => Ty::T,
            Some(of) if of.parameter == Parameter::None => {
                let itself = Box::new(Ty::Named(of.id, Argument::None));
                if chance(2, random) { Ty::List(itself) } else { Ty::Option(Box::new(Ty::Boxed(itself))) }
            }
            _ => Ty::Text,
        },
    }
}

fn named(program: &Program, within: Option<Id>, random: &mut Random) -> Option<Ty> {
    let others: Vec<&TypeDef> = program.types.iter().filter(|of| Some(of.id) != within).collect();
    if others.is_empty() {
        return None;
    }
    // The newest types contain the others.
    let of = others[others.len() - 1 - random.below(others.len()).min(random.below(others.len()))];
    Some(Ty::Named(of.id, argument(of.parameter, random)))
}

pub(crate) fn argument(parameter: Parameter, random: &mut Random) -> Argument {
    match parameter {
        Parameter::None => Argument::None,
        Parameter::Type => Argument::Type(Box::new(one(
            &[Ty::Int("i64"), Ty::Text, Ty::Bool, Ty::List(Box::new(Ty::Text))],
            random,
        ))),
        Parameter::Const => Argument::Const(one(&[2, 4], random)),
    }
}

fn add_event(program: &mut Program, rust: &str, wire: &str, random: &mut Random) {
    for _ in 0..200 {
        let mut changed = program.clone();
        let id = changed.id();
        let mut fields = named_fields(&mut changed, None, random);
        // An event that contains none of the types would test nothing about them.
        if let Some(last) = program.types.last()
            && !fields.iter().any(|field| matches!(field.ty, Ty::Named(..)))
        {
            let ty = Ty::Named(last.id, argument(last.parameter, random));
            fields.push(plain_field(changed.id(), "content".into(), ty));
        }
        let past = past(&mut changed, &fields, program.events.is_empty(), random);
        let event = Event {
            id,
            rust: rust.into(),
            wire: wire.into(),
            fields,
            serde: Container {
                rename_all: if chance(4, random) { one(&Rule::ALL, random) } else { Rule::None },
                deny_unknown: chance(8, random),
                default: chance(12, random),
                ..Container::PLAIN
            },
            past,
            default: random.below(1000) as u64,
            semantics: chance(10, random).then(|| "without tax".into()),
        };
        changed.events.push(event);
        if is_valid(&changed) {
            *program = changed;
            return;
        }
    }
}

fn past(program: &mut Program, fields: &[Field], is_first: bool, random: &mut Random) -> Past {
    match random.below(8) {
        0 | 4 => {
            let mut steps: Vec<Step> = Vec::new();
            for field in fields {
                match random.below(3) {
                    0 => steps.push(Step::Added(field.id, random.below(1000) as u64)),
                    1 => steps.push(Step::Renamed(field.id, format!("old_{}", field.id))),
                    _ => {}
                }
            }
            if steps.is_empty() || chance(3, random) {
                steps.push(Step::Removed("gone".into(), one(&[Ty::Int("i64"), Ty::Text], random)));
            }
            Past::History(steps)
        }
        1 | 2 => {
            let mut old = Vec::new();
            let mut made = Vec::new();
            for field in fields {
                let kept = plain_field(program.id(), field.rust.clone(), field.ty.clone());
                let source = match random.below(3) {
                    0 => Source::Made(random.below(1000) as u64),
                    1 if field.ty == Ty::Int("i64") => Source::Plus(kept.id, one(&[1, 100], random)),
                    _ => Source::Kept(kept.id),
                };
                if !matches!(source, Source::Made(_)) {
                    old.push(kept);
                }
                made.push((field.id, source));
            }
            Past::Step { old, made }
        }
        3 if !is_first => Past::Retired(random.below(1000) as u64),
        _ => Past::None,
    }
}
