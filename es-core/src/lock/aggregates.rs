//! Aggregates in the lock: which streams exist, how their keys are written, and which events they may
//! contain.

use std::collections::BTreeSet;

use super::advice::names;
use super::code::Code;
use super::facts::Facts;
use super::file::Locked;
use super::findings::Finding;

/// What differs between the aggregates of the code and those of the lock.
pub(super) struct ComparedAggregates {
    pub(super) findings: Vec<Finding>,
    /// What an update would write.
    pub(super) due: Vec<String>,
}

pub(super) fn compare(code: &Code, locked: &Locked) -> ComparedAggregates {
    let (mut findings, mut due) = (Vec::new(), Vec::new());
    for (name, before) in &locked.aggregates {
        match present(code, name) {
            None => findings.push(gone(code, locked, name, before)),
            Some((now_name, now)) => compare_one(code, (name, before), (now_name, now), &mut findings),
        }
    }
    for (name, now) in &code.aggregates {
        match locked.aggregates.get(*name) {
            None => due.push(format!("aggregate `{name}`")),
            Some(before) if before != now => due.push(format!("what aggregate `{name}` reads")),
            Some(_) => {}
        }
    }
    let renamed = locked.aggregates.keys().filter(|name| !code.aggregates.contains_key(name.as_str()));
    due.extend(renamed.map(|name| format!("`{name}` as an earlier name of an aggregate")));
    ComparedAggregates { findings, due }
}

/// The aggregate with this current or former name.
fn present<'a>(code: &'a Code, name: &str) -> Option<(&'static str, &'a Facts)> {
    let by_name = code.aggregates.get_key_value(name);
    by_name
        .or_else(|| code.aggregates.iter().find(|(_, facts)| facts.was.contains(name)))
        .map(|(name, facts)| (*name, facts))
}

fn gone(code: &Code, locked: &Locked, name: &str, before: &Facts) -> Finding {
    let events: BTreeSet<&str> = before.all().flat_map(|event| code.present(event)).collect();
    let shared = |facts: &Facts| facts.all().filter(|event| events.contains(event.as_str())).count();
    let successor = code
        .aggregates
        .iter()
        .filter(|(name, facts)| !locked.aggregates.contains_key(**name) && shared(facts) > 0)
        .max_by_key(|(_, facts)| shared(facts));
    let mut text = format!("no aggregate is called `{name}` any more, and streams of it may be stored\n");
    text.push_str(&match successor {
        Some((now, facts)) => format!(
            "`{now}` is new and reads the same events. Streams keep the name under which they were stored, \
             so those of `{name}` would be read as empty. If this is the same aggregate, say so in its \
             `#[aggregate(…)]`: `{was}`; else put `{name}` back as well.",
            was = names::was(facts.was.iter().map(String::as_str), name),
        ),
        None => format!(
            "Put it back, and list it in the lock test: otherwise no code reads its streams. If the name \
             changed, write `was({name:?})` on the aggregate that has them now."
        ),
    });
    text.push_str(&format!(
        "\nIf no stream of `{name}` was ever stored, delete `aggregate {name}` and the lines below it from \
         events.lock."
    ));
    Finding::new(text)
}

fn compare_one(
    code: &Code,
    (name, before): (&str, &Facts),
    (now_name, now): (&'static str, &Facts),
    findings: &mut Vec<Finding>,
) {
    if let (Some(was), Some(is)) = (&before.id, &now.id)
        && was != is
    {
        findings.push(Finding::new(format!(
            "the id of aggregate `{now_name}` was `{was}` and is `{is}` now\n\
             Stored streams are named by the text of their ids. With another type they may be read as empty, \
             or fail to load. Put the type of the id back.\n\
             If the new type reads every stored key and writes it as the same text, delete the line `id \
             {was}` below `aggregate {name}` from events.lock, and run `ES_LOCK=update cargo test`."
        )));
    }
    for was in &before.was {
        if !now.was.contains(was) && was != now_name {
            let other = match code.aggregates.contains_key(was.as_str()) {
                true => " It is the name of another aggregate now: give that one a new name.",
                false => "",
            };
            let again = names::was(now.was.iter().map(String::as_str), was);
            findings.push(Finding::new(format!(
                "`{was}` is a former name of aggregate `{now_name}`, which no longer declares it\n\
                 Streams may be stored under that name, and would be read as empty: write `{again}` on it \
                 again.{other}"
            )));
        }
    }
    for event in before.all() {
        let names: BTreeSet<&str> = code.present(event).collect();
        let is_read = now.all().any(|event| names.contains(event.as_str()));
        // An event that no code reads is reported elsewhere, unless its entry was deleted.
        if is_read || names.is_empty() {
            continue;
        }
        findings.push(left(code, now_name, event, &names));
    }
}

/// An event that an aggregate no longer reads.
fn left(code: &Code, aggregate: &str, event: &str, names: &BTreeSet<&str>) -> Finding {
    let elsewhere: Vec<String> = code
        .aggregates
        .iter()
        .filter(|(_, facts)| facts.all().any(|event| names.contains(event.as_str())))
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    let retired = match code.aggregates.get(aggregate).is_some_and(|facts| !facts.retired.is_empty()) {
        true => "retired(…, ",
        false => "retired(",
    };
    let struct_name = code.newest(event).map_or(event, |(_, struct_name)| struct_name);
    let moved = if elsewhere.is_empty() {
        String::new()
    } else {
        format!(" It is an event of {} now, and stored events do not move.", elsewhere.join(", "))
    };
    Finding::new(format!(
        "aggregate `{aggregate}` no longer reads `{event}`, and its streams may contain it\n\
         A stream that does cannot be loaded, or, with `unknown = \"skip\"`, loses what the event did to the \
         state.{moved} Write `events(…, {struct_name})` on `{aggregate}` again, or `{retired}{struct_name})` \
         with a `Retired<{struct_name}>` that says what it means there today.\n\
         If no stream of `{aggregate}` ever held it, delete the line that names `{event}` below `aggregate \
         {aggregate}` from events.lock."
    ))
}
